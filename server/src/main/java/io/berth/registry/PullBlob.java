package io.berth.registry;

import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.BlobContent;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds a blob of a repository and opens its bytes. Thread-safe. */
final class PullBlob {
    private static final Logger LOG = LoggerFactory.getLogger(PullBlob.class);

    private final Database database;
    private final BlobStore store;
    private final RegistryCache cache;
    private final Leases leases;

    PullBlob(Database database, BlobStore store, RegistryCache cache, Leases leases) {
        this.database = database;
        this.store = store;
        this.cache = cache;
        this.leases = leases;
    }

    /** As {@link PullManifest#atOnce}. */
    RegistryCache.CachedBlob atOnce(RepositoryName repository, Digest digest, BooleanSupplier lease) {
        RegistryCache.CachedBlob known = cache.blob(repository, digest);
        return known == null || !leases.fresh(known.leasedUntil()) && lease.getAsBoolean() ? null : known;
    }

    /**
     * As {@link PullManifest#get}.
     *
     * @throws OciException {@code BLOB_UNKNOWN} when the repository has no such blob, or its object is gone
     */
    RegistryCache.CachedBlob get(RepositoryName repository, Digest digest, BooleanSupplier lease) throws IOException {
        RegistryCache.CachedBlob blob = cache.blob(repository, digest);
        if (blob == null) {
            long version = cache.version(repository.value());
            blob = read(repository, digest);
            requireObject(blob);
            cache.fill(repository, blob, version);
        }
        if (!leases.fresh(blob.leasedUntil()) && lease.getAsBoolean()) {
            renew(blob);
        }
        return blob;
    }

    /** Opens bytes of a blob that does not lie in the database. */
    BlobContent open(RepositoryName repository, RegistryCache.CachedBlob blob, long offset, long length)
            throws IOException {
        try {
            BlobContent content = store.read(new ObjectKey(blob.digest, blob.generation), offset, length);
            if (content instanceof BlobContent.FileRegion region
                    && region.channel().size() < blob.size) {
                // Remembered as whole it would be promised for ever, and so never pushed again.
                content.close();
                throw new NoSuchFileException(blob.digest.toString());
            }
            return content;
        } catch (NoSuchFileException e) {
            cache.removeBlob(repository, blob.digest);
            throw lost(blob);
        }
    }

    private RegistryCache.CachedBlob read(RepositoryName repository, Digest digest) {
        Optional<RegistryCache.CachedBlob> found = database.read(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            return dao.findLinked(repository.value(), digest.toString())
                    .filter(linked -> !linked.state().equals(BlobDao.DAMAGED))
                    .map(linked -> new RegistryCache.CachedBlob(
                            linked.repositoryId(),
                            digest,
                            linked.generation(),
                            linked.store(),
                            linked.size(),
                            linked.store().equals(BlobDao.INLINE)
                                    ? dao.content(digest.toString(), linked.generation())
                                            .orElse(null)
                                    : null,
                            linked.leasedUntil()));
        });
        return found.orElseThrow(() -> unknown(digest));
    }

    // Told that it exists a client would never push it again, so a lost object has to be noticed here.
    private void requireObject(RegistryCache.CachedBlob blob) throws IOException {
        if (blob.store.equals(BlobDao.INLINE)) {
            if (blob.content == null) {
                throw lost(blob);
            }
        } else if (store.size(new ObjectKey(blob.digest, blob.generation)).orElse(-1) != blob.size) {
            throw lost(blob);
        }
    }

    private void renew(RegistryCache.CachedBlob blob) {
        long until = database.write(tx -> {
            long end = leases.from(tx.nowMillis());
            BlobDao dao = tx.dao(BlobDao.class);
            // A condemned blob comes back to life by being wanted.
            if (dao.countLinks(blob.repositoryId, blob.digest.toString()) == 0) {
                throw unknown(blob.digest);
            }
            dao.setState(blob.digest.toString(), BlobDao.LIVE, tx.nowMillis());
            dao.lease(blob.repositoryId, blob.digest.toString(), end);
            dao.review("BLOB", blob.digest.toString(), end);
            return end;
        });
        blob.leasedUntil(until);
    }

    private OciException lost(RegistryCache.CachedBlob blob) {
        LOG.error("the object of blob {} is missing or has the wrong size; pushing it again heals it", blob.digest);
        return unknown(blob.digest);
    }

    static OciException unknown(Digest digest) {
        return new OciException(ErrorCode.BLOB_UNKNOWN, "blob unknown to registry").detail("digest", digest.toString());
    }
}
