package io.berth.access;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL that rights are compiled from. */
@RegisterConstructorMapper(RightsDao.Granted.class)
@RegisterConstructorMapper(RightsDao.Pair.class)
interface RightsDao {
    record Granted(
            long id,
            String scope,
            String project,
            Long roleId,
            String role,
            String repositoryPattern,
            String tagPattern,
            String groupName) {}

    record Pair(long id, String resource, String action) {}

    @SqlQuery("SELECT administrator FROM account WHERE id = :id AND NOT disabled")
    Optional<Boolean> administrator(@Bind("id") long account);

    @SqlQuery("""
            SELECT g.id, g.scope, p.name AS project, g.role_id, r.name AS role, g.repository_pattern, g.tag_pattern,
                NULL AS group_name
            FROM access_grant g LEFT JOIN project p ON p.id = g.project_id LEFT JOIN role r ON r.id = g.role_id
            WHERE g.subject_kind = :kind AND g.subject_id = :id ORDER BY g.id
            """)
    List<Granted> grantedTo(@Bind("kind") String kind, @Bind("id") long subject);

    @SqlQuery("""
            SELECT g.id, g.scope, p.name AS project, g.role_id, r.name AS role, g.repository_pattern, g.tag_pattern,
                ug.name AS group_name
            FROM account_group ag
            JOIN access_grant g ON g.subject_kind = 'GROUP' AND g.subject_id = ag.group_id
            JOIN user_group ug ON ug.id = ag.group_id
            LEFT JOIN project p ON p.id = g.project_id LEFT JOIN role r ON r.id = g.role_id
            WHERE ag.account_id = :account ORDER BY g.id
            """)
    List<Granted> grantedToGroupsOf(@Bind("account") long account);

    @SqlQuery("""
            SELECT gp.grant_id AS id, gp.resource, gp.action
            FROM access_grant g JOIN grant_permission gp ON gp.grant_id = g.id
            WHERE g.subject_kind = :kind AND g.subject_id = :id
            """)
    List<Pair> pairsGrantedTo(@Bind("kind") String kind, @Bind("id") long subject);

    @SqlQuery("SELECT role_id AS id, resource, action FROM role_permission")
    List<Pair> pairsOfRoles();

    @SqlQuery("SELECT public FROM project WHERE name = :name")
    Optional<Boolean> isPublic(@Bind("name") String name);
}
