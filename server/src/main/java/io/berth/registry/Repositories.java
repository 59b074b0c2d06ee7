package io.berth.registry;

import io.berth.access.Grants;
import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.Json;
import io.berth.oci.RepositoryName;
import io.berth.project.Charges;
import io.berth.project.Projects;
import java.util.Optional;

/** What several use cases do to repositories within their transactions. */
final class Repositories {
    private final Projects projects;
    private final Proofs proofs;

    Repositories(Projects projects) {
        this(projects, Proofs.UNNEEDED);
    }

    Repositories(Projects projects, Proofs proofs) {
        this.projects = projects;
        this.proofs = proofs;
    }

    /** Who pushes to a repository, asked before the transaction. */
    Proofs.Holder holder(Principal principal, RepositoryName name) {
        return proofs.holder(principal, name);
    }

    /** The repository, made when this is its first content; so is its project when the principal may make one. */
    RepositoryDao.Repository forPush(Tx tx, RepositoryName name, Principal principal, Change.Origin origin) {
        RepositoryDao dao = tx.dao(RepositoryDao.class);
        Optional<RepositoryDao.Repository> existing = dao.find(name.value());
        if (existing.isPresent()) {
            return existing.get();
        }
        long project = projects.forPush(tx, name.project(), principal, origin);
        RepositoryDao.Repository made = dao.insert(project, name.value(), tx.nowMillis());
        Grants.repositoryCreated(tx, project, made.id(), name);
        return made;
    }

    /** Makes a blob visible in the repository and charges its project; a link that exists has its lease renewed. */
    static void link(
            Tx tx,
            RepositoryName name,
            RepositoryDao.Repository repository,
            String digest,
            long size,
            long leasedUntil,
            Change.Origin origin) {
        BlobDao dao = tx.dao(BlobDao.class);
        if (dao.link(repository.id(), digest, leasedUntil) == 0) {
            dao.lease(repository.id(), digest, leasedUntil);
        } else {
            Charges.link(tx, repository.projectId(), digest, size);
            tx.dao(ManifestDao.class).resolveBlob(repository.id(), digest);
            tx.change(new Change("blob-linked", name + "@" + digest, Json.object("size", size), origin));
        }
        // Whatever nobody has referred to when the lease ends is looked at then.
        dao.review("BLOB", digest, leasedUntil);
    }

    /** Removes a blob from the repository unless a manifest or a lease still holds it there. */
    static boolean unlinkUnused(Tx tx, RepositoryDao.Repository repository, String digest) {
        BlobDao dao = tx.dao(BlobDao.class);
        if (dao.unlinkUnused(repository.id(), digest, tx.nowMillis()) == 0) {
            return false;
        }
        Charges.unlink(tx, repository.projectId(), digest);
        dao.review("BLOB", digest, tx.nowMillis());
        return true;
    }
}
