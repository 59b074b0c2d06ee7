package io.berth.identity.jwt;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.berth.oci.OciException;
import java.text.ParseException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Verifies the signatures of JSON Web Tokens (RFC 7519), by public keys alone. */
public final class SignedTokens {
    /** How many characters a token has at most. */
    public static final int MAX_LENGTH = 12 << 10;

    private static final int MAX_KEYS = 10;

    private SignedTokens() {}

    /** What is allowed where nothing else is said: no shared secrets, no {@code none}. */
    public static List<String> algorithms() {
        return List.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512");
    }

    /** A token as it presents itself, which proves nothing; empty when it is none, or is not signed. */
    public static Optional<SignedJWT> parse(String token) {
        if (token.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        try {
            SignedJWT parsed = SignedJWT.parse(token);
            return parsed.getJWTClaimsSet() == null ? Optional.empty() : Optional.of(parsed);
        } catch (ParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * The claims of a token whose signature is right; nothing of them has been checked.
     *
     * @param allowed names of algorithms, of {@link #algorithms}
     * @throws OciException {@code UNAVAILABLE} when the issuer's keys cannot be had
     */
    public static Optional<JWTClaimsSet> verified(SignedJWT token, Set<String> allowed, IssuerKeys keys) {
        JWSHeader header = token.getHeader();
        JWSAlgorithm algorithm = header.getAlgorithm();
        if (!allowed.contains(algorithm.getName()) || !algorithms().contains(algorithm.getName())) {
            return Optional.empty();
        }
        List<JWK> candidates = keys.matching(header);
        for (JWK key : candidates.subList(0, Math.min(MAX_KEYS, candidates.size()))) {
            try {
                JWSVerifier verifier =
                        new DefaultJWSVerifierFactory().createJWSVerifier(header, ((AsymmetricJWK) key).toPublicKey());
                if (token.verify(verifier)) {
                    return Optional.of(token.getJWTClaimsSet());
                }
            } catch (JOSEException | ParseException e) {
                // not by this key
            }
        }
        return Optional.empty();
    }
}
