package io.berth.identity;

import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the version that further processes compare. */
interface AccessVersionDao {
    @SqlUpdate("UPDATE setting SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'access-version'")
    void raise();

    @SqlQuery("SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'access-version'")
    long stored();
}
