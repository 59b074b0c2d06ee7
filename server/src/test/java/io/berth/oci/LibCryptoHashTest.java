package io.berth.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What hashes streams: the same values as the JDK's, however the bytes come. */
class LibCryptoHashTest {
    private static final int LARGE = 200_000;

    private static MessageDigest jdk(Digest.Algorithm algorithm) throws Exception {
        return MessageDigest.getInstance(algorithm == Digest.Algorithm.SHA256 ? "SHA-256" : "SHA-512");
    }

    @Test
    void streamsAreHashedByTheLibrary() {
        // Whoever has no libcrypto has a working, slower Berth; every Linux that tests run on has one.
        assertThat(Digest.Algorithm.SHA256.newHash()).isInstanceOf(LibCryptoHash.class);
        assertThat(Digest.Algorithm.SHA512.newHash()).isInstanceOf(LibCryptoHash.class);
    }

    @ParameterizedTest
    @EnumSource
    void theHashOfNothingIsRight(Digest.Algorithm algorithm) throws Exception {
        assertThat(algorithm.newHash().digest()).isEqualTo(jdk(algorithm).digest());
    }

    @Property(tries = 300)
    void piecesOfAnyKindGiveTheHashOfTheWhole(
            @ForAll Digest.Algorithm algorithm, @ForAll long seed, @ForAll @IntRange(max = LARGE) int size)
            throws Exception {
        var random = new Random(seed);
        byte[] content = new byte[size];
        random.nextBytes(content);
        MessageDigest hash = algorithm.newHash();
        int position = 0;
        while (position < size) {
            int length = 1 + random.nextInt(random.nextBoolean() ? 100 : size - position);
            length = Math.min(length, size - position);
            switch (random.nextInt(5)) {
                case 0 -> hash.update(content, position, length);
                case 1 -> updated(hash, ByteBuffer.wrap(content, position, length));
                case 2 ->
                    updated(hash, ByteBuffer.wrap(content, position, length).asReadOnlyBuffer());
                case 3 -> {
                    // not from its beginning, and with more behind it
                    ByteBuffer direct = ByteBuffer.allocateDirect(length + 7);
                    direct.put(3, content, position, length).position(3).limit(3 + length);
                    updated(hash, direct);
                }
                default -> {
                    hash.update(content[position]);
                    length = 1;
                }
            }
            position += length;
        }
        assertThat(hash.digest()).isEqualTo(jdk(algorithm).digest(content));
        assertThat(hash.digest(content))
                .as("used again")
                .isEqualTo(jdk(algorithm).digest(content));
        hash.update(content);
        hash.reset();
        assertThat(hash.digest()).as("after a reset").isEqualTo(jdk(algorithm).digest());
    }

    private static void updated(MessageDigest hash, ByteBuffer piece) {
        hash.update(piece);
        assertThat(piece.hasRemaining()).isFalse();
    }
}
