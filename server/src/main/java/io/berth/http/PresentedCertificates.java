package io.berth.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.config.Cidr;
import io.netty.util.AttributeKey;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Which certificate a request comes with: its connection's, looked at once when that begins, or the one in a trusted
 * proxy's header. A proxy's own never counts, since it speaks for others.
 */
final class PresentedCertificates {
    private static final AttributeKey<Peer> PEER = AttributeKey.valueOf("berth.peer");

    // certificate: null without one
    private record Peer(ClientCertificate certificate, boolean proxy) {}

    private final ClientAuthorities authorities;
    private final List<Cidr> proxies;
    private final Optional<String> header;
    private final Cache<String, ClientCertificate> forwarded = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterAccess(Duration.ofMinutes(5))
            .build();

    /** @param authorities null when nobody's certificate counts */
    PresentedCertificates(ClientAuthorities authorities, List<Cidr> proxies, Optional<String> header) {
        this.authorities = authorities;
        this.proxies = proxies;
        this.header = header;
    }

    /** A connection has begun, TLS and all. */
    void connected(HttpConnection connection) {
        if (authorities == null || !(connection instanceof ConnectionBase base)) {
            return;
        }
        String address = PeerAddress.of(connection, proxies);
        boolean proxy = address != null && Exchange.isTrusted(proxies, address);
        base.channel().attr(PEER).set(new Peer(proxy ? null : of(connection), proxy));
    }

    private ClientCertificate of(HttpConnection connection) {
        if (!connection.isSsl()) {
            return null;
        }
        try {
            return new ClientCertificate(
                    authorities,
                    connection.peerCertificates().stream()
                            .map(X509Certificate.class::cast)
                            .toList());
        } catch (SSLPeerUnverifiedException e) {
            return null;
        }
    }

    /** The certificate that {@code request} comes with, or null. */
    ClientCertificate of(HttpServerRequest request) {
        if (authorities == null || !(request.connection() instanceof ConnectionBase base)) {
            return null;
        }
        Peer peer = base.channel().attr(PEER).get();
        if (peer == null) {
            return null;
        }
        return peer.proxy() && header.isPresent() ? ofHeader(request, header.get()) : peer.certificate();
    }

    private ClientCertificate ofHeader(HttpServerRequest request, String name) {
        List<String> values = request.headers().getAll(name);
        String value = values.size() == 1 ? values.getFirst().strip() : "";
        if (values.isEmpty() || values.size() == 1 && value.isEmpty()) {
            return null;
        }
        return forwarded.get(value, text -> new ClientCertificate(authorities, parse(text)));
    }

    // URL-encoded PEM (nginx), the base64 of DER (HAProxy, Traefik) and that between colons (RFC 9440)
    private static List<X509Certificate> parse(String text) {
        try {
            String decoded = URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8)
                    .strip();
            byte[] bytes = decoded.startsWith("-----BEGIN")
                    ? decoded.getBytes(StandardCharsets.US_ASCII)
                    : Base64.getDecoder().decode(decoded.replaceAll("^:|:$", ""));
            return ClientAuthorities.certificates(bytes);
        } catch (IllegalArgumentException | CertificateException e) {
            return List.of();
        }
    }
}
