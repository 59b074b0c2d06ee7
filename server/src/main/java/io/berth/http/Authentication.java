package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Optional;

/** Finds out who is asking, and challenges those who ought to say. Thread-safe. */
public final class Authentication {
    private static final String CHALLENGE = "Basic realm=\"Berth\", charset=\"UTF-8\"";

    // An empty name with an empty password: how podman, skopeo and buildah say that they have no credential.
    private static final String NOTHING = "Basic Og==";

    private final Authenticator authenticator;

    public Authentication(Authenticator authenticator) {
        this.authenticator = authenticator;
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
                .orElseThrow(() -> challenge("the credential is wrong"));
        exchange.principal(principal);
        return principal;
    }

    private static String presented(Exchange exchange) {
        String authorization = exchange.header("Authorization");
        return NOTHING.equals(authorization) ? null : authorization;
    }

    /** What tells a client to present a credential. */
    public static OciException challenge(String message) {
        return new OciException(ErrorCode.UNAUTHORIZED, message).header("WWW-Authenticate", CHALLENGE);
    }
}
