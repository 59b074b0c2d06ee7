package io.berth.identity;

import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of the rules that let a CI's own tokens act as robots. */
interface WorkloadRuleDao {
    @SqlQuery("SELECT COUNT(*) FROM workload_rule WHERE id = :id AND robot_id = :robot AND enabled")
    int countEnabled(@Bind("id") long id, @Bind("robot") long robot);
}
