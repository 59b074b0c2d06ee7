package io.berth.registry;

import io.berth.store.ChunkSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;

/** A source that fails when more comes out of it than it may give. */
final class LimitedSource implements ChunkSource {
    private final ChunkSource source;
    private final Supplier<? extends RuntimeException> tooMuch;
    private long left;

    /** @param limit bytes */
    LimitedSource(ChunkSource source, long limit, Supplier<? extends RuntimeException> tooMuch) {
        this.source = source;
        this.left = limit;
        this.tooMuch = tooMuch;
    }

    @Override
    public ByteBuffer next() throws IOException {
        ByteBuffer chunk = source.next();
        if (chunk != null) {
            left -= chunk.remaining();
            if (left < 0) {
                throw tooMuch.get();
            }
        }
        return chunk;
    }
}
