package io.berth.registry;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import io.berth.store.BlobContent;
import io.berth.store.BlobStore;
import io.berth.store.ChunkSource;
import io.berth.store.HashingSource;
import io.berth.store.ObjectKey;
import io.berth.store.UploadState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Takes blobs of a docker-registry's tree in. What is here already and healthy is only linked; a blob that was found
 * damaged here is healed by the tree's. For one thread.
 */
final class ImportBlobs {

    /** Whether the repository has the blob now. */
    enum Outcome {
        PRESENT,
        /** The tree does not have it: for the caller to judge. */
        MISSING,
        /** What the tree has cannot be used, and that was told. */
        BAD
    }

    private final DistributionTree tree;
    private final Database database;
    private final BlobStore store;
    private final CommitBlob commitBlob;
    private final RegistryImport.Mode mode;
    private final RegistryImport.Progress progress;
    private final Clock clock;
    private final RandomGenerator random;
    private final Principal principal;
    private final Change.Origin origin;
    private final Set<Digest> seen = new HashSet<>();
    private final Set<Digest> bad = new HashSet<>();
    private final Set<Digest> verified = new HashSet<>();
    private final byte[] buffer = new byte[1 << 20];
    private final long total;
    private long done;
    private long count;
    private long bytes;

    ImportBlobs(
            DistributionTree tree,
            Database database,
            BlobStore store,
            CommitBlob commitBlob,
            RegistryImport.Mode mode,
            RegistryImport.Progress progress,
            Clock clock,
            RandomGenerator random,
            Principal principal,
            Change.Origin origin) {
        this.tree = tree;
        this.database = database;
        this.store = store;
        this.commitBlob = commitBlob;
        this.mode = mode;
        this.progress = progress;
        this.clock = clock;
        this.random = random;
        this.principal = principal;
        this.origin = origin;
        this.total = tree.size();
    }

    /** How many blobs came in that were not here before, or would have. */
    long count() {
        return count;
    }

    /** How many bytes they have. */
    long bytes() {
        return bytes;
    }

    /** Says that everything has been dealt with. */
    void finish() {
        progress.bytes(total, total);
    }

    /**
     * Makes {@code digest} a blob of the repository, if the tree has its bytes or they are here already.
     *
     * @throws IOException when the store cannot be written
     */
    Outcome bring(RepositoryName repository, Digest digest) throws IOException {
        boolean first = seen.add(digest);
        if (commitBlob.isHealthy(digest)) {
            if (first) {
                advance(sizeInTree(digest));
            }
            link(repository, digest);
            if (first && mode.move() && !mode.dryRun()) {
                removeFromTree(digest);
            }
            return Outcome.PRESENT;
        }
        if (bad.contains(digest)) {
            return Outcome.BAD;
        }
        Path file;
        try {
            file = tree.blob(digest);
        } catch (NoSuchFileException e) {
            return Outcome.MISSING;
        } catch (IOException e) {
            return refuse(digest, DistributionTree.describe(Path.of(digest.toString()), e));
        }
        if (verified.contains(digest)) {
            return Outcome.PRESENT; // a dry run has counted it
        }
        Optional<String> problem = verify(file, digest);
        if (problem.isPresent()) {
            return refuse(digest, file + ": " + problem.get());
        }
        count++;
        bytes += Files.size(file);
        if (mode.dryRun()) {
            verified.add(digest);
            return Outcome.PRESENT;
        }
        var state = new UploadState(new UUID(random.nextLong(), random.nextLong()), random.nextLong(), 0);
        commit(
                repository,
                digest,
                session(repository, digest, store.take(state, file, mode.take()))
                        .withBytesInStore());
        if (mode.move()) {
            Files.deleteIfExists(file);
        }
        return Outcome.PRESENT;
    }

    private Outcome refuse(Digest digest, String why) {
        bad.add(digest);
        progress.damage(why);
        return Outcome.BAD;
    }

    private void link(RepositoryName repository, Digest digest) throws IOException {
        boolean linked = database.read(tx -> tx.dao(BlobDao.class)
                .findLinked(repository.value(), digest.toString())
                .isPresent());
        if (!linked && !mode.dryRun()) {
            // Its bytes are never looked at: the blob is here.
            commit(repository, digest, session(repository, digest, new UploadState(new UUID(0, 0), 0, 0)));
        }
    }

    private UploadSession session(RepositoryName repository, Digest digest, UploadState state) {
        return new UploadSession(
                repository, principal.name(), digest.algorithm(), store, state, clock.millis(), () -> Uploads.NO_ROW);
    }

    private void commit(RepositoryName repository, Digest digest, UploadSession session) throws IOException {
        commitBlob.commit(session, digest, principal, origin);
    }

    private void advance(long byBytes) {
        done += byBytes;
        progress.bytes(Math.min(done, total), total);
    }

    private long sizeInTree(Digest digest) {
        try {
            return DistributionTree.size(tree.blob(digest));
        } catch (IOException e) {
            return 0;
        }
    }

    private Optional<String> verify(Path file, Digest digest) {
        MessageDigest hash = digest.algorithm().newHash();
        try (InputStream in = Files.newInputStream(file)) {
            int read;
            while ((read = in.read(buffer)) > 0) {
                hash.update(buffer, 0, read);
                advance(read);
            }
        } catch (IOException e) {
            return Optional.of("cannot be read (" + e + ")");
        }
        Digest actual = Digest.finish(digest.algorithm(), hash.digest());
        return actual.equals(digest) ? Optional.empty() : Optional.of("its bytes have the digest " + actual);
    }

    // An earlier run may have been cut off between the commit here and the removal there. Before the last copy but
    // ours goes, ours is read.
    private void removeFromTree(Digest digest) throws IOException {
        Path file;
        try {
            file = tree.blob(digest);
        } catch (IOException e) {
            return;
        }
        if (isProvenHere(digest)) {
            Files.deleteIfExists(file);
        } else {
            progress.damage(file + ": stays, since Berth's copy of it is damaged (run berth fsck --repair)");
        }
    }

    private boolean isProvenHere(Digest digest) throws IOException {
        record Here(BlobDao.Blob blob, byte[] content) {}
        Here here = database.read(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            BlobDao.Blob blob = dao.find(digest.toString()).orElseThrow();
            return new Here(
                    blob, dao.content(digest.toString(), blob.generation()).orElse(null));
        });
        MessageDigest hash = digest.algorithm().newHash();
        if (here.content() != null) {
            hash.update(here.content());
            return Digest.finish(digest.algorithm(), hash.digest()).equals(digest);
        }
        var key = new ObjectKey(digest, here.blob().generation());
        try (BlobContent content = store.read(key, 0, here.blob().size())) {
            ChunkSource source = switch (content) {
                case BlobContent.FileRegion region -> pieces(region);
                case BlobContent.Stream stream -> stream.source();
                case BlobContent.Redirect ignored -> () -> null;
            };
            var hashing = new HashingSource(source, hash);
            while (hashing.next() != null) {
                // all the work is in passing through
            }
        }
        return Digest.finish(digest.algorithm(), hash.digest()).equals(digest);
    }

    private ChunkSource pieces(BlobContent.FileRegion region) {
        var at = new long[] {region.offset()};
        return () -> {
            var piece = ByteBuffer.wrap(buffer);
            int read = region.channel().read(piece, at[0]);
            at[0] += Math.max(0, read);
            return read <= 0 ? null : piece.flip();
        };
    }
}
