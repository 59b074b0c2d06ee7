package io.berth.cli;

import io.berth.DirectoryLocks;
import io.berth.Logging;
import io.berth.config.BerthConfig;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.store.BlobStore;
import io.berth.store.FileBlobStore;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Comparator;
import java.util.stream.Stream;

/** Database and blobs of a Berth that is not running, locked for a command. */
final class OfflineData implements AutoCloseable {
    private final DirectoryLocks locks = new DirectoryLocks();
    private final SqliteDatabase database;
    private final BlobStore store;
    private final Path scratch;

    /** Sends log messages to standard error, since standard output is the command's. */
    OfflineData(BerthConfig config) throws IOException {
        this(
                config,
                config.data(),
                config.database().directory(),
                config.storage().blobs(),
                null);
    }

    // scratch is removed in the end, unless it is null
    private OfflineData(BerthConfig config, Path data, Path databaseDirectory, Path blobs, Path scratch)
            throws IOException {
        Logging.configure(config.logging());
        this.scratch = scratch;
        try {
            locks.lock(DirectoryLocks.Kind.DATA, data);
            locks.lock(DirectoryLocks.Kind.DATABASE, databaseDirectory);
            database = SqliteDatabase.open(
                    databaseDirectory,
                    config.database().readers(),
                    Clock.systemUTC(),
                    new SecureRandom(),
                    DatabaseMetrics.NONE);
            store = new FileBlobStore(blobs, new UploadWriter(4, 8 << 20));
            locks.lock(DirectoryLocks.Kind.BLOBS, blobs);
        } catch (IOException | RuntimeException e) {
            locks.close();
            throw e;
        }
    }

    private static boolean exists(BerthConfig config) {
        return Files.isRegularFile(config.database().directory().resolve(SqliteDatabase.FILE));
    }

    /** The same, or an empty one that leaves nothing behind where no Berth has been yet. */
    static OfflineData orScratch(BerthConfig config) throws IOException {
        if (exists(config)) {
            return new OfflineData(config);
        }
        Path scratch = Files.createTempDirectory("berth");
        return new OfflineData(config, scratch, scratch, scratch.resolve("blobs"), scratch);
    }

    /**
     * The same, where a Berth has been already.
     *
     * @throws IllegalStateException when there is none, or one is running, with what to do
     */
    static OfflineData existing(BerthConfig config) throws IOException {
        if (!exists(config)) {
            throw new IllegalStateException(
                    "there is no Berth in " + config.data().toAbsolutePath() + " (it has no " + SqliteDatabase.FILE
                            + "): give its data directory by --data");
        }
        return new OfflineData(config);
    }

    SqliteDatabase database() {
        return database;
    }

    BlobStore store() {
        return store;
    }

    @Override
    public void close() throws IOException {
        store.close();
        database.close();
        locks.close();
        if (scratch != null) {
            try (Stream<Path> files = Files.walk(scratch)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
