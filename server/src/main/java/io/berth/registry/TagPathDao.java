package io.berth.registry;

import java.util.List;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of the steps from a digest up to tags. */
interface TagPathDao {
    @SqlQuery("""
            SELECT name FROM tag WHERE repository_id = :repository AND digest = :digest
            UNION SELECT name FROM tag_history
                WHERE repository_id = :repository AND previous = :digest AND at > :recent
            """)
    List<String> tags(@Bind("repository") long repository, @Bind("digest") String digest, @Bind("recent") long recent);

    /** What names it, and what it is about. */
    @SqlQuery("""
            SELECT m.digest FROM manifest_reference mr JOIN manifest m ON m.id = mr.manifest_id
                WHERE mr.repository_id = :repository AND mr.digest = :digest AND mr.resolved
            UNION SELECT subject FROM manifest
                WHERE repository_id = :repository AND digest = :digest AND subject IS NOT NULL
            LIMIT :limit
            """)
    List<String> parents(@Bind("repository") long repository, @Bind("digest") String digest, @Bind("limit") int limit);
}
