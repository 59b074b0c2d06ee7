package io.berth.access;

import io.berth.db.Database;
import io.berth.http.Principal;
import java.util.List;

/** The repositories that somebody may see, filtered by the database. Thread-safe. */
public final class VisibleRepositories {
    private final Database database;
    private final boolean anonymousPull;

    public VisibleRepositories(Database database, boolean anonymousPull) {
        this.database = database;
        this.anonymousPull = anonymousPull;
    }

    /**
     * Names of repositories that hold or have held a manifest and that {@code principal} may see, in the order of their
     * bytes; for those who may not see everything anyway.
     *
     * @param after only names after this one
     */
    public List<String> page(Principal principal, String after, int limit) {
        boolean publicOnes = anonymousPull || !principal.isAnonymous();
        int slash = after.indexOf('/');
        // Names of one project follow each other, in the order of the projects' names with a slash.
        String fromProject = slash < 0 ? after : after.substring(0, slash + 1);
        return database.read(tx -> tx.dao(VisibleRepositoriesDao.class)
                .page(principal.kind().name(), principal.id(), publicOnes, fromProject, after, limit));
    }
}
