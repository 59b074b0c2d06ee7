package io.berth;

import io.berth.http.Authenticator;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import java.util.Optional;

/** Takes everybody for anonymous, on a listener that asks for no credential. */
final class OpenListener implements Authenticator {
    static final OpenListener INSTANCE = new OpenListener();

    private OpenListener() {}

    @Override
    public Optional<Principal> cached(String authorization) {
        return Optional.of(Principal.ANONYMOUS);
    }

    @Override
    public Optional<Principal> authenticate(String authorization, RequestSource source) {
        return Optional.of(Principal.ANONYMOUS);
    }
}
