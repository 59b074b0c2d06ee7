package io.berth.gc;

import io.berth.db.Database;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Looks at everything that is stored and asks who needs it. What nobody names costs space and does no harm. For one thread.
 */
final class ObjectCheck {
    private static final int BATCH = 500;
    private static final BlobDao.Stored BEFORE_ALL = new BlobDao.Stored("", 0, "");

    private final Database database;
    private final BlobStore store;
    private final Findings findings;
    private final boolean repair;
    private long count;
    private long doomed;

    ObjectCheck(Database database, BlobStore store, Findings findings, boolean repair) {
        this.database = database;
        this.store = store;
        this.findings = findings;
        this.repair = repair;
    }

    void run() throws IOException {
        checkDoomed();
        try (Stream<ObjectKey> keys = store.keys()) {
            var batch = new ArrayList<ObjectKey>(BATCH);
            for (Iterator<ObjectKey> all = keys.iterator(); all.hasNext(); ) {
                batch.add(all.next());
                if (batch.size() == BATCH || !all.hasNext()) {
                    checkObjects(batch);
                    batch.clear();
                }
            }
        } catch (UncheckedIOException e) {
            findings.damage("the store cannot be listed: " + e.getCause());
        }
        Pages.each(
                database,
                BEFORE_ALL,
                (tx, after) -> tx.dao(BlobDao.class).orphanContents(after.digest(), after.generation()),
                this::orphanContent);
    }

    long count() {
        return count;
    }

    long doomed() {
        return doomed;
    }

    private void checkDoomed() {
        Pages.each(
                database,
                BEFORE_ALL,
                (tx, after) -> tx.dao(BlobDao.class).doomedButNamed(after.digest(), after.generation()),
                object -> {
                    findings.damage("blob " + object.digest() + ": its object waits for its deletion");
                    if (repair) {
                        Pages.write(
                                database,
                                tx -> tx.dao(BlobDao.class)
                                        .forgetDoomed(object.store(), object.digest(), object.generation()));
                        findings.repair("the object of blob " + object.digest() + " is kept");
                    }
                });
        doomed = database.read(tx -> tx.dao(BlobDao.class).countDoomed());
    }

    private void checkObjects(List<ObjectKey> keys) throws IOException {
        count += keys.size();
        List<ObjectKey> orphans = database.read(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            return keys.stream()
                    .filter(key -> !dao.named(store.name(), key.digest().toString(), key.generation()))
                    .toList();
        });
        for (ObjectKey key : orphans) {
            // An upload keeps its generation when it becomes an object.
            boolean halfBorn = database.read(tx -> tx.dao(BlobDao.class).countUploadsOf(key.generation())) > 0;
            findings.warning("object " + key.path()
                    + (halfBorn
                            ? " is an upload that a crash cut off: the next start resumes it"
                            : " is named by nothing"));
            if (repair && !halfBorn) {
                store.delete(key);
                findings.repair("object " + key.path() + " was removed");
            }
        }
    }

    private void orphanContent(BlobDao.Stored object) {
        findings.warning("the database holds bytes of " + object.digest() + " that have no blob");
        if (repair) {
            Pages.write(database, tx -> tx.dao(BlobDao.class).deleteContent(object.digest(), object.generation()));
            findings.repair("bytes of " + object.digest() + " that had no blob were removed");
        }
    }
}
