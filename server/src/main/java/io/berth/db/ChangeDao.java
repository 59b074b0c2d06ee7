package io.berth.db;

import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the change feed. */
interface ChangeDao {
    @SqlUpdate("""
            INSERT INTO change (epoch, tx_id, kind, key, payload, payload_version, actor, credential, client, request_id, rule, at)
            VALUES (:epoch, :txId, :kind, :key, :payload, :version, :o.actor, :o.credential, :o.client, :o.requestId, :o.rule, :at)
            """)
    void append(
            @Bind("epoch") long epoch,
            @Bind("txId") long txId,
            @Bind("kind") String kind,
            @Bind("key") String key,
            @Bind("payload") String payload,
            @Bind("version") int version,
            @BindMethods("o") Change.Origin origin,
            @Bind("at") long at);

    @SqlQuery("SELECT value FROM setting WHERE name = 'epoch'")
    long epoch();

    @SqlUpdate("""
            DELETE FROM change
            WHERE at < :before
              AND seq <= COALESCE((SELECT MIN(seq) FROM change_cursor), (SELECT MAX(seq) FROM change))
            """)
    int trim(@Bind("before") long before);
}
