package io.berth.audit;

import io.berth.config.BerthConfig;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * A connection to a receiver of syslog, each message with its length before it.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc6587#section-3.4.1">RFC 6587, Octet Counting</a>
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5425">RFC 5425, TLS Transport Mapping for Syslog</a>
 */
final class SyslogConnection implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Socket socket;
    private final OutputStream out;

    private SyslogConnection(Socket socket) throws IOException {
        this.socket = socket;
        out = new BufferedOutputStream(socket.getOutputStream(), 64 << 10);
    }

    /** @throws IOException when the receiver cannot be reached, or is not who it ought to be */
    static SyslogConnection open(BerthConfig.Syslog to) throws IOException {
        var plain = new Socket();
        try {
            plain.setKeepAlive(true);
            plain.connect(new InetSocketAddress(to.host(), to.port()), (int) PATIENCE.toMillis());
            return new SyslogConnection(to.tls() ? secure(plain, to) : plain);
        } catch (IOException | RuntimeException e) {
            plain.close();
            throw e;
        }
    }

    private static Socket secure(Socket plain, BerthConfig.Syslog to) throws IOException {
        var socket = (SSLSocket) context(to)
                .getSocketFactory()
                .createSocket(plain, to.host(), to.port(), true); // closes the one below with it
        var parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        socket.setSSLParameters(parameters);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.startHandshake();
        return socket;
    }

    private static SSLContext context(BerthConfig.Syslog to) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(to.ca().isPresent() ? trusted(to.ca().get()) : null);
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private static KeyStore trusted(Path pem) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            int count = 0;
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                store.setCertificateEntry("ca" + count++, one);
            }
            if (count == 0) {
                throw new IOException(pem + " holds no certificate");
            }
        }
        return store;
    }

    void send(List<byte[]> messages) throws IOException {
        for (byte[] message : messages) {
            out.write((message.length + " ").getBytes(StandardCharsets.US_ASCII));
            out.write(message);
        }
        out.flush();
    }

    /**
     * Whether the receiver has not ended it, as far as that can be known within {@code patience}. There are no
     * acknowledgements: what was written to a connection that was ending is lost without an error.
     */
    boolean isOpen(Duration patience) {
        try {
            socket.setSoTimeout((int) Math.max(1, patience.toMillis()));
            return socket.getInputStream().read() >= 0; // receivers say nothing
        } catch (SocketTimeoutException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // it is gone either way
        }
    }
}
