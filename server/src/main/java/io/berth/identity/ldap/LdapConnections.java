package io.berth.identity.ldap;

import com.unboundid.ldap.sdk.BindRequest;
import com.unboundid.ldap.sdk.FailoverServerSet;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPConnectionPool;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPURL;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ServerSet;
import com.unboundid.ldap.sdk.SimpleBindRequest;
import com.unboundid.ldap.sdk.SingleServerSet;
import com.unboundid.ldap.sdk.StartTLSPostConnectProcessor;
import com.unboundid.util.ssl.HostNameSSLSocketVerifier;
import com.unboundid.util.ssl.SSLUtil;
import com.unboundid.util.ssl.TrustAllTrustManager;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Optional;
import javax.net.SocketFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** Makes the connections to a directory: in the order of its URLs, over TLS where it is wanted, kept and used again. */
final class LdapConnections {
    private static final long MAX_AGE_MILLIS = 5 * 60_000L;

    private LdapConnections() {}

    /** A pool that has no connection yet. */
    static LDAPConnectionPool pool(LdapSettings settings, Optional<String> password) {
        var options = new LDAPConnectionOptions();
        options.setConnectTimeoutMillis((int) settings.connectTimeout().toMillis());
        options.setResponseTimeoutMillis(settings.timeout().toMillis());
        options.setAbandonOnTimeout(true);
        options.setFollowReferrals(false);
        if (settings.verify()) {
            options.setSSLSocketVerifier(new HostNameSSLSocketVerifier(true));
        }
        try {
            SSLUtil tls = tls(settings);
            var servers = new ServerSet[settings.urls().size()];
            for (int i = 0; i < servers.length; i++) {
                LDAPURL url = settings.urls().get(i);
                SocketFactory sockets =
                        url.getScheme().equals("ldaps") ? tls.createSSLSocketFactory() : SocketFactory.getDefault();
                servers[i] = new SingleServerSet(url.getHost(), url.getPort(), sockets, options);
            }
            BindRequest bind = settings.bindDn().isEmpty()
                    ? new SimpleBindRequest()
                    : new SimpleBindRequest(settings.bindDn(), password.orElse(""));
            PostConnectProcessor first =
                    settings.startTls() ? new StartTLSPostConnectProcessor(tls.createSSLSocketFactory()) : null;
            var pool = new LDAPConnectionPool(
                    servers.length == 1 ? servers[0] : new FailoverServerSet(servers),
                    bind,
                    0,
                    settings.pool(),
                    first,
                    false);
            pool.setCreateIfNecessary(true);
            pool.setMaxConnectionAgeMillis(MAX_AGE_MILLIS);
            pool.setMaxWaitTimeMillis(settings.timeout().toMillis());
            pool.setRetryFailedOperationsDueToInvalidConnections(true);
            return pool;
        } catch (GeneralSecurityException | LDAPException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the directory's settings cannot be used: " + e.getMessage());
        }
    }

    private static SSLUtil tls(LdapSettings settings) throws GeneralSecurityException {
        if (!settings.verify()) {
            return new SSLUtil(new TrustAllTrustManager());
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(
                settings.ca().isPresent() ? store(certificates(settings.ca().get())) : null);
        return new SSLUtil((X509TrustManager) factory.getTrustManagers()[0]);
    }

    private static KeyStore store(Collection<? extends Certificate> certificates) throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        try {
            store.load(null, null);
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
        int number = 0;
        for (Certificate certificate : certificates) {
            store.setCertificateEntry("ca" + number++, certificate);
        }
        return store;
    }

    /** @throws OciException {@code BAD_REQUEST} unless {@code pem} holds certificates */
    static Collection<? extends Certificate> certificates(String pem) {
        try {
            Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
            if (!found.isEmpty()) {
                return found;
            }
        } catch (CertificateException e) {
            // said below
        }
        throw new OciException(ErrorCode.BAD_REQUEST, "the setting 'ca' holds no certificates in PEM");
    }
}
