package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.vertx.core.http.HttpHeaders;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
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

    /** The header that tells of a credential which ends soon. */
    public static final CharSequence WARNING = HttpHeaders.createOptimized("Warning");

    private static final String BASIC = "Basic realm=\"Berth\", charset=\"UTF-8\"";

    // An empty name with an empty password: how podman, skopeo and buildah say that they have no credential.
    private static final String NOTHING = "Basic Og==";

    private final Authenticator authenticator;
    private final CertificateAuthenticator certificates;
    private final boolean tokens;
    private final Optional<URI> externalUrl;
    private final AuditSink audit;
    private final Clock clock;

    /** One that asks for names and passwords, and whose refusals nobody hears of. */
    public Authentication(Authenticator authenticator, Clock clock) {
        this(authenticator, CertificateAuthenticator.NONE, false, Optional.empty(), AuditSink.NONE, clock);
    }

    /**
     * @param certificates knows whose certificate it is
     * @param tokens whether clients are sent to the token service, or asked for their name and password
     * @param externalUrl how clients reach this server, when that differs from what they ask
     * @param audit hears of refusals
     */
    public Authentication(
            Authenticator authenticator,
            CertificateAuthenticator certificates,
            boolean tokens,
            Optional<URI> externalUrl,
            AuditSink audit,
            Clock clock) {
        this.audit = audit;
        this.clock = clock;
        this.authenticator = authenticator;
        this.certificates = certificates;
        this.tokens = tokens;
        this.externalUrl = externalUrl;
    }

    /** The principal when that is known without blocking: no credential, or one verified lately. */
    public Optional<Principal> atOnce(Exchange exchange) {
        String authorization = presented(exchange);
        ClientCertificate certificate = exchange.certificate();
        Optional<Principal> known = certificate != null
                ? withCertificateAtOnce(certificate, authorization)
                : authorization == null ? Optional.of(Principal.ANONYMOUS) : authenticator.cached(authorization);
        known.ifPresent(principal -> known(exchange, principal));
        return known;
    }

    private Optional<Principal> withCertificateAtOnce(ClientCertificate certificate, String authorization) {
        Optional<CertificateClaim> claim = certificate.claim();
        if (claim.isEmpty()) {
            return Optional.empty();
        }
        Optional<Principal> other = authorization == null ? Optional.empty() : authenticator.cached(authorization);
        if (decidesAlone(claim.get(), authorization)) {
            return authorization == null ? Optional.of(Principal.ANONYMOUS) : other;
        }
        Optional<Principal> holder = certificates.cached(claim.get());
        return authorization == null ? holder : other.filter(one -> isSame(holder, one));
    }

    /**
     * The principal, {@link Principal#ANONYMOUS} when no credential was presented.
     *
     * <p>Name and password beside a certificate have to be of the same; a token beside one decides alone.
     *
     * @throws OciException {@code UNAUTHORIZED} when a credential was presented and is wrong; {@code FORBIDDEN} when a page of
     *     another site lets a browser change something by its certificate
     */
    public Principal require(Exchange exchange) {
        String authorization = presented(exchange);
        Optional<Principal> holder = holder(exchange, authorization);
        if (authorization == null) {
            holder.ifPresent(principal -> known(exchange, principal));
            holder.ifPresent(who -> requireSameSite(exchange));
            return holder.orElse(Principal.ANONYMOUS);
        }
        Principal principal = authenticator
                .cached(authorization)
                .or(() -> authenticator.authenticate(authorization, exchange.source()))
                .orElseThrow(() -> wrong(exchange, authorization));
        requireSame(exchange, holder, principal);
        known(exchange, principal);
        return principal;
    }

    // Clients show their users such warnings.
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#warnings
    private void known(Exchange exchange, Principal principal) {
        exchange.principal(principal);
        if (principal.lifetime().isPresent() && principal.lifetime().get().endsSoon(clock.millis())) {
            String text = "the credential of " + principal.name() + " ends at "
                    + Instant.ofEpochMilli(principal.lifetime().get().end());
            exchange.set(WARNING, "299 - \"" + text.replaceAll("[^\\x20-\\x7e]|[\"\\\\]", "?") + "\"");
        }
    }

    /**
     * What the request's certificate is worth where nothing else says who is asking; empty when something does, or when there
     * is none. A browser adds it to whatever any page asks for.
     */
    public Optional<String> ambient(Exchange exchange) {
        ClientCertificate certificate = presented(exchange) == null ? exchange.certificate() : null;
        return certificate == null
                ? Optional.empty()
                : certificate.claim().filter(claim -> !claim.silent()).map(CertificateClaim::fingerprint);
    }

    /**
     * That {@code principal}, who was found by a form of the request, is who holds the request's certificate.
     *
     * @throws OciException {@code UNAUTHORIZED} when somebody else does
     */
    public void requireSame(Exchange exchange, Principal principal) {
        requireSame(exchange, holder(exchange, null), principal);
    }

    private void requireSame(Exchange exchange, Optional<Principal> holder, Principal principal) {
        if (holder.isPresent() && !isSame(holder, principal)) {
            refused(
                    exchange,
                    principal.name(),
                    "the certificate is of " + holder.get().name());
            throw unauthorized(exchange, "", "the credential and the certificate are not of the same user");
        }
    }

    private static boolean isSame(Optional<Principal> holder, Principal other) {
        return holder.isPresent()
                && holder.get().kind() == other.kind()
                && holder.get().id() == other.id();
    }

    // Who holds the certificate, where it has a say
    private Optional<Principal> holder(Exchange exchange, String authorization) {
        ClientCertificate certificate = exchange.certificate();
        if (certificate == null) {
            return Optional.empty();
        }
        Optional<CertificateClaim> claim = certificate.claim();
        if (claim.isEmpty()) {
            refused(exchange, "unknown", "the certificate does not count");
            throw unauthorized(exchange, "", "the certificate is refused");
        }
        if (decidesAlone(claim.get(), authorization)) {
            return Optional.empty();
        }
        Optional<Principal> holder = certificates.cached(claim.get());
        return holder.isPresent()
                ? holder
                : Optional.of(certificates
                        .authenticate(claim.get(), exchange.source())
                        .orElseThrow(() -> unauthorized(exchange, "", "the certificate is of no user here")));
    }

    private static boolean decidesAlone(CertificateClaim claim, String authorization) {
        return claim.silent() || authorization != null && authorization.regionMatches(true, 0, "Bearer ", 0, 7);
    }

    private static void requireSameSite(Exchange exchange) {
        if (!exchange.isRead() && exchange.isCrossSite()) {
            throw new OciException(
                    ErrorCode.FORBIDDEN, "a page of another site must not use the browser's certificate");
        }
    }

    // Of a name with a password the authenticator tells the audit itself, as of a login.
    private OciException wrong(Exchange exchange, String authorization) {
        if (!authorization.regionMatches(true, 0, "Basic ", 0, 6)) {
            refused(exchange, "unknown", "the credential is wrong");
        }
        return unauthorized(exchange, "", "the credential is wrong");
    }

    /** What tells a client that the name and password in the body of its request are wrong. */
    public OciException wrongLogin(Exchange exchange, String message) {
        return unauthorized(exchange, "", message);
    }

    /** The same of a token there: no login, of which the audit would hear from whoever verifies it. */
    public OciException wrongToken(Exchange exchange, String message) {
        refused(exchange, "unknown", message);
        return unauthorized(exchange, "", message);
    }

    private void refused(Exchange exchange, String actor, String rule) {
        audit.record(AuditSink.Event.wrong(exchange, actor, rule));
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
