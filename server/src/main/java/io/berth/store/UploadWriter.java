package io.berth.store;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.LongAdder;

/**
 * Writes the bytes of uploads to files.
 *
 * <p>Small pieces are gathered in a block of memory and written together. Where {@code directFrom} allows it, large
 * uploads go past the page cache: touching a page-cache page for the first time costs more than hashing it, and the
 * pages of a pushed layer would only push out those of pulled ones. Blocks come from a bounded pool; an upload that gets
 * none writes each piece as it comes.
 */
public final class UploadWriter {
    private static final int BLOCK = 1 << 20;
    private static final int ALIGNMENT = 4096;

    private final ArrayBlockingQueue<ByteBuffer> pool;
    private final long directFrom;
    private final LongAdder bytesDirect = new LongAdder();
    private volatile boolean directWorks = true;

    /**
     * @param blocks how many blocks of 1 MiB are kept
     * @param directFrom uploads expected to be at least this large bypass the page cache, and others from there on;
     *     {@link Long#MAX_VALUE} for never
     */
    public UploadWriter(int blocks, long directFrom) {
        this.directFrom = directFrom;
        pool = new ArrayBlockingQueue<>(blocks);
        for (int i = 0; i < blocks; i++) {
            pool.add(ByteBuffer.allocate(0)); // a place, filled at its first use
        }
    }

    /** Writes all of {@code source} to {@code file} from {@code offset}; returns the size of the file afterwards. */
    long write(Path file, long offset, ChunkSource source, long expected) throws IOException {
        ByteBuffer block = pool.poll();
        if (block != null && block.capacity() == 0) {
            block = ByteBuffer.allocateDirect(BLOCK + ALIGNMENT).alignedSlice(ALIGNMENT);
            block = block.slice(0, BLOCK);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            if (channel.size() != offset) {
                channel.truncate(offset);
                if (channel.size() < offset) {
                    throw new IOException("the upload has " + channel.size() + " of " + offset + " bytes");
                }
            }
            if (block == null) {
                return writePieces(channel, offset, source);
            }
            try (var gatherer = new Gatherer(file, channel, block, offset)) {
                if (expected >= directFrom) {
                    gatherer.goDirect();
                }
                return gatherer.drain(source);
            }
        } finally {
            if (block != null) {
                pool.add(block);
            }
        }
    }

    /** How many bytes went past the page cache. */
    long bytesDirect() {
        return bytesDirect.sum();
    }

    private FileChannel openDirect(Path file) {
        try {
            if (Files.getFileStore(file).getBlockSize() > ALIGNMENT) {
                directWorks = false;
                return null;
            }
            return FileChannel.open(file, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
        } catch (UnsupportedOperationException | IOException e) {
            directWorks = false; // this file system cannot
            return null;
        }
    }

    private static long writePieces(FileChannel channel, long offset, ChunkSource source) throws IOException {
        long position = offset;
        ByteBuffer chunk;
        while ((chunk = source.next()) != null) {
            position += writeFully(channel, chunk, position);
        }
        return position;
    }

    private static int writeFully(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        int written = 0;
        while (buffer.hasRemaining()) {
            written += channel.write(buffer, position + written);
        }
        return written;
    }

    /** Fills a block, and writes it when it is full or ends at an aligned place. */
    private final class Gatherer implements Closeable {
        private final Path file;
        private final FileChannel channel;
        private final ByteBuffer block;
        private FileChannel aligned; // null while everything goes through the page cache
        private long position;

        Gatherer(Path file, FileChannel channel, ByteBuffer block, long position) {
            this.file = file;
            this.channel = channel;
            this.block = block;
            this.position = position;
        }

        void goDirect() {
            if (directWorks && aligned == null) {
                aligned = openDirect(file);
            }
        }

        @Override
        public void close() throws IOException {
            if (aligned != null) {
                aligned.close();
            }
        }

        long drain(ChunkSource source) throws IOException {
            startBlock();
            ByteBuffer chunk;
            while ((chunk = nextOrFlush(source)) != null) {
                while (chunk.hasRemaining()) {
                    int count = Math.min(chunk.remaining(), block.remaining());
                    block.put(block.position(), chunk, chunk.position(), count);
                    block.position(block.position() + count);
                    chunk.position(chunk.position() + count);
                    if (!block.hasRemaining()) {
                        flush();
                        if (position >= directFrom) {
                            goDirect(); // nobody said how large it becomes
                            startBlock();
                        }
                    }
                }
            }
            flush();
            return position;
        }

        // When the client goes away what has arrived is kept, so that it can resume.
        private ByteBuffer nextOrFlush(ChunkSource source) throws IOException {
            try {
                return source.next();
            } catch (IOException | RuntimeException e) {
                try {
                    flush();
                } catch (IOException suppressed) {
                    e.addSuppressed(suppressed);
                }
                throw e;
            }
        }

        // The first block after an unaligned offset is shorter, so that all later ones begin aligned.
        private void startBlock() {
            int misaligned = (int) (position % ALIGNMENT);
            block.clear();
            if (aligned != null && misaligned != 0) {
                block.limit(ALIGNMENT - misaligned);
            }
        }

        private void flush() throws IOException {
            block.flip();
            int length = block.remaining();
            boolean whole = aligned != null && position % ALIGNMENT == 0;
            int direct = whole ? length - length % ALIGNMENT : 0;
            if (direct > 0) {
                block.limit(direct);
                position += writeFully(aligned, block, position);
                block.limit(length);
                bytesDirect.add(direct);
            }
            if (block.hasRemaining()) {
                position += writeFully(channel, block, position);
            }
            startBlock();
        }
    }
}
