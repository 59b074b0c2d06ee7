package io.berth.harbor;

import io.berth.http.Authentication;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.identity.Sessions;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * Who is asking: by the Authorization header, else by a browser's session. A request that comes with the cookie alone and
 * changes something has to show a token that other sites cannot know.
 */
final class Caller {
    static final String COOKIE = "sid";
    static final String CSRF_HEADER = "X-Harbor-CSRF-Token";

    private final Authentication authentication;
    private final Sessions sessions;

    Caller(Authentication authentication, Sessions sessions) {
        this.authentication = authentication;
        this.sessions = sessions;
    }

    /** @throws OciException {@code UNAUTHORIZED} for a wrong credential or a session that is over, {@code FORBIDDEN} */
    Principal require(Exchange exchange) {
        Optional<String> cookie = cookie(exchange);
        if (exchange.header("Authorization") != null || cookie.isEmpty()) {
            return authentication.require(exchange);
        }
        Sessions.Session session = sessions.find(cookie.get())
                .orElseThrow(() -> new OciException(ErrorCode.UNAUTHORIZED, "the session is over"));
        exchange.principal(session.principal());
        if (!exchange.isRead()) {
            requireToken(exchange, session.csrf());
        }
        exchange.set(CSRF_HEADER, session.csrf());
        return session.principal();
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
