package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of accounts. */
@RegisterConstructorMapper(Account.class)
@RegisterConstructorMapper(AccountDao.Login.class)
interface AccountDao {

    /** What a login compares. */
    record Login(long id, String name, String source, String passwordHash, boolean disabled) {}

    /** What a new account is made of. */
    record New(
            String source,
            String subject,
            String name,
            String email,
            String realName,
            String comment,
            String passwordHash,
            boolean administrator) {}

    @SqlQuery("SELECT id, name, source, password_hash, disabled FROM account WHERE lower(name) = lower(:name)")
    Optional<Login> login(@Bind("name") String name);

    @SqlQuery("SELECT id, name, source, password_hash, disabled FROM account WHERE id = :id")
    Optional<Login> login(@Bind("id") long id);

    @SqlQuery("""
            SELECT id, source, subject, name, email, real_name, comment, administrator, disabled, created_at, updated_at
            FROM account WHERE id = :id
            """)
    Optional<Account> find(@Bind("id") long id);

    @SqlQuery("""
            SELECT id, source, subject, name, email, real_name, comment, administrator, disabled, created_at, updated_at
            FROM account WHERE lower(name) = lower(:name)
            """)
    Optional<Account> find(@Bind("name") String name);

    @SqlQuery("""
            SELECT id, source, subject, name, email, real_name, comment, administrator, disabled, created_at, updated_at
            FROM account WHERE source = :source AND subject = :subject
            """)
    Optional<Account> find(@Bind("source") String source, @Bind("subject") String subject);

    @SqlQuery("""
            SELECT id, source, subject, name, email, real_name, comment, administrator, disabled, created_at, updated_at
            FROM account WHERE id > :after AND (disabled OR NOT :disabledAlone) ORDER BY id LIMIT :limit
            """)
    List<Account> list(
            @Bind("after") long after, @Bind("disabledAlone") boolean disabledAlone, @Bind("limit") int limit);

    @SqlUpdate("""
            INSERT INTO account (source, subject, name, email, real_name, comment, password_hash, administrator, disabled,
                created_at, updated_at)
            VALUES (:a.source, :a.subject, :a.name, :a.email, :a.realName, :a.comment, :a.passwordHash, :a.administrator,
                false, :now, :now)
            """)
    void insert(@BindMethods("a") New account, @Bind("now") long now);

    @SqlQuery("SELECT COUNT(*) FROM account WHERE lower(email) = lower(:email) AND id <> :id")
    int countOthersWithEmail(@Bind("email") String email, @Bind("id") long id);

    @SqlUpdate("UPDATE account SET password_hash = :hash, updated_at = :now WHERE id = :id AND source = 'local'")
    int updatePassword(@Bind("id") long id, @Bind("hash") String hash, @Bind("now") long now);

    @SqlUpdate("""
            UPDATE account SET email = :email, real_name = :realName, comment = :comment, updated_at = :now WHERE id = :id
            """)
    void updateProfile(
            @Bind("id") long id,
            @Bind("email") String email,
            @Bind("realName") String realName,
            @Bind("comment") String comment,
            @Bind("now") long now);

    @SqlUpdate("UPDATE account SET administrator = :administrator, updated_at = :now WHERE id = :id")
    void updateAdministrator(@Bind("id") long id, @Bind("administrator") boolean administrator, @Bind("now") long now);

    @SqlUpdate("UPDATE account SET disabled = :disabled, updated_at = :now WHERE id = :id")
    void updateDisabled(@Bind("id") long id, @Bind("disabled") boolean disabled, @Bind("now") long now);

    @SqlUpdate("UPDATE account SET last_login_at = :now WHERE id = :id")
    void loggedIn(@Bind("id") long id, @Bind("now") long now);

    // Local ones alone: somebody of a directory may be gone there tomorrow.
    @SqlQuery("""
            SELECT COUNT(*) FROM account
            WHERE administrator AND NOT disabled AND source = 'local' AND password_hash IS NOT NULL AND id <> :id
            """)
    int countOtherAdministrators(@Bind("id") long id);

    @SqlUpdate("DELETE FROM account WHERE id = :id")
    int delete(@Bind("id") long id);
}
