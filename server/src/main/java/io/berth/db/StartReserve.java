package io.berth.db;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that keeps room for the next start. SQLite cannot open a database on a disk without a free block, since the index
 * of its log is a file of its own; a Berth that could not start could not give expired uploads back either, and the disk
 * would stay full.
 */
final class StartReserve {
    /** Bytes. The index takes 32 KiB, a small migration some pages more. */
    static final int SIZE = 1 << 20;

    /** The file's name within the database's directory. */
    static final String FILE = "start-reserve";

    private static final Logger LOG = LoggerFactory.getLogger(StartReserve.class);

    private final Path file;

    StartReserve(Path directory) {
        file = directory.resolve(FILE);
    }

    /** Gives the room to whatever opens the database now, where there is hardly another. */
    void free() throws IOException {
        if (Files.getFileStore(file.getParent()).getUsableSpace() < SIZE) {
            Files.deleteIfExists(file);
        }
    }

    /** Takes the room again, or as much of it as there is. */
    void take() {
        try {
            if (!Files.exists(file) || Files.size(file) < SIZE) {
                write();
            }
        } catch (IOException e) {
            LOG.warn(
                    "not all of the {} KiB could be kept that a start on a full disk needs: {}",
                    SIZE >> 10,
                    e.getMessage());
        }
    }

    private void write() throws IOException {
        // A hole takes no room, and neither do zeros where a file system compresses.
        var noise = new byte[SIZE];
        new Random(1).nextBytes(noise);
        var bytes = ByteBuffer.wrap(noise);
        try (var channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }
}
