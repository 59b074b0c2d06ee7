package io.berth.http;

import io.berth.config.BerthConfig;
import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.SSLEngineOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.CertificateException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TLS from PEM files: which engine, which options, and whether the files have changed. */
final class Tls {
    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

    private final BerthConfig.Tls config;
    private final ClientAuthorities clients;
    private final boolean required;
    private byte[] certificate = {};
    private byte[] key = {};
    private volatile double expiry = Double.NaN;

    /**
     * @param clients whose certificates are asked for, null for nobody's
     * @param required whether a client has to have one
     */
    Tls(BerthConfig.Tls config, ClientAuthorities clients, boolean required) {
        this.config = config;
        this.clients = clients;
        this.required = required;
    }

    SSLEngineOptions engine() {
        return switch (config.engine()) {
            case JDK -> new JdkSSLEngineOptions();
            case BORINGSSL -> {
                if (!OpenSsl.isAvailable()) {
                    throw new IllegalStateException("server.tls.engine: BoringSSL's native library does not load here ("
                            + OpenSsl.unavailabilityCause() + "). Set it to auto or jdk");
                }
                yield new OpenSSLEngineOptions();
            }
            case AUTO -> OpenSsl.isAvailable() ? new OpenSSLEngineOptions() : new JdkSSLEngineOptions();
        };
    }

    /** The engine's name for people. */
    String engineName() {
        return engine() instanceof OpenSSLEngineOptions ? "BoringSSL" : "the JDK's TLS";
    }

    /** Reads the files; true when they differ from the last time. */
    synchronized boolean reload() throws IOException {
        byte[] newCertificate = Files.readAllBytes(config.certificate());
        byte[] newKey = Files.readAllBytes(config.key());
        if (Arrays.equals(newCertificate, certificate) && Arrays.equals(newKey, key)) {
            return false;
        }
        certificate = newCertificate;
        key = newKey;
        expiry = firstEnd(newCertificate);
        return true;
    }

    /** Turns TLS on in {@code options}. */
    void apply(HttpServerOptions options) throws IOException {
        reload();
        var ssl = options();
        options.setSsl(true)
                .setUseAlpn(true)
                .setSslEngineOptions(engine())
                .setKeyCertOptions(ssl.getKeyCertOptions())
                .setEnabledSecureTransportProtocols(ssl.getEnabledSecureTransportProtocols())
                .setClientAuth(ssl.getClientAuth())
                .setSslHandshakeTimeout(10)
                .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS);
        if (clients != null) {
            options.setTrustOptions(ssl.getTrustOptions());
        }
    }

    /** Reads the files again and lets {@code servers} use what has changed. */
    void reloadInto(List<HttpServer> servers, boolean clientsChanged) {
        try {
            boolean changed = reload();
            if (changed || clientsChanged) {
                var options = options();
                for (HttpServer server : servers) {
                    server.updateSSLOptions(options)
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
                }
            }
            if (changed) {
                LOG.info("the TLS certificate was read again");
            }
        } catch (IOException | CompletionException e) {
            LOG.error("the TLS certificate could not be read again, the old one stays in use: {}", e.toString());
        }
    }

    /** When the first certificate of the chain ends, in seconds since 1970; NaN when that cannot be read. */
    double expirySeconds() {
        return expiry;
    }

    private static double firstEnd(byte[] pem) {
        try {
            return ClientAuthorities.certificates(pem).stream()
                    .mapToDouble(one -> one.getNotAfter().getTime() / 1000.0)
                    .min()
                    .orElse(Double.NaN);
        } catch (CertificateException e) {
            return Double.NaN; // what is wrong with it is said by whoever serves it
        }
    }

    synchronized ServerSSLOptions options() {
        var options = new ServerSSLOptions();
        options.setKeyCertOptions(
                new PemKeyCertOptions().addCertValue(Buffer.buffer(certificate)).addKeyValue(Buffer.buffer(key)));
        options.setEnabledSecureTransportProtocols(new LinkedHashSet<>(PROTOCOLS));
        options.setUseAlpn(true);
        if (clients != null) {
            options.setTrustOptions(TrustOptions.wrap(new ClientTrust(clients)));
            options.setClientAuth(required ? ClientAuth.REQUIRED : ClientAuth.REQUEST);
        }
        options.setApplicationLayerProtocols(List.of("h2", "http/1.1"));
        return options;
    }
}
