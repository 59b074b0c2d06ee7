package io.berth.registry;

import io.berth.access.Authorizer;
import io.berth.access.Permission;
import io.berth.access.TagFilter;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * What may be referred to by somebody who may not pull all of a repository. A manifest makes what it names pullable through
 * its own tags; so they may name what they may pull anyway, and what they have proved to have by pushing it. Everything else
 * is missing to them, as it is when they ask for it. Thread-safe.
 */
final class Proofs {
    /** Where nobody is limited. */
    static final Proofs UNNEEDED = new Proofs((principal, name) -> TagFilter.ALL);

    private final BiFunction<Principal, RepositoryName, TagFilter> pullable;

    private Proofs(BiFunction<Principal, RepositoryName, TagFilter> pullable) {
        this.pullable = pullable;
    }

    static Proofs of(Authorizer authorizer) {
        return new Proofs((principal, name) -> authorizer.tags(principal.byCredentialAlone(), Permission.PULL, name));
    }

    /** Whose push it is. May read the database, so it is asked before the transaction. */
    Holder holder(Principal principal, RepositoryName name) {
        return new Holder(principal.identity(), pullable.apply(principal, name), new HashMap<>());
    }

    /**
     * Somebody who pushes.
     *
     * @param pullable the tags that they may pull
     * @param judged what has been found out during this push
     */
    record Holder(String principal, TagFilter pullable, Map<Digest, Boolean> judged) {
        /** Who may refer to anything. */
        static final Holder OF_ALL = new Holder("", TagFilter.ALL, Map.of());

        /** Notes that they have it, until {@code until}. */
        void note(Tx tx, long repository, Digest digest, long until) {
            if (!pullable.all()) {
                ProofDao dao = tx.dao(ProofDao.class);
                dao.deleteEnded(tx.nowMillis());
                dao.put(repository, digest.toString(), principal, until);
            }
        }

        boolean mayReferTo(Tx tx, long repository, Digest digest) {
            return pullable.all() || judged.computeIfAbsent(digest, missing -> judge(tx, repository, missing));
        }

        // A manifest may name the same many times, and the walk may be long.
        private boolean judge(Tx tx, long repository, Digest digest) {
            return tx.dao(ProofDao.class).count(repository, digest.toString(), principal, tx.nowMillis()) > 0
                    || TagPaths.reaches(tx, repository, digest, pullable::contains);
        }
    }
}
