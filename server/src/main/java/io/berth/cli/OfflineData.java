package io.berth.cli;

import io.berth.DataDirectory;
import io.berth.config.BerthConfig;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.store.BlobStore;
import io.berth.store.FileBlobStore;
import io.berth.store.UploadWriter;
import java.io.IOException;
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
