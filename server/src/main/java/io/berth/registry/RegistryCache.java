package io.berth.registry;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Supplier;

/**
 * What this process knows of repositories without asking the database: manifests by tag and digest, blobs, and pages of
 * names. Only presence is remembered, never absence.
 *
 * <p>A reader may have read an old value just before a writer committed a new one, and fill it in after the writer was
 * here. So a fill carries the repository's version from before its read, and is dropped when a writer has been there
 * since. Writers call {@link #changed} after their commit, in the order of the commits. Versions are shared by
 * repositories of one stripe, which costs a few fills and saves remembering every repository.
 *
 * <p>Thread-safe; never blocks. Tags are kept here only since this process is the database's one writer.
 */
final class RegistryCache {
    private static final int STRIPES = 1024;

    /** A manifest of a repository, with what its answers say. */
    static final class CachedManifest {
        final long id;
        final String digest;
        final String mediaType;
        final byte[] content;
        final String etag;
        private volatile long leasedUntil;

        CachedManifest(long id, String digest, String mediaType, byte[] content, long leasedUntil) {
            this.id = id;
            this.digest = digest;
            this.mediaType = mediaType;
            this.content = content;
            this.etag = '"' + digest + '"';
            this.leasedUntil = leasedUntil;
        }

        long leasedUntil() {
            return leasedUntil;
        }

        void leasedUntil(long until) {
            leasedUntil = until;
        }
    }

    /** A blob of a repository. */
    static final class CachedBlob {
        final long repositoryId;
        final Digest digest;
        final long generation;
        final String store;
        final long size;
        /** The bytes when they lie in the database, else null. */
        final byte[] content;

        private volatile long leasedUntil;

        CachedBlob(
                long repositoryId,
                Digest digest,
                long generation,
                String store,
                long size,
                byte[] content,
                long leasedUntil) {
            this.repositoryId = repositoryId;
            this.digest = digest;
            this.generation = generation;
            this.store = store;
            this.size = size;
            this.content = content;
            this.leasedUntil = leasedUntil;
        }

        long leasedUntil() {
            return leasedUntil;
        }

        void leasedUntil(long until) {
            leasedUntil = until;
        }
    }

    /** A page of tags or repositories. */
    record PageKey(String repository, String after, int limit) {}

    // Valid as long as its version is the current one, so that a change of names costs no search for pages.
    private record VersionedPage(RepositoryDao.NamePage page, long version) {}

    private record ManifestKey(RepositoryName repository, Reference reference) {}

    private record BlobKey(RepositoryName repository, Digest digest) {}

    private final Cache<ManifestKey, CachedManifest> manifests;
    private final Cache<BlobKey, CachedBlob> blobs;
    private final Cache<PageKey, VersionedPage> pages;
    private final AtomicLongArray versions = new AtomicLongArray(STRIPES);
    private final AtomicLongArray nameVersions = new AtomicLongArray(STRIPES);

    /** @param bytes how much memory to use, roughly */
    RegistryCache(long bytes) {
        manifests = Caffeine.newBuilder()
                .maximumWeight(bytes / 2)
                .weigher((ManifestKey key, CachedManifest value) -> 400 + value.content.length)
                .recordStats()
                .build();
        blobs = Caffeine.newBuilder()
                .maximumWeight(bytes / 4)
                .weigher((BlobKey key, CachedBlob value) -> 400 + (value.content == null ? 0 : value.content.length))
                .recordStats()
                .build();
        pages = Caffeine.newBuilder()
                .maximumWeight(bytes / 4)
                .weigher((PageKey key, VersionedPage value) -> 200
                        + (value.page().names() == null
                                ? 0
                                : value.page().names().length()))
                .recordStats()
                .build();
    }

    Cache<?, ?> manifestCache() {
        return manifests;
    }

    Cache<?, ?> blobCache() {
        return blobs;
    }

    CachedManifest manifest(RepositoryName repository, Reference reference) {
        return manifests.getIfPresent(new ManifestKey(repository, reference));
    }

    CachedBlob blob(RepositoryName repository, Digest digest) {
        return blobs.getIfPresent(new BlobKey(repository, digest));
    }

    /** The version to take before reading the database. */
    long version(String repository) {
        return versions.get(stripe(repository));
    }

    void fill(RepositoryName repository, Reference reference, CachedManifest manifest, long version) {
        fill(manifests, new ManifestKey(repository, reference), manifest, repository.value(), version);
    }

    void fill(RepositoryName repository, CachedBlob blob, long version) {
        fill(blobs, new BlobKey(repository, blob.digest), blob, repository.value(), version);
    }

    private <K, V> void fill(Cache<K, V> cache, K key, V value, String repository, long version) {
        // Within compute no writer can invalidate this key between the check and the fill.
        cache.asMap().compute(key, (k, old) -> version(repository) == version ? value : old);
    }

    /** A commit has changed something in {@code repository}; fills that began before it are void from now on. */
    void changed(RepositoryName repository) {
        versions.incrementAndGet(stripe(repository.value()));
    }

    /** The commit has put a manifest under a tag or digest. After {@link #changed}. */
    void put(RepositoryName repository, Reference reference, CachedManifest manifest) {
        manifests.put(new ManifestKey(repository, reference), manifest);
    }

    /** The commit has removed a tag or manifest. After {@link #changed}. */
    void removeManifest(RepositoryName repository, Reference reference) {
        manifests.invalidate(new ManifestKey(repository, reference));
    }

    /** The commit has put or replaced a blob. After {@link #changed}. */
    void put(RepositoryName repository, CachedBlob blob) {
        blobs.put(new BlobKey(repository, blob.digest), blob);
    }

    /** The commit has removed a blob from the repository. After {@link #changed}. */
    void removeBlob(RepositoryName repository, Digest digest) {
        blobs.invalidate(new BlobKey(repository, digest));
    }

    /** The commit has added or removed names: of tags of {@code repository}, or of repositories when it is empty. */
    void namesChanged(String repository) {
        nameVersions.incrementAndGet(stripe(repository));
    }

    /** The page as it is now, from {@code read} unless it is known. */
    RepositoryDao.NamePage page(PageKey key, Supplier<RepositoryDao.NamePage> read) {
        long version = nameVersions.get(stripe(key.repository()));
        VersionedPage known = pages.getIfPresent(key);
        if (known != null && known.version() == version) {
            return known.page();
        }
        RepositoryDao.NamePage page = read.get();
        pages.put(key, new VersionedPage(page, version));
        return page;
    }

    private static int stripe(String repository) {
        int hash = repository.hashCode();
        return (hash ^ hash >>> 16) & STRIPES - 1;
    }
}
