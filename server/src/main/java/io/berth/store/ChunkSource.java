package io.berth.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes on their way in, a piece at a time. For one thread. */
@FunctionalInterface
public interface ChunkSource {

    /**
     * The next piece, with at least one byte remaining, or null at the end. The buffer is the caller's until the next
     * call.
     *
     * @throws IOException when the rest cannot be had, for example since the client went away
     */
    ByteBuffer next() throws IOException;

    /** All of {@code bytes} as one piece. */
    static ChunkSource of(byte[] bytes) {
        return new ChunkSource() {
            private boolean done = bytes.length == 0;

            @Override
            public ByteBuffer next() {
                if (done) {
                    return null;
                }
                done = true;
                return ByteBuffer.wrap(bytes);
            }
        };
    }
}
