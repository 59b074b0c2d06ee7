package io.berth.gc;

import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.OciException;
import io.berth.store.BlobContent;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Optional;

/** Reads every blob and compares its bytes with its digest. For one thread. */
final class BlobCheck {
    private static final String INLINE = "inline";
    private static final BlobDao.Blob BEFORE_ALL = new BlobDao.Blob("", 0, "", "", 0);

    private final Database database;
    private final BlobStore store;
    private final Findings findings;
    private final boolean repair;
    private final Fsck.Progress progress;
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
    private long count;
    private long bytes;
    private long done;
    private long total;

    BlobCheck(Database database, BlobStore store, Findings findings, boolean repair, Fsck.Progress progress) {
        this.database = database;
        this.store = store;
        this.findings = findings;
        this.repair = repair;
        this.progress = progress;
    }

    void run() {
        total = database.read(tx -> tx.dao(BlobDao.class).sumBlobs());
        Pages.each(database, BEFORE_ALL, (tx, after) -> tx.dao(BlobDao.class).blobs(after.digest()), this::check);
    }

    long count() {
        return count;
    }

    long bytes() {
        return bytes;
    }

    private void check(BlobDao.Blob blob) {
        Optional<String> problem;
        try {
            problem = problem(blob);
        } catch (IOException e) {
            problem = Optional.of("cannot be read (" + e + ")");
        }
        count++;
        bytes += blob.size();
        done = bytes; // also past what could not be read
        progress.bytes(done, total);
        boolean marked = blob.state().equals("DAMAGED");
        if (problem.isPresent()) {
            findings.damage("blob " + blob.digest() + ": " + problem.get());
            if (repair && !marked) {
                Pages.write(
                        database, tx -> tx.dao(BlobDao.class).setState(blob.digest(), blob.generation(), "DAMAGED"));
                findings.repair("blob " + blob.digest() + " was marked: the next push of it heals it");
            }
        } else if (marked) {
            findings.warning("blob " + blob.digest() + " is marked as damaged and is sound");
            if (repair) {
                Pages.write(database, tx -> tx.dao(BlobDao.class).setState(blob.digest(), blob.generation(), "LIVE"));
                findings.repair("blob " + blob.digest() + " is not marked as damaged any more");
            }
        }
    }

    private Optional<String> problem(BlobDao.Blob blob) throws IOException {
        Digest digest;
        try {
            digest = Digest.parse(blob.digest());
        } catch (OciException e) {
            return Optional.of("is no digest");
        }
        if (blob.store().equals(INLINE)) {
            Optional<byte[]> content =
                    database.read(tx -> tx.dao(BlobDao.class).content(blob.digest(), blob.generation()));
            return content.isEmpty()
                    ? Optional.of("its content is missing in the database")
                    : wrong(blob, Digest.of(digest.algorithm(), content.get()), content.get().length);
        }
        if (!blob.store().equals(store.name())) {
            return Optional.of("lies in the store '" + blob.store() + "', which is not configured");
        }
        var key = new ObjectKey(digest, blob.generation());
        long size = store.size(key).orElse(-1);
        if (size < 0) {
            return Optional.of("its object " + key.path() + " is missing");
        }
        // The size tells enough of a truncated object; a full one has to be read.
        return size == blob.size() ? wrong(blob, hash(key, size), size) : wrongSize(blob, size);
    }

    private static Optional<String> wrong(BlobDao.Blob blob, Digest actual, long size) {
        if (size != blob.size()) {
            return wrongSize(blob, size);
        }
        return actual.toString().equals(blob.digest())
                ? Optional.empty()
                : Optional.of("its bytes have the digest " + actual);
    }

    private static Optional<String> wrongSize(BlobDao.Blob blob, long size) {
        return Optional.of("has %d bytes instead of %d".formatted(size, blob.size()));
    }

    private Digest hash(ObjectKey key, long size) throws IOException {
        MessageDigest hash = key.digest().algorithm().newHash();
        try (BlobContent content = store.read(key, 0, size)) {
            switch (content) {
                case BlobContent.FileRegion region -> {
                    long position = region.offset();
                    while (region.channel().read(buffer.clear(), position) > 0) {
                        position += buffer.position();
                        update(hash, buffer.flip());
                    }
                }
                case BlobContent.Stream stream -> {
                    ByteBuffer chunk;
                    while ((chunk = stream.source().next()) != null) {
                        update(hash, chunk);
                    }
                }
                case BlobContent.Redirect ignored -> throw new IOException("the store gives no bytes to check");
            }
        }
        return Digest.finish(key.digest().algorithm(), hash.digest());
    }

    private void update(MessageDigest hash, ByteBuffer chunk) {
        done += chunk.remaining();
        hash.update(chunk);
        progress.bytes(Math.min(done, total), total);
    }
}
