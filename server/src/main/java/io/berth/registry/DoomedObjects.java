package io.berth.registry;

import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the objects that no blob names any more. Their keys are never used again, so deleting late, or twice, destroys
 * nothing. Thread-safe.
 */
final class DoomedObjects {
    private static final Logger LOG = LoggerFactory.getLogger(DoomedObjects.class);

    private final Database database;
    private final BlobStore store;

    DoomedObjects(Database database, BlobStore store) {
        this.database = database;
        this.store = store;
    }

    void delete() {
        for (BlobDao.DoomedObject doomed :
                database.read(tx -> tx.dao(BlobDao.class).doomed())) {
            try {
                if (!doomed.store().equals(BlobDao.INLINE)) {
                    store.delete(new ObjectKey(Digest.parse(doomed.digest()), doomed.generation()));
                }
                database.write(tx -> {
                    BlobDao dao = tx.dao(BlobDao.class);
                    dao.deleteContent(doomed.digest(), doomed.generation());
                    dao.forgetDoomed(doomed);
                    return null;
                });
            } catch (IOException e) {
                LOG.warn("object {}.{} could not be deleted: {}", doomed.digest(), doomed.generation(), e.toString());
            }
        }
    }
}
