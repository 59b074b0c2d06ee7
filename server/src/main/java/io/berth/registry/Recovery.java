package io.berth.registry;

import io.berth.db.Database;
import io.berth.store.BlobStore;
import io.berth.store.UploadState;
import java.io.IOException;
import java.util.List;

/** Brings store and database in order after a stop of any kind; before anything else is done with them. */
final class Recovery {
    private Recovery() {}

    /** @throws IOException when the store cannot be used */
    static void run(Database database, BlobStore store) throws IOException {
        List<UploadDao.UploadRow> open =
                database.read(tx -> tx.dao(UploadDao.class).all());
        store.recover(
                upload -> open.stream().anyMatch(row -> isOf(row, upload)),
                key -> database.read(
                                tx -> tx.dao(BlobDao.class).find(key.digest().toString()))
                        .filter(blob -> blob.generation() == key.generation())
                        .isPresent());
    }

    private static boolean isOf(UploadDao.UploadRow row, UploadState upload) {
        return row.generation() == upload.generation()
                && row.id().equals(upload.id().toString());
    }
}
