package io.berth.identity.oidc;

import io.berth.db.Change;
import io.berth.identity.AccessTokens;
import io.berth.identity.Account;
import io.berth.identity.Onboarding;
import io.berth.identity.ProviderGrants;
import io.berth.identity.Source;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/** Completes a login that comes back from a provider: an account, and its secret for command lines. */
final class BrowserLogin {
    private final Onboarding onboarding;
    private final ProviderGrants grants;
    private final AccessTokens tokens;

    BrowserLogin(Onboarding onboarding, ProviderGrants grants, AccessTokens tokens) {
        this.onboarding = onboarding;
        this.grants = grants;
        this.tokens = tokens;
    }

    /**
     * Who has logged in.
     *
     * @param secret there only when it is new, and never shown again
     * @param sid what the provider calls the session there
     */
    record Done(Account account, Optional<String> secret, Optional<String> sid) {}

    /**
     * @throws OciException {@code UNAUTHORIZED}, {@code UNAVAILABLE}; {@code FORBIDDEN} when they may not have an account, or
     *     not by this name
     */
    Done complete(OidcProvider provider, String code, PendingLogin login, URI redirect, Change.Origin where) {
        OidcProvider.Redeemed redeemed = provider.redeem(code, login, redirect);
        Source.Identity identity = redeemed.identity();
        if (!provider.settings().autoOnboard() && !onboarding.knows(identity)) {
            throw new OciException(ErrorCode.FORBIDDEN, "you have no account here: ask an administrator for one");
        }
        Account account = onboarding
                .welcome(identity)
                .orElseThrow(() -> new OciException(
                        ErrorCode.FORBIDDEN,
                        "the name '" + identity.name()
                                + "' cannot be used, or is another user's, or may not log in: ask an administrator"));
        grants.keep(account.id(), redeemed.grant());
        boolean has = !tokens.of(account.id(), AccessTokens.Kind.CLI).isEmpty();
        if (has && !login.renew()) {
            return new Done(account, Optional.empty(), redeemed.sid());
        }
        var origin = new Change.Origin(account.name(), null, where.client(), where.requestId(), "oidc");
        String secret = tokens.create(
                        account.id(),
                        AccessTokens.Kind.CLI,
                        "cli",
                        List.of(),
                        provider.settings().cliSecretLife().orElse(null),
                        origin)
                .secret();
        return new Done(account, Optional.of(secret), redeemed.sid());
    }
}
