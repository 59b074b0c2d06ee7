package io.berth.harbor;

import io.berth.http.Authentication;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.identity.Sessions;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Who is asking: by the Authorization header, else by a browser's session, else by a client's certificate. A request that
 * comes with a cookie or a certificate alone and changes something has to show a token that other sites cannot know.
 */
final class Caller {
    static final String COOKIE = "sid";
    static final String CSRF_HEADER = "X-Harbor-CSRF-Token";

    private final Authentication authentication;
    private final Sessions sessions;
    private final SecretKeySpec tokenKey;

    Caller(Authentication authentication, Sessions sessions, RandomGenerator random) {
        this.authentication = authentication;
        this.sessions = sessions;
        byte[] key = new byte[32];
        random.nextBytes(key);
        tokenKey = new SecretKeySpec(key, "HmacSHA256");
    }

    /** @throws OciException {@code UNAUTHORIZED} for a wrong credential or a session that is over, {@code FORBIDDEN} */
    Principal require(Exchange exchange) {
        Optional<String> cookie = cookie(exchange);
        if (exchange.header("Authorization") != null || cookie.isEmpty()) {
            Principal principal = authentication.require(exchange);
            authentication.ambient(exchange).ifPresent(certificate -> protect(exchange, token(certificate)));
            return principal;
        }
        Sessions.Session session = sessions.find(cookie.get())
                .orElseThrow(() -> new OciException(ErrorCode.UNAUTHORIZED, "the session is over"));
        exchange.principal(session.principal());
        protect(exchange, session.csrf());
        return session.principal();
    }

    private static void protect(Exchange exchange, String token) {
        if (!exchange.isRead()) {
            requireToken(exchange, token);
        }
        exchange.set(CSRF_HEADER, token);
    }

    // A certificate has no session that could keep its token, so it follows from the certificate.
    private String token(String certificate) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(tokenKey);
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(certificate.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void requireToken(Exchange exchange, String wanted) {
        String presented = exchange.header(CSRF_HEADER);
        if (presented == null) {
            throw new OciException(ErrorCode.FORBIDDEN, "CSRF token not found in request");
        }
        if (!MessageDigest.isEqual(
                presented.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8))) {
            throw new OciException(ErrorCode.FORBIDDEN, "CSRF token invalid");
        }
    }

    /** The session's cookie of a request. */
    static Optional<String> cookie(Exchange exchange) {
        String header = exchange.header("Cookie");
        if (header == null) {
            return Optional.empty();
        }
        for (String pair : header.split(";")) {
            String stripped = pair.strip();
            if (stripped.startsWith(COOKIE + "=")) {
                return Optional.of(stripped.substring(COOKIE.length() + 1)).filter(value -> !value.isEmpty());
            }
        }
        return Optional.empty();
    }
}
