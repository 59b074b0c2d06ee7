package io.berth.access;

import java.util.List;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of what somebody may see. */
interface VisibleRepositoriesDao {
    // What was granted is read once. Projects that are seen as a whole come in their order, each with its repositories
    // in
    // theirs, so that the database stops at the limit; CROSS JOIN keeps SQLite from turning that around. Single
    // repositories are found by their grants, however many others there are.
    @SqlQuery("""
            WITH mine AS (
                SELECT g.id, g.scope, g.project_id, g.repository_pattern IS NULL AS whole FROM access_grant g
                WHERE ((g.subject_kind = :kind AND g.subject_id = :id)
                    OR (:kind = 'USER' AND g.subject_kind = 'GROUP' AND g.subject_id IN
                        (SELECT ag.group_id FROM account_group ag WHERE ag.account_id = :id)))
                  AND (EXISTS (SELECT 1 FROM role_permission rp WHERE rp.role_id = g.role_id
                                 AND rp.resource = 'repository' AND rp.action IN ('list', 'pull'))
                    OR EXISTS (SELECT 1 FROM grant_permission gp WHERE gp.grant_id = g.id
                                 AND gp.resource = 'repository' AND gp.action IN ('list', 'pull'))))
            SELECT name FROM (
                SELECT * FROM (
                    SELECT r.name FROM project p CROSS JOIN repository r
                    WHERE r.project_id = p.id AND r.listed AND r.name > :after AND p.prefix >= :fromProject
                      AND ((:public AND p.public)
                        OR p.id IN (SELECT m.project_id FROM mine m WHERE m.whole AND m.scope = 'PROJECT')
                        OR EXISTS (SELECT 1 FROM mine m WHERE m.whole AND m.scope <> 'PROJECT'))
                    ORDER BY p.prefix, r.name LIMIT :limit) AS whole_projects
                UNION
                SELECT * FROM (
                    SELECT r.name FROM mine m CROSS JOIN grant_repository gr CROSS JOIN repository r
                    WHERE NOT m.whole AND m.scope <> 'SYSTEM' AND gr.grant_id = m.id AND r.id = gr.repository_id AND r.listed
                      AND r.name > :after
                    ORDER BY r.name LIMIT :limit) AS single_repositories) AS seen
            ORDER BY name LIMIT :limit
            """)
    List<String> page(
            @Bind("kind") String kind,
            @Bind("id") long id,
            @Bind("public") boolean publicOnes,
            @Bind("fromProject") String fromProject,
            @Bind("after") String after,
            @Bind("limit") int limit);
}
