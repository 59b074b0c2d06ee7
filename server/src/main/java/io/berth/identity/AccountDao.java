package io.berth.identity;

import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of accounts. */
@RegisterConstructorMapper(AccountDao.Account.class)
interface AccountDao {

    record Account(long id, String name, String passwordHash, boolean administrator, boolean disabled) {}

    @SqlQuery("SELECT id, name, password_hash, administrator, disabled FROM account WHERE name = :name")
    Optional<Account> find(@Bind("name") String name);

    @SqlUpdate("""
            INSERT INTO account (source, subject, name, password_hash, administrator, disabled, created_at)
            VALUES ('local', :name, :name, :hash, :administrator, false, :now)
            ON CONFLICT (name) DO NOTHING
            """)
    int insert(
            @Bind("name") String name,
            @Bind("hash") String hash,
            @Bind("administrator") boolean administrator,
            @Bind("now") long now);

    @SqlUpdate("UPDATE account SET password_hash = :hash WHERE name = :name AND source = 'local'")
    int updatePassword(@Bind("name") String name, @Bind("hash") String hash);
}
