package io.berth.identity;

import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of browsers' sessions. */
@RegisterConstructorMapper(SessionDao.Row.class)
interface SessionDao {
    record Row(String hash, String credential, String csrf, long usedAt, long expiresAt) {}

    @SqlUpdate("""
            INSERT INTO session (hash, account_id, credential, csrf, source, created_at, used_at, expires_at)
            SELECT :hash, id, :credential, :csrf, source, :now, :now, :expiresAt FROM account WHERE id = :account
            """)
    int insert(
            @Bind("hash") String hash,
            @Bind("account") long account,
            @Bind("credential") String credential,
            @Bind("csrf") String csrf,
            @Bind("now") long now,
            @Bind("expiresAt") long expiresAt);

    @SqlQuery("SELECT hash, credential, csrf, used_at, expires_at FROM session WHERE hash = :hash")
    Optional<Row> find(@Bind("hash") String hash);

    @SqlUpdate("UPDATE session SET used_at = :now, expires_at = :expiresAt WHERE hash = :hash")
    void used(@Bind("hash") String hash, @Bind("now") long now, @Bind("expiresAt") long expiresAt);

    @SqlUpdate("DELETE FROM session WHERE hash = :hash")
    int delete(@Bind("hash") String hash);

    @SqlUpdate("DELETE FROM session WHERE expires_at < :now")
    int deleteExpired(@Bind("now") long now);
}
