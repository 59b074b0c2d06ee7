package io.berth.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.berth.http.Authentication;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.BearerTokens;
import io.berth.identity.Credentials;
import io.berth.identity.jwt.SignedTokens;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Signs and verifies tokens: JWTs by ES256, of this registry for this registry. Thread-safe.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/jwt/">Token Authentication Implementation</a>
 */
public final class Tokens implements BearerTokens {
    private static final String ISSUER = "berth-token-issuer";
    private static final String CREDENTIAL = "cred";
    private static final String ACCESS = "access";
    private static final Duration SKEW = Duration.ofSeconds(30);

    private final SigningKeys keys;
    private final Clock clock;
    private final RandomGenerator random;

    public Tokens(SigningKeys keys, Clock clock, RandomGenerator random) {
        this.keys = keys;
        this.clock = clock;
        this.random = random;
    }

    /** A token as it is given out. */
    record Issued(String token, Instant issuedAt, Duration life) {}

    /**
     * A token for {@code owner}, who may do {@code scopes}.
     *
     * @param most how long it lives, unless the credential that it is issued for ends sooner
     */
    Issued issue(Principal owner, List<Scope> scopes, Duration most) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        Duration life = life(owner, now, most);
        byte[] id = new byte[12];
        random.nextBytes(id);
        ECKey key = keys.signing();
        var claims = new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .audience(Authentication.SERVICE)
                .subject(owner.isAnonymous() ? null : owner.name())
                .issueTime(Date.from(now))
                .notBeforeTime(Date.from(now))
                .expirationTime(Date.from(now.plus(life)))
                .jwtID(HexFormat.of().formatHex(id))
                .claim(CREDENTIAL, owner.credential())
                .claim(
                        ACCESS,
                        scopes.stream()
                                .map(scope -> Map.of(
                                        "type",
                                        scope.type(),
                                        "name",
                                        scope.name(),
                                        "actions",
                                        scope.actions().stream().sorted().toList()))
                                .toList())
                .build();
        var jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256)
                        .type(JOSEObjectType.JWT)
                        .keyID(key.getKeyID())
                        .build(),
                claims);
        try {
            jwt.sign(new ECDSASigner(key));
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        return new Issued(jwt.serialize(), now, life);
    }

    private static Duration life(Principal owner, Instant now, Duration most) {
        OptionalLong end = Credentials.end(owner);
        if (end.isEmpty()) {
            return most;
        }
        Duration left = Duration.between(now, Instant.ofEpochMilli(end.getAsLong()))
                .truncatedTo(ChronoUnit.SECONDS); // as the token will say it
        return left.compareTo(most) < 0 ? left : most;
    }

    @Override
    public Optional<Bearer> verify(String token) {
        return SignedTokens.parse(token).flatMap(this::verify);
    }

    private Optional<Bearer> verify(SignedJWT jwt) {
        try {
            // The algorithm is ours and not the token's to choose.
            if (!JWSAlgorithm.ES256.equals(jwt.getHeader().getAlgorithm())
                    || jwt.getHeader().getCriticalParams() != null
                    || jwt.getHeader().getKeyID() == null) {
                return Optional.empty();
            }
            Optional<ECKey> key = keys.verifying(jwt.getHeader().getKeyID());
            if (key.isEmpty() || !jwt.verify(new ECDSAVerifier(key.get()))) {
                return Optional.empty();
            }
            return read(jwt.getJWTClaimsSet());
        } catch (ParseException | JOSEException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private Optional<Bearer> read(JWTClaimsSet claims) throws ParseException {
        Instant now = clock.instant();
        boolean good = ISSUER.equals(claims.getIssuer())
                && claims.getAudience().equals(List.of(Authentication.SERVICE))
                && claims.getExpirationTime() != null
                && now.isBefore(claims.getExpirationTime().toInstant())
                && claims.getNotBeforeTime() != null
                && !now.plus(SKEW).isBefore(claims.getNotBeforeTime().toInstant());
        if (!good) {
            return Optional.empty();
        }
        return Optional.of(new Bearer(
                claims.getStringClaim(CREDENTIAL),
                Optional.of(scopes(claims)),
                claims.getExpirationTime().getTime()));
    }

    private static List<Scope> scopes(JWTClaimsSet claims) throws ParseException {
        List<Scope> scopes = new ArrayList<>();
        for (Object entry : claims.getListClaim(ACCESS)) {
            Map<?, ?> access = (Map<?, ?>) entry;
            Set<String> actions = new LinkedHashSet<>();
            ((List<?>) access.get("actions")).forEach(action -> actions.add((String) action));
            scopes.add(new Scope((String) access.get("type"), (String) access.get("name"), actions));
        }
        return scopes;
    }
}
