package io.berth.access;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of grants. */
@RegisterConstructorMapper(Grant.class)
@RegisterConstructorMapper(GrantDao.Pair.class)
@RegisterConstructorMapper(GrantDao.Named.class)
interface GrantDao {
    String GRANT = """
            SELECT g.id, g.subject_kind, g.subject_id, COALESCE(a.name, ug.name, ro.name) AS subject_name, g.scope,
                g.project_id, p.name AS project, g.role_id, r.name AS role, g.repository_pattern, g.tag_pattern
            FROM access_grant g
            LEFT JOIN account a ON g.subject_kind = 'USER' AND a.id = g.subject_id
            LEFT JOIN user_group ug ON g.subject_kind = 'GROUP' AND ug.id = g.subject_id
            LEFT JOIN robot ro ON g.subject_kind = 'ROBOT' AND ro.id = g.subject_id
            LEFT JOIN project p ON p.id = g.project_id
            LEFT JOIN role r ON r.id = g.role_id
            """;

    record Pair(String resource, String action) {}

    record Named(long id, String name) {}

    record New(
            String subjectKind,
            long subjectId,
            String scope,
            Long projectId,
            Long roleId,
            String repositoryPattern,
            String tagPattern) {}

    @SqlQuery(GRANT + " WHERE g.id = :id")
    Optional<Grant> find(@Bind("id") long id);

    @SqlQuery(GRANT + " WHERE g.subject_kind = :kind AND g.subject_id = :subject ORDER BY g.id")
    List<Grant> of(@Bind("kind") String kind, @Bind("subject") long subject);

    @SqlQuery(GRANT + " WHERE g.project_id = :project ORDER BY g.id")
    List<Grant> in(@Bind("project") long project);

    @SqlQuery(GRANT + " WHERE g.scope <> 'PROJECT' ORDER BY g.id")
    List<Grant> ofAllProjects();

    @SqlQuery("""
            INSERT INTO access_grant (subject_kind, subject_id, scope, project_id, role_id, repository_pattern,
                tag_pattern, created_at)
            VALUES (:g.subjectKind, :g.subjectId, :g.scope, :g.projectId, :g.roleId, :g.repositoryPattern,
                :g.tagPattern, :now)
            RETURNING id
            """)
    long insert(@BindMethods("g") New grant, @Bind("now") long now);

    @SqlUpdate("INSERT INTO grant_permission (grant_id, resource, action) VALUES (:grant, :resource, :action)")
    void permit(@Bind("grant") long grant, @Bind("resource") String resource, @Bind("action") String action);

    @SqlQuery("""
            SELECT resource, action FROM grant_permission WHERE grant_id = :grant ORDER BY resource, action
            """)
    List<Pair> permissions(@Bind("grant") long grant);

    @SqlUpdate("UPDATE access_grant SET role_id = :role WHERE id = :id")
    void updateRole(@Bind("id") long id, @Bind("role") long role);

    @SqlUpdate("DELETE FROM access_grant WHERE id = :id")
    int delete(@Bind("id") long id);

    @SqlUpdate("DELETE FROM access_grant WHERE subject_kind = :kind AND subject_id = :subject")
    int deleteOf(@Bind("kind") String kind, @Bind("subject") long subject);

    @SqlUpdate("DELETE FROM access_grant WHERE project_id = :project")
    int deleteIn(@Bind("project") long project);

    @SqlQuery("""
            SELECT g.id, g.repository_pattern AS name FROM access_grant g
            WHERE g.repository_pattern IS NOT NULL AND (g.project_id = :project OR g.scope = 'PROJECTS')
            """)
    List<Named> patternsFor(@Bind("project") long project);

    @SqlQuery("SELECT id, name FROM repository WHERE :project IS NULL OR project_id = :project")
    List<Named> repositories(@Bind("project") Long project);

    @SqlUpdate("""
            INSERT INTO grant_repository (grant_id, repository_id) VALUES (:grant, :repository)
            ON CONFLICT (grant_id, repository_id) DO NOTHING
            """)
    void materialise(@Bind("grant") long grant, @Bind("repository") long repository);
}
