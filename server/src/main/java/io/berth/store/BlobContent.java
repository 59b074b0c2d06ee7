package io.berth.store;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;

/** Some bytes of a stored object, in the way its store gives them best. */
public sealed interface BlobContent extends AutoCloseable {

    /**
     * A region of an open file, which can be sent without copying. Whoever takes it closes it. The file stays readable
     * when the object is deleted meanwhile.
     */
    record FileRegion(FileChannel channel, long offset, long length) implements BlobContent {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Bytes that have to be pumped. */
    record Stream(ChunkSource source, long length, AutoCloseable closer) implements BlobContent {
        @Override
        public void close() throws IOException {
            try {
                closer.close();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    /**
     * The client may fetch the object itself, whichever part it wants of it.
     *
     * @param location carries no credential of the store's own, at most a signature that soon ends
     */
    record Redirect(URI location) implements BlobContent {
        @Override
        public void close() {}
    }

    @Override
    void close() throws IOException;
}
