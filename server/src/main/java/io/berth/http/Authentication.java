package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * Finds out who is asking, and challenges those who ought to say. Thread-safe.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">Docker Registry Token Authentication</a>
 */
public final class Authentication {
    /** Where the token service answers. */
    public static final String TOKEN_PATH = "/service/token";

    /** The name under which the token service knows this registry. */
    public static final String SERVICE = "berth";

    private static final String BASIC = "Basic realm=\"Berth\", charset=\"UTF-8\"";

    // An empty name with an empty password: how podman, skopeo and buildah say that they have no credential.
    private static final String NOTHING = "Basic Og==";

    private final Authenticator authenticator;
    private final boolean tokens;
    private final Optional<URI> externalUrl;
    private final AuditSink audit;

    /** One whose refusals nobody hears of. */
    public Authentication(Authenticator authenticator, boolean tokens, Optional<URI> externalUrl) {
        this(authenticator, tokens, externalUrl, AuditSink.NONE);
    }

    /**
     * @param tokens whether clients are sent to the token service, or asked for their name and password
     * @param externalUrl how clients reach this server, when that differs from what they ask
     * @param audit hears of refusals
     */
    public Authentication(Authenticator authenticator, boolean tokens, Optional<URI> externalUrl, AuditSink audit) {
        this.audit = audit;
        this.authenticator = authenticator;
        this.tokens = tokens;
        this.externalUrl = externalUrl;
    }

    /** The principal when that is known without blocking: no credential, or one verified lately. */
    public Optional<Principal> atOnce(Exchange exchange) {
        String authorization = presented(exchange);
        Optional<Principal> known =
                authorization == null ? Optional.of(Principal.ANONYMOUS) : authenticator.cached(authorization);
        known.ifPresent(exchange::principal);
        return known;
    }

    /**
     * The principal, {@link Principal#ANONYMOUS} when no credential was presented.
     *
     * @throws OciException {@code UNAUTHORIZED} when a credential was presented and is wrong
     */
    public Principal require(Exchange exchange) {
        String authorization = presented(exchange);
        if (authorization == null) {
            return Principal.ANONYMOUS;
        }
        Principal principal = authenticator
                .cached(authorization)
                .or(() -> authenticator.authenticate(authorization, exchange.client()))
                .orElseThrow(() -> wrong(exchange, authorization));
        exchange.principal(principal);
        return principal;
    }

    // Of a name with a password the authenticator tells the audit itself, as of a login.
    private OciException wrong(Exchange exchange, String authorization) {
        if (!authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
            audit.record(new AuditSink.Event(
                    "authenticate",
                    "request",
                    exchange.rawPath(),
                    "unknown",
                    "",
                    exchange.client(),
                    exchange.requestId(),
                    false,
                    "the credential is wrong"));
        }
        return unauthorized(exchange, "", "the credential is wrong");
    }

    /** What tells a client that the name and password in the body of its request are wrong. */
    public OciException wrongLogin(Exchange exchange, String message) {
        return unauthorized(exchange, "", message);
    }

    /** The same of a token there: no login, of which the audit would hear from whoever verifies it. */
    public OciException wrongToken(Exchange exchange, String message) {
        audit.challenged(AuditSink.Challenge.CREDENTIAL);
        return unauthorized(exchange, "", message);
    }

    /**
     * What tells a client that it may not, which the audit hears of.
     *
     * @param operation what it wanted to do
     * @param resourceType with what
     * @param resource its name, may be empty
     * @param rule what decided
     */
    public OciException denied(
            Exchange exchange,
            Principal principal,
            String operation,
            String resourceType,
            String resource,
            String rule,
            String message) {
        audit.record(new AuditSink.Event(
                operation,
                resourceType,
                resource,
                principal.name(),
                principal.credential(),
                exchange.client(),
                exchange.requestId(),
                false,
                rule));
        return new OciException(ErrorCode.DENIED, message);
    }

    private static String presented(Exchange exchange) {
        String authorization = exchange.header("Authorization");
        return NOTHING.equals(authorization) ? null : authorization;
    }

    /**
     * What tells a client that has presented no credential to present one.
     *
     * @param scope what it would have to be good for, may be empty
     */
    public OciException challenge(Exchange exchange, String scope, String message) {
        audit.challenged(AuditSink.Challenge.ANONYMOUS);
        return unauthorized(exchange, scope, message);
    }

    private OciException unauthorized(Exchange exchange, String scope, String message) {
        return new OciException(ErrorCode.UNAUTHORIZED, message)
                .header("WWW-Authenticate", tokens ? bearer(exchange, scope, "") : BASIC);
    }

    /** What tells a client that a token of a wider scope would do. */
    public OciException insufficient(Exchange exchange, String scope) {
        audit.challenged(AuditSink.Challenge.SCOPE);
        return new OciException(ErrorCode.UNAUTHORIZED, "the token's scope does not reach so far")
                .header("WWW-Authenticate", bearer(exchange, scope, ",error=\"insufficient_scope\""));
    }

    /** The Authorization header of a name and password. */
    public static String basic(String name, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private String bearer(Exchange exchange, String scope, String more) {
        String realm = exchange.baseUrl(externalUrl);
        return "Bearer realm=\"" + realm + TOKEN_PATH + "\",service=\"" + SERVICE + "\""
                + (scope.isEmpty() ? "" : ",scope=\"" + scope + "\"") + more;
    }
}
