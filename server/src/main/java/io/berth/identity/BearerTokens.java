package io.berth.identity;

import io.berth.http.Scope;
import java.util.List;
import java.util.Optional;

/** The port through which tokens that this registry, or somebody whom it trusts, has issued are verified. Thread-safe. */
@FunctionalInterface
public interface BearerTokens {
    /** Takes none. */
    BearerTokens NONE = token -> Optional.empty();

    /** What the token says, when it is genuine and in time; empty for every other, whatever is wrong about it. */
    Optional<Bearer> verify(String token);

    /**
     * A genuine token.
     *
     * @param credential the id of the credential that it was issued for; empty when it was issued to nobody in particular
     * @param scopes what it is good for at most; empty when that is left to its owner's rights
     * @param expiresAt milliseconds since 1970
     */
    record Bearer(String credential, Optional<List<Scope>> scopes, long expiresAt) {}
}
