package io.berth.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator.BlockPool;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator.FixedBlockPool;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Argon2id in PHC strings, {@code $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>}. The parameters are OWASP's: 19 MiB, two
 * passes, one lane.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9106">RFC 9106, Argon2</a>
 */
final class PasswordHash {
    private static final int MEMORY_KIB = 19_456;
    private static final int PASSES = 2;
    private static final int LENGTH = 32;
    private static final int SPARE_BLOCKS = 16;
    private static final Pattern PHC =
            Pattern.compile("\\$argon2id\\$v=19\\$m=(\\d{1,7}),t=(\\d{1,3}),p=(\\d{1,2})\\$([^$]+)\\$([^$]+)");

    private PasswordHash() {}

    static String of(String password, RandomGenerator random) {
        byte[] salt = new byte[16];
        random.nextBytes(salt);
        return phc(salt, argon2id(password, salt, MEMORY_KIB, PASSES, 1, LENGTH, memory()));
    }

    /**
     * A string that no password was made of, and that takes as long to compare with as any other: its hash is random. Made
     * without hashing, which would delay every start.
     */
    static String ofNobody(RandomGenerator random) {
        byte[] salt = new byte[16];
        byte[] hash = new byte[LENGTH];
        random.nextBytes(salt);
        random.nextBytes(hash);
        return phc(salt, hash);
    }

    private static String phc(byte[] salt, byte[] hash) {
        Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$m=%d,t=%d,p=1$%s$%s"
                .formatted(MEMORY_KIB, PASSES, base64.encodeToString(salt), base64.encodeToString(hash));
    }

    /** The memory of one computation, to be used again for the next: 19 MiB of garbage each would stop everybody. */
    static BlockPool memory() {
        return new FixedBlockPool(MEMORY_KIB + SPARE_BLOCKS); // of 1 KiB
    }

    /** Whether {@code password} is the one that {@code phc} was made of; false for what is no such string. */
    static boolean matches(String password, String phc) {
        return matches(password, phc, memory());
    }

    /**
     * The same.
     *
     * @param memory that nobody else uses meanwhile
     */
    static boolean matches(String password, String phc, BlockPool memory) {
        Matcher matcher = PHC.matcher(phc);
        if (!matcher.matches()) {
            return false;
        }
        byte[] expected = Base64.getDecoder().decode(matcher.group(5));
        byte[] actual = argon2id(
                password,
                Base64.getDecoder().decode(matcher.group(4)),
                Integer.parseInt(matcher.group(1)),
                Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)),
                expected.length,
                memory);
        return MessageDigest.isEqual(expected, actual);
    }

    private static byte[] argon2id(
            String password, byte[] salt, int memory, int passes, int lanes, int length, BlockPool blocks) {
        var generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withSalt(salt)
                .withMemoryAsKB(memory)
                .withIterations(passes)
                .withParallelism(lanes)
                .withBlockPool(blocks)
                .build());
        byte[] hash = new byte[length];
        generator.generateBytes(password.getBytes(StandardCharsets.UTF_8), hash);
        return hash;
    }
}
