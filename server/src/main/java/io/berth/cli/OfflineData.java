package io.berth.cli;

import io.berth.DataDirectory;
import io.berth.config.BerthConfig;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.store.BlobStore;
import io.berth.store.FileBlobStore;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Clock;

/** Database and blobs of a Berth that is not running, locked for a command. */
final class OfflineData implements AutoCloseable {
    private final DataDirectory directory;
    private final SqliteDatabase database;
    private final BlobStore store;

    OfflineData(BerthConfig config) throws IOException {
        directory = DataDirectory.lock(config.data());
        try {
            database = SqliteDatabase.open(
                    config.database().directory(),
                    config.database().readers(),
                    Clock.systemUTC(),
                    new SecureRandom(),
                    DatabaseMetrics.NONE);
            store = new FileBlobStore(config.storage().blobs(), new UploadWriter(4, 8 << 20));
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /**
     * The same, where a Berth has been already.
     *
     * @throws IllegalStateException when there is none, or one is running, with what to do
     */
    static OfflineData existing(BerthConfig config) throws IOException {
        if (!Files.isRegularFile(config.database().directory().resolve(SqliteDatabase.FILE))) {
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
        directory.close();
    }
}
