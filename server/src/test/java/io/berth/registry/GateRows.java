package io.berth.registry;

import java.util.List;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** What content there is, for tests that want none of it changed. */
interface GateRows {
    @SqlQuery("""
            SELECT 'manifest ' || digest FROM manifest UNION ALL SELECT 'tag ' || name || ' ' || digest FROM tag
            UNION ALL SELECT 'blob ' || digest FROM blob UNION ALL SELECT 'link ' || digest FROM repo_blob
            UNION ALL SELECT 'charge ' || digest FROM project_blob UNION ALL SELECT 'repository ' || name FROM repository
            UNION ALL SELECT 'change ' || kind || ' ' || key FROM change
            WHERE kind IN ('manifest-put', 'manifest-deleted', 'tag-set', 'tag-deleted', 'blob-linked', 'blob-unlinked')
            ORDER BY 1
            """)
    List<String> everything();
}
