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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Checks that everything the database names is there, byte for byte, and that its counters are right.
 *
 * <p>Reads by pages, so it needs the same memory for ten blobs and for ten million. For one thread, while nothing else
 * changes the data.
 */
public final class Fsck {
    private static final String INLINE = "inline";

    /** What was found. */
    public record Report(
            long blobs,
            long bytes,
            long manifests,
            long sparseReferences,
            long openUploads,
            List<String> damage,
            List<String> warnings,
            List<String> repairs) {
        /** Whether nothing is damaged. */
        public boolean sound() {
            return damage.isEmpty();
        }
    }

    /** Hears how far the check has come. */
    @FunctionalInterface
    public interface Progress {
        /** So many of so many bytes of blobs have been read. */
        void bytes(long done, long total);
    }

    private final Database database;
    private final BlobStore store;
    private final boolean repair;
    private final Progress progress;
    private final List<String> damage = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<String> repairs = new ArrayList<>();
    private long blobs;
    private long bytes;
    private long manifests;

    /**
     * @param repair whether to mark damaged blobs, so that the next push of their digest heals them, to remove what nothing
     *     names, and to recompute counters
     */
    public Fsck(Database database, BlobStore store, boolean repair, Progress progress) {
        this.database = database;
        this.store = store;
        this.repair = repair;
        this.progress = progress;
    }

    /** @throws IOException when the store itself cannot be read */
    public Report run() throws IOException {
        checkBlobs();
        checkObjects();
        checkManifests();
        damage.addAll(database.<List<String>>read(tx -> tx.dao(FsckDao.class).missingReferences()));
        damage.addAll(database.<List<String>>read(tx -> tx.dao(FsckDao.class).danglingTags()));
        damage.addAll(database.<List<String>>read(tx -> tx.dao(FsckDao.class).danglingLinks()));
        checkCounters();
        long sparse = database.read(tx -> tx.dao(FsckDao.class).countSparse());
        long uploads = database.read(tx -> tx.dao(FsckDao.class).countUploads());
        return new Report(blobs, bytes, manifests, sparse, uploads, damage, warnings, repairs);
    }

    private void checkBlobs() throws IOException {
        long total = database.read(tx -> tx.dao(FsckDao.class).sumBlobs());
        String after = "";
        while (true) {
            String from = after;
            List<FsckDao.Blob> page = database.read(tx -> tx.dao(FsckDao.class).blobs(from));
            if (page.isEmpty()) {
                return;
            }
            for (FsckDao.Blob blob : page) {
                checkBlob(blob);
                blobs++;
                bytes += blob.size();
                progress.bytes(bytes, total);
            }
            after = page.getLast().digest();
        }
    }

    private void checkBlob(FsckDao.Blob blob) throws IOException {
        Optional<String> problem = problem(blob);
        boolean marked = blob.state().equals("DAMAGED");
        if (problem.isPresent()) {
            damage.add("blob " + blob.digest() + ": " + problem.get());
            if (repair && !marked) {
                write(dao -> dao.markDamaged(blob.digest(), blob.generation()));
                repairs.add("blob " + blob.digest() + " was marked: the next push of it brings it back");
            }
        } else if (marked) {
            warnings.add("blob " + blob.digest() + " is marked as damaged and is sound");
            if (repair) {
                write(dao -> dao.markLive(blob.digest(), blob.generation()));
                repairs.add("blob " + blob.digest() + " is not marked as damaged any more");
            }
        }
    }

    private Optional<String> problem(FsckDao.Blob blob) throws IOException {
        Digest digest;
        try {
            digest = Digest.parse(blob.digest());
        } catch (OciException e) {
            return Optional.of("is no digest");
        }
        if (blob.store().equals(INLINE)) {
            Optional<byte[]> content =
                    database.read(tx -> tx.dao(FsckDao.class).blobContent(blob.digest(), blob.generation()));
            return content.isEmpty()
                    ? Optional.of("its content is missing in the database")
                    : wrong(digest, Digest.of(digest.algorithm(), content.get()), content.get().length, blob.size());
        }
        var key = new ObjectKey(digest, blob.generation());
        long size = store.size(key).orElse(-1);
        if (size < 0) {
            return Optional.of("its object " + key.path() + " is missing");
        }
        return wrong(digest, hash(key, size), size, blob.size());
    }

