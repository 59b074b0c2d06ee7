package io.berth.http;

import io.netty.handler.ssl.OpenSslCertificateException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Verifies clients' certificates within the handshake, which fails when they do not count. */
final class ClientTrust extends X509ExtendedTrustManager {
    // X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY and X509_V_ERR_CERT_REJECTED
    private static final int UNKNOWN_ISSUER = 20;
    private static final int REJECTED = 28;

    private final ClientAuthorities authorities;
    private final X509Certificate[] issuers;

    ClientTrust(ClientAuthorities authorities) {
        this.authorities = authorities;
        this.issuers = authorities.issuers();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return issuers.clone();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        try {
            authorities.verify(List.of(chain));
        } catch (CertificateException e) {
            // Netty says by the alert what is wrong with a path, and nothing of use about anything else.
            if (ClientAuthorities.isOfAnother(e)) {
                throw new OpenSslCertificateException(e.getMessage(), e, UNKNOWN_ISSUER);
            }
            throw e.getCause() == null ? new OpenSslCertificateException(e.getMessage(), e, REJECTED) : e;
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this is a server");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        checkServerTrusted(chain, type);
    }
}
