package io.berth.identity.workload;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the rules themselves. */
@RegisterConstructorMapper(WorkloadRuleDao.Row.class)
interface WorkloadRuleDao {
    record Row(long id, String name, String issuer, String settings, long robotId, boolean enabled, long updatedAt) {}

    @SqlQuery("SELECT id, name, issuer, settings, robot_id, enabled, updated_at FROM workload_rule ORDER BY id")
    List<Row> all();

    @SqlQuery("""
            SELECT id, name, issuer, settings, robot_id, enabled, updated_at FROM workload_rule WHERE name = :name
            """)
    Optional<Row> find(@Bind("name") String name);

    @SqlUpdate("""
            INSERT INTO workload_rule (name, issuer, settings, robot_id, enabled, updated_at)
            VALUES (:name, :issuer, :settings, :robot, :enabled, :now)
            """)
    void insert(
            @Bind("name") String name,
            @Bind("issuer") String issuer,
            @Bind("settings") String settings,
            @Bind("robot") long robot,
            @Bind("enabled") boolean enabled,
            @Bind("now") long now);

    @SqlUpdate("DELETE FROM workload_rule WHERE name = :name")
    int delete(@Bind("name") String name);
}
