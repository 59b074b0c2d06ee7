package io.berth.identity;

import java.util.Optional;
import java.util.function.Supplier;

/** A provider that gives a refresh token with a login, by which it can be asked again without the person. Thread-safe. */
public interface GrantingProvider extends IdentityProvider {

    /**
     * Asks by the token whether {@code subject} may still log in. Of a provider that rotates tokens this one is used up, and
     * presenting it again would count as theft: so it is asked once at a time, and what came instead is stored first.
     */
    Renewal renew(String token, String subject);

    /** What came of it. */
    sealed interface Renewal {
        /**
         * They may log in.
         *
         * @param next the token to ask by from now on, empty for the same
         * @param identity asks who they are now, groups included; empty when the provider does not tell
         */
        record Renewed(Optional<String> next, Supplier<Optional<Source.Identity>> identity) implements Renewal {}

        /** The token is good for nothing any more: they are gone or disabled, or the provider has ended the login. */
        record Ended() implements Renewal {}

        /** The provider cannot tell now. */
        record Away() implements Renewal {}
    }
}
