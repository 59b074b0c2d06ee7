package io.berth.registry;

import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of what was pulled how often and when. */
interface PullCountDao {
    @SqlUpdate("UPDATE repository SET pulls = pulls + :times WHERE name = :repository")
    void repository(@Bind("repository") String repository, @Bind("times") long times);

    @SqlUpdate("""
            UPDATE manifest SET pulled_at = :at WHERE digest = :digest
            AND repository_id = (SELECT id FROM repository WHERE name = :repository)
            AND COALESCE(pulled_at, 0) < :at
            """)
    void manifest(@Bind("repository") String repository, @Bind("digest") String digest, @Bind("at") long at);

    /** A tag that has been moved since was not pulled as what it is now. */
    @SqlUpdate("""
            UPDATE tag SET pulled_at = :at WHERE name = :tag AND digest = :digest
            AND repository_id = (SELECT id FROM repository WHERE name = :repository)
            AND COALESCE(pulled_at, 0) < :at
            """)
    void tag(
            @Bind("repository") String repository,
            @Bind("tag") String tag,
            @Bind("digest") String digest,
            @Bind("at") long at);
}
