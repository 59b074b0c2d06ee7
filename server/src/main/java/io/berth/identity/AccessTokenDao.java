package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of access tokens. */
@RegisterConstructorMapper(AccessTokens.Token.class)
interface AccessTokenDao {
    @SqlQuery("""
            SELECT id, account_id, kind, name, hash, scopes, created_at, expires_at, last_used_at
            FROM access_token WHERE hash = :hash
            """)
    Optional<AccessTokens.Token> find(@Bind("hash") String hash);

    @SqlQuery("""
            SELECT id, account_id, kind, name, hash, scopes, created_at, expires_at, last_used_at
            FROM access_token WHERE id = :id
            """)
    Optional<AccessTokens.Token> find(@Bind("id") long id);

    // The hash of a password begins with a dollar sign, that of a random text does not.
    @SqlQuery("""
            SELECT t.id, t.account_id, t.kind, t.name, t.hash, t.scopes, t.created_at, t.expires_at, t.last_used_at
            FROM access_token t JOIN account a ON a.id = t.account_id
            WHERE lower(a.name) = lower(:name) AND t.kind = 'CLI' AND t.hash LIKE '$%'
            """)
    Optional<AccessTokens.Token> chosen(@Bind("name") String name);

    @SqlQuery("""
            SELECT id, account_id, kind, name, hash, scopes, created_at, expires_at, last_used_at
            FROM access_token WHERE account_id = :account AND kind = :kind ORDER BY id
            """)
    List<AccessTokens.Token> of(@Bind("account") long account, @Bind("kind") String kind);

    @SqlQuery("""
            INSERT INTO access_token (account_id, kind, name, hash, scopes, created_at, expires_at)
            VALUES (:account, :kind, :name, :hash, :scopes, :now, :expiresAt) RETURNING id
            """)
    long insert(
            @Bind("account") long account,
            @Bind("kind") String kind,
            @Bind("name") String name,
            @Bind("hash") String hash,
            @Bind("scopes") String scopes,
            @Bind("now") long now,
            @Bind("expiresAt") Long expiresAt);

    @SqlUpdate("UPDATE access_token SET last_used_at = :now WHERE id = :id")
    void used(@Bind("id") long id, @Bind("now") long now);

    @SqlUpdate("DELETE FROM access_token WHERE id = :id AND account_id = :account")
    int delete(@Bind("id") long id, @Bind("account") long account);

    @SqlUpdate("DELETE FROM access_token WHERE account_id = :account AND kind = :kind")
    int deleteAll(@Bind("account") long account, @Bind("kind") String kind);

    @SqlUpdate("DELETE FROM access_token WHERE expires_at < :before")
    int deleteExpired(@Bind("before") long before);
}
