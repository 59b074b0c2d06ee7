package io.berth.gc;

import io.berth.db.Database;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Checks that everything the database names is there, byte for byte, and that its counters are right.
 *
 * <p>Reads by pages and keeps nothing, so it needs the same memory for ten blobs and for ten million. For one thread, while
 * nothing else changes the data.
 */
public final class Fsck {

    /**
     * What was found.
     *
     * @param bytes the size of all blobs
     * @param objects what the store holds
     * @param sparseReferences references of manifests to what was never there
     * @param doomedObjects objects that wait for their deletion
     * @param damaged how many things are damaged; {@code damage} has the first 1000 of them, and so on
     */
    public record Report(
            long blobs,
            long bytes,
            long objects,
            long manifests,
            long tags,
            long sparseReferences,
            long openUploads,
            long doomedObjects,
            long damaged,
            long warned,
            long repaired,
            List<String> damage,
            List<String> warnings,
            List<String> repairs) {
        /** Whether nothing is damaged. */
        public boolean sound() {
            return damaged == 0;
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
    private final Findings findings;

    /** A check whose findings are in its report alone. */
    public Fsck(Database database, BlobStore store, boolean repair, Progress progress) {
        this(database, store, repair, progress, finding -> {});
    }

    /**
     * @param repair whether to mark damaged blobs, so that the next push of their digest heals them, to remove what nothing
     *     names, and to compute counters anew
     * @param listener hears every finding at once, on the thread of {@link #run}
     */
    public Fsck(Database database, BlobStore store, boolean repair, Progress progress, Consumer<Finding> listener) {
        this.database = database;
        this.store = store;
        this.repair = repair;
        this.progress = progress;
        this.findings = new Findings(listener);
    }

    /** @throws IOException when the store itself cannot be read */
    public Report run() throws IOException {
        var uploads = new UploadCheck(database, store, findings, repair);
        uploads.run(); // first, since a repair turns half-born objects into uploads again
        var blobs = new BlobCheck(database, store, findings, repair, progress);
        blobs.run();
        var objects = new ObjectCheck(database, store, findings, repair);
        objects.run();
        var manifests = new ManifestCheck(database, findings, repair);
        manifests.run();
        var references = new ReferenceCheck(database, findings, repair);
        references.run();
        new CounterCheck(database, findings, repair).run();
        return new Report(
                blobs.count(),
                blobs.bytes(),
                objects.count(),
                manifests.count(),
                references.tags(),
                findings.count(Finding.Kind.SPARSE),
                uploads.count(),
                objects.doomed(),
                findings.count(Finding.Kind.DAMAGE),
                findings.count(Finding.Kind.WARNING),
                findings.count(Finding.Kind.REPAIR),
                findings.first(Finding.Kind.DAMAGE),
                findings.first(Finding.Kind.WARNING),
                findings.first(Finding.Kind.REPAIR));
    }
}
