package io.berth.store;

import io.berth.oci.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Has the JVM compile the hashing of uploads before the first upload comes. The JDK hashes many blocks at once, and with
 * the processor's instructions for it, only from the moment on at which its own callers are compiled; pieces of uploads
 * are so large that this takes gigabytes of them, each of which costs up to twice as much until then.
 */
public final class HashWarmUp {
    private static final int CALLS = 40_000;
    private static final int LARGEST = 4 * 64 + 1;

    private HashWarmUp() {}

    /** Begins, on a thread that gives way to all others: some tens of milliseconds of processor time. */
    public static void start() {
        Thread.ofPlatform()
                .name("hash-warm-up")
                .daemon()
                .priority(Thread.MIN_PRIORITY)
                .start(HashWarmUp::run);
    }

    /** Hashes pieces of every length that there can be beside whole blocks, so that nothing is compiled as impossible. */
    static long run() {
        ByteBuffer memory = ByteBuffer.allocate(LARGEST);
        int[] left = {CALLS};
        var source = new HashingSource(
                () -> left[0]-- == 0 ? null : memory.clear().limit(left[0] % LARGEST),
                Digest.Algorithm.SHA256.newHash());
        try {
            while (source.next() != null) {
                // only hashed
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return source.count();
    }
}
