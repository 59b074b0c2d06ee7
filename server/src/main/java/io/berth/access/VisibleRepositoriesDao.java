package io.berth.access;

import java.util.List;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of what somebody may see. */
interface VisibleRepositoriesDao {
    // Projects in their order, each with its repositories in theirs, so that the database stops at the limit; CROSS
    // JOIN
    // keeps SQLite from turning that around. What a project as a whole shows is decided once for each.
    @SqlQuery("""
            SELECT r.name FROM project p CROSS JOIN repository r
            WHERE r.project_id = p.id AND r.listed AND r.name > :after AND p.prefix >= :fromProject
              AND ((:public AND p.public)
                OR EXISTS (
                    SELECT 1 FROM access_grant g
                    WHERE (g.project_id = p.id OR g.scope = 'PROJECTS')
                      AND ((g.subject_kind = :kind AND g.subject_id = :id)
                        OR (:kind = 'USER' AND g.subject_kind = 'GROUP' AND g.subject_id IN
                            (SELECT ag.group_id FROM account_group ag WHERE ag.account_id = :id)))
                      AND (EXISTS (SELECT 1 FROM role_permission rp WHERE rp.role_id = g.role_id
                                     AND rp.resource = 'repository' AND rp.action IN ('list', 'pull'))
                        OR EXISTS (SELECT 1 FROM grant_permission gp WHERE gp.grant_id = g.id
                                     AND gp.resource = 'repository' AND gp.action IN ('list', 'pull')))
                      AND (g.repository_pattern IS NULL
                        OR EXISTS (SELECT 1 FROM grant_repository gr
                                   WHERE gr.grant_id = g.id AND gr.repository_id = r.id))))
            ORDER BY p.prefix, r.name LIMIT :limit
            """)
    List<String> page(
            @Bind("kind") String kind,
            @Bind("id") long id,
            @Bind("public") boolean publicOnes,
            @Bind("fromProject") String fromProject,
            @Bind("after") String after,
            @Bind("limit") int limit);
}
