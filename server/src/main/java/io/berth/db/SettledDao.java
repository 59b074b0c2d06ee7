package io.berth.db;

import java.util.Set;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL about tables that are only appended to. */
interface SettledDao {
    /** On PostgreSQL: the transactions under way that have written to the table, or are about to. */
    @SqlQuery("""
            SELECT virtualtransaction FROM pg_locks
            WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND relation = CAST(:table AS regclass)
            """)
    Set<String> writers(@Bind("table") String table);
}
