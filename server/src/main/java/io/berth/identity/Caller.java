package io.berth.identity;

import io.berth.db.Change;
import io.berth.http.AuditSink;
import io.berth.http.Authentication;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.http.RateLimiter;
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
 * Who is asking a JSON API: by the Authorization header, else by a browser's session, else by a client's certificate. A request
 * that comes with a cookie or a certificate alone and changes something has to show a token that other sites cannot know.
 * Thread-safe.
 */
public final class Caller {
    public static final String COOKIE = "sid";
    public static final String CSRF_HEADER = "X-Harbor-CSRF-Token";

    private static final String API_SCOPE = "api";

    private final Authentication authentication;
    private final Sessions sessions;
    private final AuditSink audit;
    private final RateLimiter limiter;
    private final SecretKeySpec tokenKey;

    /**
     * @param audit hears of sessions that are over, and of scopes that do not reach here
     * @param limiter how often somebody may ask
     */
    public Caller(
            Authentication authentication,
            Sessions sessions,
            AuditSink audit,
            RateLimiter limiter,
            RandomGenerator random) {
        this.authentication = authentication;
        this.sessions = sessions;
        this.audit = audit;
        this.limiter = limiter;
        byte[] key = new byte[32];
        random.nextBytes(key);
        tokenKey = new SecretKeySpec(key, "HmacSHA256");
    }

    /**
     * The principal, {@link Principal#ANONYMOUS} when no credential was presented.
     *
     * @throws OciException {@code UNAUTHORIZED} for a wrong credential, one whose scope is of other things, or a session
     *     that is over; {@code FORBIDDEN} without proof against forged requests; {@code TOO_MANY_REQUESTS}
     */
    public Principal require(Exchange exchange) {
        Principal principal = find(exchange);
        limit(exchange, principal);
        requireScope(exchange, principal);
        return principal;
    }

    /** @throws OciException {@code TOO_MANY_REQUESTS} */
    public void limit(Exchange exchange, Principal principal) {
        limiter.require(exchange, principal);
    }

    // A token of the registry's, which names repositories, is none of an API's.
    private void requireScope(Exchange exchange, Principal principal) {
        boolean covered = principal
                .scopes()
                .map(scopes -> scopes.stream()
                        .anyMatch(scope -> scope.covers(API_SCOPE, "", exchange.isRead() ? "read" : "write")))
                .orElse(true);
        if (!covered) {
            audit.challenged(AuditSink.Challenge.SCOPE);
            throw new OciException(
                    ErrorCode.UNAUTHORIZED, "unauthorized: the credential's scope does not reach so far");
        }
    }

    private Principal find(Exchange exchange) {
        Optional<String> cookie = exchange.cookie(COOKIE);
        if (exchange.header("Authorization") != null || cookie.isEmpty()) {
            Principal principal = authentication.require(exchange);
            authentication.ambient(exchange).ifPresent(certificate -> protect(exchange, token(certificate)));
            return principal;
        }
        Sessions.Session session = sessions.find(cookie.get()).orElseThrow(() -> isOver(exchange));
        exchange.principal(session.principal());
        protect(exchange, session.csrf());
        return session.principal();
    }

    private OciException isOver(Exchange exchange) {
        audit.record(AuditSink.Event.wrong(exchange, "unknown", "the session is over"));
        return new OciException(ErrorCode.UNAUTHORIZED, "the session is over");
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

    /**
     * What is to be noted of a change that a request asks for.
     *
     * @param rule what allows it, or null
     */
    public static Change.Origin origin(Exchange exchange, Principal principal, String rule) {
        return new Change.Origin(
                principal.name(), principal.credential(), exchange.client(), exchange.requestId(), rule);
    }
}