    private static Optional<String> wrong(Digest expected, Digest actual, long size, long expectedSize) {
        if (size != expectedSize) {
            return Optional.of("has %d bytes instead of %d".formatted(size, expectedSize));
        }
        return actual.equals(expected) ? Optional.empty() : Optional.of("its bytes have the digest " + actual);
    }

    private Digest hash(ObjectKey key, long size) throws IOException {
        MessageDigest hash = key.digest().algorithm().newHash();
        try (BlobContent content = store.read(key, 0, size)) {
            switch (content) {
                case BlobContent.FileRegion region -> {
                    var buffer = ByteBuffer.allocate(1 << 20);
                    long position = region.offset();
                    while (region.channel().read(buffer.clear(), position) > 0) {
                        position += buffer.position();
                        hash.update(buffer.flip());
                    }
                }
                case BlobContent.Stream stream -> {
                    ByteBuffer chunk;
                    while ((chunk = stream.source().next()) != null) {
                        hash.update(chunk);
                    }
                }
                case BlobContent.Redirect ignored -> throw new IOException("the store gives no bytes to check");
            }
        }
        return Digest.finish(key.digest().algorithm(), hash.digest());
    }

    // Objects that no row names cost space and do no harm.
    private void checkObjects() throws IOException {
        var orphans = new ArrayList<ObjectKey>();
        try (Stream<ObjectKey> keys = store.keys()) {
            keys.forEach(key -> {
                String digest = key.digest().toString();
                boolean named = database.read(tx -> {
                    FsckDao dao = tx.dao(FsckDao.class);
                    return dao.blob(digest)
                                    .filter(blob -> blob.generation() == key.generation())
                                    .isPresent()
                            || dao.countDoomed(store.name(), digest, key.generation()) > 0;
                });
                if (!named) {
                    orphans.add(key);
                    warnings.add("object " + key.path() + " is named by nothing");
                }
            });
        }
        if (repair) {
            for (ObjectKey key : orphans) {
                store.delete(key);
                repairs.add("object " + key.path() + " was removed");
            }
        }
    }

    private void checkManifests() {
        String after = "";
        long unused = 0;
        while (true) {
            String from = after;
            List<FsckDao.Content> page =
                    database.read(tx -> tx.dao(FsckDao.class).manifestContents(from));
            if (page.isEmpty()) {
                break;
            }
            for (FsckDao.Content content : page) {
                manifests++;
                unused += content.used() ? 0 : 1;
                Digest digest = Digest.parse(content.digest());
                Digest actual = Digest.of(digest.algorithm(), content.content());
                if (!actual.equals(digest)) {
                    damage.add("manifest " + digest + ": its bytes have the digest " + actual);
                }
            }
            after = page.getLast().digest();
        }
        if (unused > 0) {
            warnings.add(unused + " manifests are in no repository");
            if (repair) {
                write(FsckDao::deleteUnusedContents);
                repairs.add(unused + " manifests that are in no repository were removed");
            }
        }
    }

    private void checkCounters() {
        var wrong = new ArrayList<String>(
                database.<List<String>>read(tx -> tx.dao(FsckDao.class).wrongReferenceCounts()));
        for (FsckDao.Usage usage :
                database.<List<FsckDao.Usage>>read(tx -> tx.dao(FsckDao.class).usages())) {
            if (usage.used() != usage.actual()) {
                wrong.add("project %s is charged %d bytes and holds %d"
                        .formatted(usage.name(), usage.used(), usage.actual()));
            }
        }
        damage.addAll(wrong);
        if (repair && !wrong.isEmpty()) {
            write(dao -> {
                dao.clearProjectBlobs();
                dao.fillProjectBlobs();
                dao.recomputeUsage();
            });
            repairs.add("the projects' counters were computed anew");
        }
    }

    private void write(java.util.function.Consumer<FsckDao> change) {
        database.write(tx -> {
            change.accept(tx.dao(FsckDao.class));
            return null;
        });
    }
}
