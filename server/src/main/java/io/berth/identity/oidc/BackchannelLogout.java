package io.berth.identity.oidc;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.identity.AccessVersion;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.ProviderGrants;
import io.berth.identity.jwt.SignedTokens;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.text.ParseException;
import java.util.Optional;

/**
 * Ends browsers' sessions when the provider says that their user has logged out there. Secrets for command lines are no
 * sessions, and go on, unless the provider, which is asked with their next use, does not let their user in any more.
 *
 * @see <a href="https://openid.net/specs/openid-connect-backchannel-1_0.html">OpenID Connect Back-Channel Logout 1.0</a>
 */
final class BackchannelLogout {
    private final Database database;
    private final ConfiguredSources sources;
    private final ProviderGrants grants;
    private final AccessVersion version;

    BackchannelLogout(Database database, ConfiguredSources sources, ProviderGrants grants, AccessVersion version) {
        this.grants = grants;
        this.database = database;
        this.sources = sources;
        this.version = version;
    }

    /**
     * @return how many sessions have ended
     * @throws OciException {@code BAD_REQUEST} when it is no logout token of a configured provider
     */
    int run(String token) {
        SignedJWT parsed = SignedTokens.parse(token).orElseThrow(BackchannelLogout::wrong);
        String issuer = String.valueOf(claims(parsed).getIssuer());
        // Which provider is asked for its keys is decided by what is configured.
        OidcProvider provider = sources.of(OidcProvider.class).stream()
                .filter(one -> one.settings().issuer().toString().equals(issuer))
                .findFirst()
                .orElseThrow(BackchannelLogout::wrong);
        JWTClaimsSet claims = provider.verifiedLogout(parsed).orElseThrow(BackchannelLogout::wrong);
        Optional<String> session = text(claims, "sid");
        return database.write(tx -> {
            SessionEndDao dao = tx.dao(SessionEndDao.class);
            // Any session of the user may be the one, where the provider did not name it at the login.
            int ended = session.isPresent()
                    ? dao.endSession(provider.name(), session.get())
                            + dao.endNameless(provider.name(), claims.getSubject())
                    : dao.endAll(provider.name(), claims.getSubject());
            // Who is disabled there is logged out there: what they hold shows with its next use.
            boolean doubted = dao.account(provider.name(), claims.getSubject())
                    .filter(account -> grants.doubt(tx, account))
                    .isPresent();
            if (ended > 0) {
                tx.change(new Change(
                        "sessions-ended",
                        provider.name() + "/" + claims.getSubject(),
                        Json.object("sessions", ended),
                        Change.Origin.by(provider.name())));
            }
            if (ended > 0 || doubted) {
                version.raise(tx);
            }
            return ended;
        });
    }

    private static JWTClaimsSet claims(SignedJWT token) {
        try {
            return token.getJWTClaimsSet();
        } catch (ParseException e) {
            throw wrong();
        }
    }

    static Optional<String> text(JWTClaimsSet claims, String name) {
        return claims.getClaim(name) instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    private static OciException wrong() {
        return new OciException(ErrorCode.BAD_REQUEST, "this is no logout token of an identity provider that is known");
    }
}
