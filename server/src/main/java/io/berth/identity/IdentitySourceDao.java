package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of sources, and of the accounts that they have verified. */
@RegisterConstructorMapper(IdentitySourceDao.Row.class)
@RegisterConstructorMapper(IdentitySourceDao.Known.class)
interface IdentitySourceDao {
    record Row(String name, String kind, int position, boolean enabled, String settings, long updatedAt) {}

    /** An account, as far as its source is asked about it. */
    record Known(long id, String name, String subject, Long goneAt) {}

    @SqlQuery("SELECT name, kind, position, enabled, settings, updated_at FROM identity_source ORDER BY position, name")
    List<Row> all();

    @SqlQuery("SELECT name, kind, position, enabled, settings, updated_at FROM identity_source WHERE name = :name")
    Optional<Row> find(@Bind("name") String name);

    @SqlQuery("SELECT COALESCE(MAX(position), 0) + 1 FROM identity_source")
    int nextPosition();

    @SqlUpdate("""
            INSERT INTO identity_source (name, kind, position, enabled, settings, updated_at)
            VALUES (:name, :kind, :position, :enabled, :settings, :now)
            ON CONFLICT (name) DO UPDATE
            SET enabled = excluded.enabled, settings = excluded.settings, updated_at = excluded.updated_at
            """)
    void put(
            @Bind("name") String name,
            @Bind("kind") String kind,
            @Bind("position") int position,
            @Bind("enabled") boolean enabled,
            @Bind("settings") String settings,
            @Bind("now") long now);

    @SqlUpdate("UPDATE identity_source SET position = :position WHERE name = :name")
    int move(@Bind("name") String name, @Bind("position") int position);

    @SqlUpdate("DELETE FROM identity_source WHERE name = :name")
    int delete(@Bind("name") String name);

    @SqlQuery("SELECT value FROM setting WHERE name = 'source-anchor.' || :name")
    Optional<String> anchor(@Bind("name") String name);

    @SqlUpdate("""
            INSERT INTO setting (name, value) VALUES ('source-anchor.' || :name, :anchor)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """)
    void putAnchor(@Bind("name") String name, @Bind("anchor") String anchor);

    @SqlQuery("SELECT COUNT(*) FROM account WHERE source = :source")
    int countAccounts(@Bind("source") String source);

    @SqlQuery("""
            SELECT COUNT(*) FROM account a JOIN identity_source s ON s.name = a.source
            WHERE a.id = :id AND s.enabled AND a.gone_at IS NULL
            """)
    int countStanding(@Bind("id") long id);

    /** Those of a source who have something here that goes on without a login. */
    @SqlQuery("""
            SELECT a.id, a.name, a.subject, a.gone_at FROM account a
            WHERE a.source = :source AND a.id > :after AND NOT a.disabled
              AND (a.last_login_at > :since
                OR EXISTS (SELECT 1 FROM access_token t
                           WHERE t.account_id = a.id AND (t.expires_at IS NULL OR t.expires_at > :now))
                OR EXISTS (SELECT 1 FROM session s WHERE s.account_id = a.id AND s.expires_at > :now))
            ORDER BY a.id LIMIT 100
            """)
    List<Known> inUse(
            @Bind("source") String source, @Bind("after") long after, @Bind("since") long since, @Bind("now") long now);

    @SqlQuery("SELECT COUNT(*) FROM account WHERE id = :id AND gone_at IS NOT NULL")
    int countGone(@Bind("id") long id);

    @SqlUpdate("UPDATE account SET gone_at = :at WHERE id = :id")
    int gone(@Bind("id") long id, @Bind("at") Long at);
}
