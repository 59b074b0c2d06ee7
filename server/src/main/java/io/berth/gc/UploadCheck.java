package io.berth.gc;

import io.berth.db.Database;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import io.berth.store.UploadState;
import java.io.IOException;
import java.util.Iterator;
import java.util.UUID;
import java.util.stream.Stream;

/** Compares unfinished uploads with their bytes. An upload that has none yet is no problem. For one thread. */
final class UploadCheck {
    private static final BlobDao.Upload BEFORE_ALL = new BlobDao.Upload("", 0, "", 0);

    private final Database database;
    private final BlobStore store;
    private final Findings findings;
    private final boolean repair;
    private long leftOver;
    private long count;

    UploadCheck(Database database, BlobStore store, Findings findings, boolean repair) {
        this.database = database;
        this.store = store;
        this.findings = findings;
        this.repair = repair;
    }

    void run() throws IOException {
        try (Stream<UploadState> uploads = store.uploads()) {
            for (Iterator<UploadState> all = uploads.iterator(); all.hasNext(); ) {
                UploadState upload = all.next();
                if (!isOpen(upload)) {
                    leftOver++;
                    findings.warning("upload " + upload.id() + " has bytes and is not open any more");
                }
            }
        }
        if (repair) {
            // What the start of a server does.
            store.recover(this::isOpen, this::isLive);
            if (leftOver > 0) {
                findings.repair("the bytes of " + leftOver + " uploads that are not open any more were removed");
            }
        }
        count = database.read(tx -> tx.dao(BlobDao.class).countUploads());
        Pages.each(database, BEFORE_ALL, (tx, after) -> tx.dao(BlobDao.class).uploads(after.id()), this::check);
    }

    long count() {
        return count;
    }

    private boolean isOpen(UploadState upload) {
        return database.read(tx -> tx.dao(BlobDao.class)
                .upload(upload.id().toString(), upload.generation())
                .isPresent());
    }

    private boolean isLive(ObjectKey key) {
        return database.read(
                tx -> tx.dao(BlobDao.class).named(store.name(), key.digest().toString(), key.generation()));
    }

    private void check(BlobDao.Upload row) {
        long size;
        try {
            size = store.resume(new UploadState(UUID.fromString(row.id()), row.generation(), 0))
                    .size();
        } catch (IOException | IllegalArgumentException e) {
            findings.warning("upload " + row.id() + " to " + row.repository() + " cannot be read (" + e + ")");
            return;
        }
        // Progress is promised by nothing but the answer to a GET, which tells what is there.
        if (size < row.size()) {
            findings.warning("upload " + row.id() + " to " + row.repository() + " has " + size + " of " + row.size()
                    + " bytes: its client goes on from there");
            if (repair) {
                Pages.write(database, tx -> tx.dao(BlobDao.class).setUploadSize(row.id(), size));
                findings.repair("upload " + row.id() + " was set to what it has");
            }
        }
    }
}
