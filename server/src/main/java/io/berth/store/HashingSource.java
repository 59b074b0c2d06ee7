package io.berth.store;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Hashes and counts what passes through. */
public final class HashingSource implements ChunkSource {
    // The JDK would hash memory outside the heap through an array of its own, 4 KiB at a time, which costs a tenth
    // more.
    private static final int COPIED = 32 << 10;

    private final ChunkSource source;
    private final MessageDigest hash;
    private byte[] copy;
    private long count;

    public HashingSource(ChunkSource source, MessageDigest hash) {
        this.source = requireNonNull(source, "source is null");
        this.hash = requireNonNull(hash, "hash is null");
    }

    @Override
    public ByteBuffer next() throws IOException {
        ByteBuffer chunk = source.next();
        if (chunk != null) {
            count += chunk.remaining();
            update(chunk.duplicate());
        }
        return chunk;
    }

    private void update(ByteBuffer chunk) {
        if (chunk.hasArray()) {
            hash.update(chunk);
            return;
        }
        if (copy == null) {
            copy = new byte[COPIED];
        }
        while (chunk.hasRemaining()) {
            int length = Math.min(copy.length, chunk.remaining());
            chunk.get(copy, 0, length);
            hash.update(copy, 0, length);
        }
    }

    /** Bytes that have passed. */
    public long count() {
        return count;
    }
}
