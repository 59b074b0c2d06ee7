package io.berth.http;

import java.util.Optional;

/** The port through which a request's credential becomes a {@link Principal}. Thread-safe. */
public interface Authenticator {

    /**
     * The principal of a credential that was verified lately and still holds. Never blocks.
     *
     * @param authorization the Authorization header
     */
    Optional<Principal> cached(String authorization);

    /**
     * The principal of a credential, verified now when necessary. May take long.
     *
     * @param authorization the Authorization header
     * @param source where the request comes from
     * @return empty when the credential is wrong, whatever is wrong about it
     */
    Optional<Principal> authenticate(String authorization, RequestSource source);
}
