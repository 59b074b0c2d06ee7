package io.berth.identity.ldap;

import com.unboundid.ldap.sdk.BindRequest;
import com.unboundid.ldap.sdk.FailoverServerSet;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPConnectionOptions;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPURL;
import com.unboundid.ldap.sdk.PostConnectProcessor;
import com.unboundid.ldap.sdk.ResultCode;
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
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * The connections to a directory: in the order of its URLs, over TLS where it is wanted, kept and used again, and never more
 * of them than {@code connections}. Thread-safe.
 *
 * <p>A permit is held by whoever uses or makes a connection, and given back after the connection was put with the idle ones
 * or closed; one is made only when none is idle. So idle ones and permits taken are together never more than the bound. The
 * pool of the library has a bound on what it keeps alone: it makes one more for whoever has waited long enough.
 */
final class LdapConnections implements AutoCloseable {
    private static final long MAX_AGE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final int most;
    private final long waitMillis;
    private final ServerSet servers;
    /** Duplicated for each use, since a request holds its own answer. */
    private final BindRequest bind;
    /** Null where nothing comes before the bind. */
    private final PostConnectProcessor first;

    private final Semaphore permits;
    private final ConcurrentLinkedDeque<Made> idle = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    private record Made(LDAPConnection connection, long atNanos) {}

    /** None is made yet. */
    LdapConnections(LdapSettings settings, Optional<String> password) {
        most = settings.connections();
        waitMillis = settings.timeout().toMillis();
        permits = new Semaphore(most, true);
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
            var each = new ServerSet[settings.urls().size()];
            for (int i = 0; i < each.length; i++) {
                LDAPURL url = settings.urls().get(i);
                SocketFactory sockets =
                        url.getScheme().equals("ldaps") ? tls.createSSLSocketFactory() : SocketFactory.getDefault();
                each[i] = new SingleServerSet(url.getHost(), url.getPort(), sockets, options);
            }
            servers = each.length == 1 ? each[0] : new FailoverServerSet(each);
            first = settings.startTls() ? new StartTLSPostConnectProcessor(tls.createSSLSocketFactory()) : null;
        } catch (GeneralSecurityException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the directory's settings cannot be used: " + e.getMessage());
        }
        bind = settings.bindDn().isEmpty()
                ? new SimpleBindRequest()
                : new SimpleBindRequest(settings.bindDn(), password.orElse(""));
    }

    interface Use<T> {
        /** Throws only for what is the directory's fault: the connection is closed then. */
        T with(LDAPConnection connection) throws LDAPException;
    }

    /**
     * Waits for a connection as long as for an answer. What was done on one that turns out to have been closed meanwhile is
     * done once more, on another.
     */
    <T> T use(Use<T> use) throws LDAPException {
        take();
        try {
            Made kept = kept();
            if (kept != null) {
                try {
                    return on(kept, use);
                } catch (LDAPException e) {
                    if (e.getResultCode().isConnectionUsable()) {
                        throw e;
                    }
                }
            }
            return on(open(), use);
        } finally {
            permits.release();
        }
    }

    private void take() throws LDAPException {
        try {
            if (!permits.tryAcquire(waitMillis, TimeUnit.MILLISECONDS)) {
                throw new LDAPException(ResultCode.BUSY, "all " + most + " connections are in use");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LDAPException(ResultCode.LOCAL_ERROR, "interrupted", e);
        }
    }

    private Made kept() {
        while (true) {
            Made made = idle.pollFirst();
            if (made == null || made.connection().isConnected() && System.nanoTime() - made.atNanos() < MAX_AGE_NANOS) {
                return made;
            }
            made.connection().close();
        }
    }

    private Made open() throws LDAPException {
        LDAPConnection connection = servers.getConnection();
        try {
            if (first != null) {
                first.processPreAuthenticatedConnection(connection);
            }
            connection.bind(bind.duplicate());
            return new Made(connection, System.nanoTime());
        } catch (LDAPException e) {
            connection.close();
            throw e;
        }
    }

    private <T> T on(Made made, Use<T> use) throws LDAPException {
        boolean good = false;
        try {
            T result = use.with(made.connection());
            good = true;
            return result;
        } finally {
            if (good) {
                idle.addFirst(made);
            } else {
                made.connection().close();
            }
            if (closed) {
                closeIdle();
            }
        }
    }

    /**
     * Tries a password on a connection, which is Berth's own again afterwards.
     *
     * @throws LDAPException also for a wrong password
     */
    void tryBind(LDAPConnection connection, String dn, String password) throws LDAPException {
        LDAPException refused = null;
        try {
            connection.bind(dn, password);
        } catch (LDAPException e) {
            refused = e;
        }
        try {
            connection.bind(bind.duplicate());
        } catch (LDAPException e) {
            // Never with a code that would be taken for that of the password.
            throw new LDAPException(ResultCode.OTHER, "Berth's own account is not let in again: " + e.getMessage(), e);
        }
        if (refused != null) {
            throw refused;
        }
    }

    /** Those in use are closed when they come back. */
    @Override
    public void close() {
        closed = true;
        closeIdle();
    }

    private void closeIdle() {
        for (Made made = idle.poll(); made != null; made = idle.poll()) {
            made.connection().close();
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
