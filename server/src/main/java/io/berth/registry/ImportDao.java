package io.berth.registry;

import java.util.Optional;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL that only an import needs. */
interface ImportDao {
    /** 1 when the repository has the manifest and all that it refers to. */
    @SqlQuery("""
            SELECT COUNT(*) FROM manifest m JOIN repository r ON r.id = m.repository_id
            WHERE r.name = :repository AND m.digest = :digest
              AND NOT EXISTS (SELECT 1 FROM manifest_reference mr
                              WHERE mr.manifest_id = m.id AND NOT mr.resolved AND mr.kind <> 'FOREIGN')
            """)
    int countWhole(@Bind("repository") String repository, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT t.digest FROM tag t JOIN repository r ON r.id = t.repository_id
            WHERE r.name = :repository AND t.name = :tag
            """)
    Optional<String> tag(@Bind("repository") String repository, @Bind("tag") String tag);

    /** Who set or deleted a tag last; nothing when nobody ever did. */
    @SqlQuery("""
            SELECT COALESCE(h.actor, '') FROM tag_history h JOIN repository r ON r.id = h.repository_id
            WHERE r.name = :repository AND h.name = :tag ORDER BY h.id DESC LIMIT 1
            """)
    Optional<String> lastActor(@Bind("repository") String repository, @Bind("tag") String tag);
}
