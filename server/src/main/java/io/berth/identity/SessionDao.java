package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of browsers' sessions. */
@RegisterConstructorMapper(SessionDao.Row.class)
@RegisterConstructorMapper(SessionDao.Own.class)
interface SessionDao {
    record Row(String hash, String credential, String csrf, long usedAt, long expiresAt) {}

    /** One, as its owner sees it. */
    record Own(String hash, String client, String agent, long createdAt, long usedAt, long expiresAt) {}

    @SqlUpdate("""
            INSERT INTO session (hash, account_id, credential, csrf, source, client, agent, sid, created_at,
                used_at, expires_at)
            SELECT :hash, id, :credential, :csrf, source, :client, :agent, :sid, :now, :now, :expiresAt
            FROM account WHERE id = :account
            """)
    int insert(
            @Bind("hash") String hash,
            @Bind("account") long account,
            @Bind("credential") String credential,
            @Bind("csrf") String csrf,
            @Bind("client") String client,
            @Bind("agent") String agent,
            @Bind("sid") String sid,
            @Bind("now") long now,
            @Bind("expiresAt") long expiresAt);

    @SqlQuery("SELECT hash, credential, csrf, used_at, expires_at FROM session WHERE hash = :hash")
    Optional<Row> find(@Bind("hash") String hash);

    @SqlQuery("""
            SELECT hash, client, agent, created_at, used_at, expires_at FROM session
            WHERE account_id = :account AND expires_at > :now ORDER BY used_at DESC, hash
            """)
    List<Own> of(@Bind("account") long account, @Bind("now") long now);

    @SqlUpdate("UPDATE session SET used_at = :now, expires_at = :expiresAt WHERE hash = :hash")
    void used(@Bind("hash") String hash, @Bind("now") long now, @Bind("expiresAt") long expiresAt);

    @SqlUpdate("DELETE FROM session WHERE hash = :hash")
    int delete(@Bind("hash") String hash);

    @SqlUpdate("DELETE FROM session WHERE account_id = :account")
    int deleteOf(@Bind("account") long account);

    @SqlUpdate("DELETE FROM session WHERE expires_at < :now")
    int deleteExpired(@Bind("now") long now);
}
