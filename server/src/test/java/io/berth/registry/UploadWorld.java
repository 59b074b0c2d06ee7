package io.berth.registry;

import io.berth.SteppedClock;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import io.berth.project.TestProjects;
import io.berth.store.BlobContent;
import io.berth.store.ChunkSource;
import io.berth.store.FileBlobStore;
import io.berth.store.ObjectKey;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** Uploads on a real database and store, under a clock that a test owns. */
final class UploadWorld implements AutoCloseable {
    static final int INLINE_LIMIT = 1000;
    static final Duration EXPIRY = Duration.ofHours(24);
    static final RepositoryName NAME = RepositoryName.parse("library/alpine");
    static final Principal ADMIN = TestProjects.SYSTEM;

    final SteppedClock clock = new SteppedClock(Instant.parse("2026-01-01T00:00:00Z"));
    final Path blobs;
    final Database database;
    final FileBlobStore store;
    private final BerthConfig.Registry rules;
    private final Random random = new Random(11);
    private long minFree;
    Uploads uploads;

    UploadWorld(Path directory) throws IOException {
        this(directory, 0, 0);
    }

    UploadWorld(Path directory, long maxBlobSize, long maxOpenUploadBytes) throws IOException {
        blobs = directory.resolve("blobs");
        rules = new BerthConfig.Registry(
                false,
                BerthConfig.Challenge.TOKEN,
                false,
                BerthConfig.MissingReferences.REFUSE,
                8 << 20,
                maxBlobSize,
                EXPIRY,
                maxOpenUploadBytes);
        database = TestDatabase.SQLITE.open(directory, clock, random);
        store = new FileBlobStore(blobs, new UploadWriter(2, Long.MAX_VALUE));
        begin();
    }

    private void begin() {
        var leases = new Leases(clock, EXPIRY);
        var commit = new CommitBlob(
                database,
                store,
                new RegistryCache(1 << 20),
                leases,
                new Repositories(TestProjects.of(database)),
                INLINE_LIMIT);
        uploads = new Uploads(
                database,
                store,
                commit,
                rules,
                INLINE_LIMIT,
                new FreeSpace(Map.of("blobs", store::usableSpace), minFree, System::nanoTime),
                clock,
                random);
    }

    void requireFree(long bytes) {
        minFree = bytes;
        begin();
    }

    /** Forgets what is in memory and recovers, as a start does; after a crash nothing was written down before. */
    void restart(boolean crash) throws IOException {
        if (!crash) {
            uploads.flush();
        }
        settle();
        begin();
        List<UploadDao.UploadRow> rows = rows();
        store.recover(
                upload -> rows.stream()
                        .anyMatch(row ->
                                row.id().equals(upload.id().toString()) && row.generation() == upload.generation()),
                key -> blob(key.digest())
                        .filter(blob -> blob.generation() == key.generation())
                        .isPresent());
        uploads.countEarlier();
    }

    /** Waits until what is written later has been written. */
    void settle() {
        database.write(tx -> null);
    }

    List<UploadDao.UploadRow> rows() {
        return database.read(tx -> tx.dao(UploadDao.class).all());
    }

    Optional<BlobDao.Blob> blob(Digest digest) {
        return database.read(tx -> tx.dao(BlobDao.class).find(digest.toString()));
    }

    byte[] content(Digest digest) throws IOException {
        BlobDao.Blob blob = blob(digest).orElseThrow();
        if (blob.store().equals(BlobDao.INLINE)) {
            return database.read(tx -> tx.dao(BlobDao.class)
                    .content(digest.toString(), blob.generation())
                    .orElseThrow());
        }
        var key = new ObjectKey(digest, blob.generation());
        try (var region = (BlobContent.FileRegion) store.read(key, 0, blob.size())) {
            return Channels.newInputStream(region.channel()).readAllBytes();
        }
    }

    List<String> uploadFiles() {
        try (Stream<Path> files = Files.list(blobs.resolve("uploads"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    UploadSession open() {
        return uploads.open(NAME, ADMIN, Digest.Algorithm.SHA256);
    }

    UploadSession find(String id) throws IOException {
        return uploads.find(id, NAME, ADMIN);
    }

    void finish(UploadSession session, Digest digest, Uploads.Body body) throws IOException {
        uploads.finish(session, digest, null, body, ADMIN, Change.Origin.SYSTEM);
    }

    static Uploads.Body body(byte[] content) {
        return new Uploads.Body(pieces(content, null), content.length);
    }

    static Uploads.Body chunked(byte[] content) {
        return new Uploads.Body(pieces(content, null), -1);
    }

    static Uploads.Body cutOff(byte[] arrived, IOException failure) {
        return new Uploads.Body(pieces(arrived, failure), -1);
    }

    private static ChunkSource pieces(byte[] content, IOException failure) {
        return new ChunkSource() {
            private int position;

            @Override
            public ByteBuffer next() throws IOException {
                if (position == content.length) {
                    if (failure != null) {
                        throw failure;
                    }
                    return null;
                }
                int end = Math.min(content.length, position + 700);
                var piece = ByteBuffer.wrap(Arrays.copyOfRange(content, position, end));
                position = end;
                return piece;
            }
        };
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        database.close();
    }
}
