package io.berth.registry;

import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Finds a manifest by tag or digest. Thread-safe. */
final class PullManifest {
    private final Database database;
    private final RegistryCache cache;
    private final Leases leases;

    PullManifest(Database database, RegistryCache cache, Leases leases) {
        this.database = database;
        this.cache = cache;
        this.leases = leases;
    }

    /**
     * The manifest when it is in memory and the caller needs no new lease, else null. Never blocks.
     *
     * @param lease whether the caller may push, and so may rely on the answer; asked only when that would need a new lease
     */
    RegistryCache.CachedManifest atOnce(RepositoryName repository, Reference reference, BooleanSupplier lease) {
        RegistryCache.CachedManifest known = cache.manifest(repository, reference);
        return known == null || !leases.fresh(known.leasedUntil()) && lease.getAsBoolean() ? null : known;
    }

    /**
     * @param lease as above
     * @throws OciException {@code MANIFEST_UNKNOWN}
     */
    RegistryCache.CachedManifest get(RepositoryName repository, Reference reference, BooleanSupplier lease) {
        RegistryCache.CachedManifest manifest = cache.manifest(repository, reference);
        if (manifest == null) {
            long version = cache.version(repository.value());
            manifest = read(repository, reference);
            cache.fill(repository, reference, manifest, version);
        }
        if (!leases.fresh(manifest.leasedUntil()) && lease.getAsBoolean()) {
            renew(manifest, repository);
        }
        return manifest;
    }

    private RegistryCache.CachedManifest read(RepositoryName repository, Reference reference) {
        Optional<ManifestDao.StoredManifest> found = database.read(tx -> {
            ManifestDao dao = tx.dao(ManifestDao.class);
            return switch (reference) {
                case Tag tag -> dao.findByTag(repository.value(), tag.name());
                case Digest digest -> dao.findByDigest(repository.value(), digest.toString());
            };
        });
        return found.map(stored -> new RegistryCache.CachedManifest(
                        stored.id(), stored.digest(), stored.mediaType(), stored.content(), stored.leasedUntil()))
                .orElseThrow(() -> unknown(reference));
    }

    private void renew(RegistryCache.CachedManifest manifest, RepositoryName repository) {
        long until = database.write(tx -> {
            long end = leases.from(tx.nowMillis());
            tx.dao(ManifestDao.class).lease(manifest.id, end);
            tx.dao(BlobDao.class).review("MANIFEST", repository + "@" + manifest.digest, end);
            return end;
        });
        manifest.leasedUntil(until);
    }

    static OciException unknown(Reference reference) {
        return new OciException(ErrorCode.MANIFEST_UNKNOWN, "manifest unknown to registry")
                .detail("reference", reference.toString());
    }
}
