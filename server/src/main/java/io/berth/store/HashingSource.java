package io.berth.store;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Hashes and counts what passes through. */
public final class HashingSource implements ChunkSource {
    private final ChunkSource source;
    private final MessageDigest hash;
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
            hash.update(chunk.duplicate());
        }
        return chunk;
    }

    /** Bytes that have passed. */
    public long count() {
        return count;
    }
}
