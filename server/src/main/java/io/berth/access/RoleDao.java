package io.berth.access;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of roles. */
@RegisterConstructorMapper(RoleDao.Row.class)
interface RoleDao {
    record Row(long id, String name, String level, String description) {}

    @SqlQuery("SELECT id, name, level, description FROM role WHERE name = :name")
    Optional<Row> find(@Bind("name") String name);

    @SqlQuery("SELECT id, name, level, description FROM role ORDER BY id")
    List<Row> all();

    @SqlQuery("SELECT resource || ':' || action FROM role_permission WHERE role_id = :role ORDER BY 1")
    List<String> permissions(@Bind("role") long role);

    @SqlQuery("""
            INSERT INTO role (name, level, description, created_at) VALUES (:name, :level, :description, :now)
            RETURNING id
            """)
    long insert(
            @Bind("name") String name,
            @Bind("level") String level,
            @Bind("description") String description,
            @Bind("now") long now);

    @SqlUpdate("UPDATE role SET description = :description WHERE id = :id")
    void describe(@Bind("id") long id, @Bind("description") String description);

    @SqlUpdate("INSERT INTO role_permission (role_id, resource, action) VALUES (:role, :resource, :action)")
    void permit(@Bind("role") long role, @Bind("resource") String resource, @Bind("action") String action);

    @SqlUpdate("DELETE FROM role_permission WHERE role_id = :role")
    void forbidAll(@Bind("role") long role);

    @SqlQuery("SELECT COUNT(*) FROM access_grant WHERE role_id = :role")
    int countGrants(@Bind("role") long role);

    @SqlUpdate("DELETE FROM role WHERE id = :id")
    int delete(@Bind("id") long id);
}
