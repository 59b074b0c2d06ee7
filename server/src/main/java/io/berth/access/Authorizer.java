package io.berth.access;

import io.berth.db.Change;
import io.berth.http.Principal;
import io.berth.oci.RepositoryName;

/** Answers every permission question, whoever asks: {@code /v2/}, the APIs, the command line. Thread-safe. */
public interface Authorizer {

    /**
     * The answer when it can be given from memory, else null. Never blocks, so that it can be asked on an event loop.
     */
    Decision decideAtOnce(Principal principal, Permission permission, Target target);

    /** Whether {@code principal} may do it. May read the database. */
    Decision decide(Principal principal, Permission permission, Target target);

    /**
     * What asks again, in the transaction of a change, whether {@code principal} may still make it, and throws {@code DENIED}
     * when not. To be made before the question is asked for the first time: while nobody's rights have changed since then, it
     * costs a comparison.
     */
    Change.Gate gate(Principal principal, Permission permission, Target target);

    /** Whether anybody may pull from the repository, so that shared caches may keep what they see; false when unknown. */
    boolean isPublic(RepositoryName repository);

    /** Which of a repository's tags {@code principal} may do this to. */
    TagFilter tags(Principal principal, Permission permission, RepositoryName repository);
}
