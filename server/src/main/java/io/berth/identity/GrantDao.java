package io.berth.identity;

import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of what logins at identity providers have left. */
@RegisterConstructorMapper(GrantDao.Row.class)
interface GrantDao {
    record Row(long accountId, String name, String source, String subject, long confirmedAt) {}

    @SqlQuery("""
            SELECT g.account_id, a.name, a.source, a.subject, g.confirmed_at
            FROM provider_grant g JOIN account a ON a.id = g.account_id WHERE g.account_id = :account
            """)
    Optional<Row> find(@Bind("account") long account);

    @SqlUpdate("""
            INSERT INTO provider_grant (account_id, confirmed_at) VALUES (:account, :at)
            ON CONFLICT (account_id) DO UPDATE SET confirmed_at = excluded.confirmed_at
            """)
    void put(@Bind("account") long account, @Bind("at") long at);

    @SqlUpdate("UPDATE provider_grant SET confirmed_at = :at WHERE account_id = :account")
    int confirm(@Bind("account") long account, @Bind("at") long at);

    @SqlUpdate("UPDATE provider_grant SET confirmed_at = :at WHERE account_id = :account AND confirmed_at > :at")
    int doubt(@Bind("account") long account, @Bind("at") long at);

    @SqlUpdate("DELETE FROM provider_grant WHERE account_id = :account")
    int delete(@Bind("account") long account);
}
