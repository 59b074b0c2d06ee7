package io.berth.identity.oidc;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * A login that has gone to the provider and not come back. It lies in a cookie of the browser that began it, so that the
 * answer counts there and nowhere else, and any node can take it.
 *
 * @param renew whether a new CLI secret is to replace the one there is
 */
record PendingLogin(String provider, String state, String nonce, String verifier, boolean renew) {
    private static final int MAX = 2048;

    static PendingLogin begin(String provider, boolean renew, RandomGenerator random) {
        return new PendingLogin(provider, random(random), random(random), random(random), renew);
    }

    private static String random(RandomGenerator random) {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return encode(bytes);
    }

    /** What the provider compares the verifier with (RFC 7636, S256). */
    String challenge() {
        try {
            return encode(MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether {@code state} is what this login went with. */
    boolean isFor(String state) {
        return state != null
                && MessageDigest.isEqual(
                        state.getBytes(StandardCharsets.UTF_8), this.state.getBytes(StandardCharsets.UTF_8));
    }

    String cookie() {
        return encode(Json.object("p", provider, "s", state, "n", nonce, "v", verifier, "r", renew)
                .getBytes(StandardCharsets.UTF_8));
    }

    /** The login of a cookie's value; empty for what is none. */
    static Optional<PendingLogin> parse(String cookie) {
        try {
            if (cookie.length() > MAX) {
                return Optional.empty();
            }
            JsonNode json = Json.MAPPER.readTree(Base64.getUrlDecoder().decode(cookie));
            var login = new PendingLogin(
                    json.path("p").asText(),
                    json.path("s").asText(),
                    json.path("n").asText(),
                    json.path("v").asText(),
                    json.path("r").asBoolean());
            boolean whole = login.state().length() >= 32
                    && login.nonce().length() >= 32
                    && login.verifier().length() >= 43;
            return whole ? Optional.of(login) : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
