package io.berth.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * Secrets that the server makes itself: long and random, so that one round of SHA-256 is as good a hash as any. They begin
 * with what tells a scanner, and whoever finds one, what they are.
 */
public final class Secrets {
    /** What robots log in with. */
    public static final String ROBOT = "berth_robot_";

    /** A personal access token. */
    public static final String PERSONAL = "berth_pat_";

    /** What users of an identity provider give to command lines. */
    public static final String CLI = "berth_cli_";

    /** A refresh token of the token service. */
    public static final String REFRESH = "berth_refresh_";

    private static final String ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int LENGTH = 40; // 238 bits

    private Secrets() {}

    /** A new one. */
    public static String make(String prefix, RandomGenerator random) {
        var secret = new StringBuilder(prefix);
        for (int i = 0; i < LENGTH; i++) {
            secret.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return secret.toString();
    }

    /** What of it is stored. */
    public static String hash(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether {@code secret} is the one that {@code hash} is of, in a time that tells nothing. */
    static boolean matches(String secret, String hash) {
        return MessageDigest.isEqual(
                hash(secret).getBytes(StandardCharsets.US_ASCII), hash.getBytes(StandardCharsets.US_ASCII));
    }

    /** A few characters that change with a stored hash: what was proved by the old secret ends with it. */
    static String stamp(String hash) {
        return hash == null ? "none" : hash(hash).substring(0, 12);
    }
}
