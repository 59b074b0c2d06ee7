package io.berth.registry;

import io.berth.access.Authorizer;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import java.util.List;
import java.util.Optional;

/** Links a blob of another repository without its bytes being sent. Thread-safe. */
final class MountBlob {
    private static final int CANDIDATES = 100;

    private final Database database;
    private final Authorizer authorizer;
    private final Repositories repositories;
    private final RegistryCache cache;
    private final Leases leases;

    MountBlob(Database database, Authorizer authorizer, Repositories repositories, RegistryCache cache, Leases leases) {
        this.repositories = repositories;
        this.database = database;
        this.authorizer = authorizer;
        this.cache = cache;
        this.leases = leases;
    }

    /**
     * @param from where the client says that the blob is; empty when it leaves that to the registry, which then takes any
     *     repository that the caller may pull from
     * @return false when there is nothing that the caller could mount, for whatever reason
     */
    boolean mount(
            RepositoryName target,
            Digest digest,
            Optional<RepositoryName> from,
            Principal principal,
            Change.Origin origin) {
        List<String> holders = from.map(name -> List.of(name.value()))
                .orElseGet(
                        () -> database.read(tx -> tx.dao(BlobDao.class).repositoriesOf(digest.toString(), CANDIDATES)));
        // A token's scope names the target alone; the credential that it was issued for may pull from where it may.
        Principal owner = principal.byCredentialAlone();
        for (String source : holders) {
            Target content = Target.content(new RepositoryName(source), digest);
            Change.Gate pulls = authorizer.gate(owner, Permission.PULL, content);
            if (authorizer.decide(owner, Permission.PULL, content).allowed()) {
                return mount(target, digest, source, principal, origin.through(pulls));
            }
        }
        return false;
    }

    private boolean mount(
            RepositoryName target, Digest digest, String source, Principal principal, Change.Origin origin) {
        Proofs.Holder holder = repositories.holder(principal, target);
        return database.write(tx -> {
            origin.gate().require(tx);
            BlobDao dao = tx.dao(BlobDao.class);
            Optional<BlobDao.LinkedBlob> blob = dao.findLinked(source, digest.toString());
            if (blob.isEmpty() || blob.get().state().equals(BlobDao.DAMAGED)) {
                return false;
            }
            dao.setState(digest.toString(), BlobDao.LIVE, tx.nowMillis());
            var repository = repositories.forPush(tx, target, principal, origin);
            long leasedUntil = leases.from(tx.nowMillis());
            Repositories.link(
                    tx, target, repository, digest.toString(), blob.get().size(), leasedUntil, origin);
            holder.note(tx, repository.id(), digest, leasedUntil);
            tx.afterCommit(() -> cache.changed(target));
            return true;
        });
    }
}
