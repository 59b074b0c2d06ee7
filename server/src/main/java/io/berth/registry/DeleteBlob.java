package io.berth.registry;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.project.Charges;
import java.util.Optional;

/** Removes a blob from a repository; its bytes go when no repository has it any more. Thread-safe. */
final class DeleteBlob {
    private final Database database;
    private final RegistryCache cache;

    DeleteBlob(Database database, RegistryCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /**
     * @throws OciException {@code BLOB_UNKNOWN} when the repository does not have it, {@code UNSUPPORTED} when a manifest
     *     of the repository refers to it
     */
    void delete(RepositoryName name, Digest digest, Change.Origin origin) {
        database.write(tx -> {
            origin.gate().require(tx);
            RepositoryDao.Repository repository =
                    tx.dao(RepositoryDao.class).find(name.value()).orElseThrow(() -> PullBlob.unknown(digest));
            Optional<String> manifest = tx.dao(ManifestDao.class).referringManifest(repository.id(), digest.toString());
            if (manifest.isPresent()) {
                throw new OciException(
                                ErrorCode.UNSUPPORTED,
                                "manifest " + manifest.get() + " refers to this blob, delete the manifest first")
                        .detail("manifest", manifest.get());
            }
            BlobDao dao = tx.dao(BlobDao.class);
            BlobDao.Blob blob =
                    dao.findIn(repository.id(), digest.toString()).orElseThrow(() -> PullBlob.unknown(digest));
            if (dao.unlink(repository.id(), digest.toString()) == 0) {
                throw PullBlob.unknown(digest);
            }
            Charges.unlink(tx, repository.projectId(), digest.toString());
            dao.review("BLOB", digest.toString(), tx.nowMillis());
            tx.change(new Change("blob-unlinked", name + "@" + digest, Json.object("size", blob.size()), origin));
            tx.afterCommit(() -> {
                cache.changed(name);
                cache.removeBlob(name, digest);
            });
            return null;
        });
    }
}
