package io.berth.access;

import io.berth.http.Principal;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;

/** Answers every permission question. Thread-safe; never blocks, so that it can be asked on an event loop. */
public interface Authorizer {

    /**
     * Whether {@code principal} may do {@code action}.
     *
     * @param reference the tag or digest that it is about, null when it is about the repository or a blob
     */
    Decision decide(Principal principal, Action action, RepositoryName repository, Reference reference);

    /** Whether {@code principal} may list all repositories. */
    Decision decideCatalog(Principal principal);

    /** Whether {@code principal} may read metrics and other facts about the server. */
    Decision decideOperations(Principal principal);

    /** Whether anybody may pull from the repository, so that shared caches may keep what they see. */
    boolean isPublic(RepositoryName repository);
}
