package io.berth.registry;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.EntityTags;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Charges;
import java.util.List;
import java.util.Optional;

/** Deletes a tag, or a manifest with all its tags. Thread-safe. */
final class DeleteManifest {
    private final Database database;
    private final RegistryCache cache;

    DeleteManifest(Database database, RegistryCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /**
     * @param ifMatch the If-Match header, or null; conditions are for tags
     * @param ifNoneMatch the If-None-Match header, or null
     * @throws OciException {@code MANIFEST_UNKNOWN}; {@code UNSUPPORTED} for the child of a present index; {@code
     *     PRECONDITION_FAILED}
     */
    void delete(RepositoryName name, Reference reference, String ifMatch, String ifNoneMatch, Change.Origin origin) {
        database.write(tx -> {
            origin.gate().require(tx);
            RepositoryDao.Repository repository =
                    tx.dao(RepositoryDao.class).find(name.value()).orElseThrow(() -> PullManifest.unknown(reference));
            switch (reference) {
                case Tag tag -> deleteTag(tx, name, repository, tag, ifMatch, ifNoneMatch, origin);
                case Digest digest -> deleteManifest(tx, name, repository, digest, origin);
            }
            return null;
        });
    }

    private void deleteTag(
            Tx tx,
            RepositoryName name,
            RepositoryDao.Repository repository,
            Tag tag,
            String ifMatch,
            String ifNoneMatch,
            Change.Origin origin) {
        Optional<String> digest = tx.dao(TagDao.class).digest(repository.id(), tag.name());
        if (ifMatch != null && !EntityTags.matchesStrongly(ifMatch, digest.orElse(null))) {
            throw new OciException(ErrorCode.PRECONDITION_FAILED, "the tag does not have the digest of If-Match");
        }
        if (ifNoneMatch != null && EntityTags.matches(ifNoneMatch, digest.orElse(null))) {
            throw new OciException(ErrorCode.PRECONDITION_FAILED, "the tag has the digest of If-None-Match");
        }
        String named = digest.orElseThrow(() -> PullManifest.unknown(tag));
        removeTag(tx, name, repository, tag, Digest.parse(named), origin);
    }

    /** Deletes a manifest with its tags within a transaction. */
    void deleteManifest(
            Tx tx, RepositoryName name, RepositoryDao.Repository repository, Digest digest, Change.Origin origin) {
        if (tx.dao(ManifestDao.class).find(repository.id(), digest.toString()).isEmpty()) {
            throw PullManifest.unknown(digest);
        }
        Optional<String> index = tx.dao(ManifestDao.class).referringManifest(repository.id(), digest.toString());
        if (index.isPresent()) {
            throw new OciException(
                            ErrorCode.UNSUPPORTED,
                            "index " + index.get() + " refers to this manifest, delete the index first")
                    .detail("manifest", index.get());
        }
        if (!remove(tx, name, repository, digest, origin)) {
            throw PullManifest.unknown(digest);
        }
    }

    /** Deletes a manifest with its tags, even one that an index refers to; false when it is not there. */
    boolean remove(
            Tx tx, RepositoryName name, RepositoryDao.Repository repository, Digest digest, Change.Origin origin) {
        ManifestDao manifests = tx.dao(ManifestDao.class);
        Optional<ManifestDao.ManifestKey> found = manifests.lock(repository.id(), digest.toString());
        if (found.isEmpty()) {
            return false;
        }
        ManifestDao.ManifestKey manifest = found.get();
        List<String> tags = tx.dao(TagDao.class).tagsOf(repository.id(), digest.toString());
        for (String tag : tags) {
            removeTag(tx, name, repository, new Tag(tag), digest.toString(), origin);
        }
        List<String> blobs = manifests.blobsOf(manifest.id());
        List<String> children = manifests.childrenOf(manifest.id());
        manifests.deleteReferences(manifest.id());
        manifests.delete(manifest.id());
        manifests.deleteUnusedContent(digest.toString());
        Charges.unlink(tx, repository.projectId(), digest.toString());
        // Looked at when they were pushed, they were kept for this index, and nobody would look again.
        children.forEach(child -> tx.dao(BlobDao.class).review("MANIFEST", name + "@" + child, tx.nowMillis()));
        List<String> unlinked = blobs.stream()
                .filter(blob -> Repositories.unlinkUnused(tx, repository, blob))
                .toList();
        tx.change(new Change(
                "manifest-deleted",
                name + "@" + digest,
                Json.object("mediaType", manifest.mediaType(), "size", manifest.size(), "tags", tags),
                origin));
        tx.afterCommit(() -> {
            cache.changed(name);
            cache.removeManifest(name, digest);
            tags.forEach(tag -> cache.removeManifest(name, new Tag(tag)));
            unlinked.forEach(blob -> cache.removeBlob(name, Digest.parse(blob)));
            cache.namesChanged(name.value());
        });
        return true;
    }

    /** Removes a tag of a manifest within a transaction. */
    void removeTag(
            Tx tx,
            RepositoryName name,
            RepositoryDao.Repository repository,
            Tag tag,
            Digest digest,
            Change.Origin origin) {
        removeTag(tx, name, repository, tag, digest.toString(), origin);
        tx.afterCommit(() -> {
            cache.changed(name);
            cache.removeManifest(name, tag);
            cache.namesChanged(name.value());
        });
    }

    private static void removeTag(
            Tx tx,
            RepositoryName name,
            RepositoryDao.Repository repository,
            Tag tag,
            String digest,
            Change.Origin origin) {
        TagDao tags = tx.dao(TagDao.class);
        tags.delete(repository.id(), tag.name());
        tags.history(repository.id(), tag.name(), null, digest, origin.actor(), tx.nowMillis());
        tx.dao(BlobDao.class).review("MANIFEST", name + "@" + digest, tx.nowMillis());
        tx.change(new Change("tag-deleted", name + ":" + tag, Json.object("previous", digest), origin));
    }
}
