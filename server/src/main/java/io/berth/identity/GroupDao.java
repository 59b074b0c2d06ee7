package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of groups and of who was in them. */
@RegisterConstructorMapper(Groups.Group.class)
interface GroupDao {
    @SqlQuery("SELECT id, source, subject, name FROM user_group WHERE source = :source AND subject = :subject")
    Optional<Groups.Group> find(@Bind("source") String source, @Bind("subject") String subject);

    @SqlQuery("SELECT id, source, subject, name FROM user_group WHERE id = :id")
    Optional<Groups.Group> find(@Bind("id") long id);

    @SqlQuery("SELECT id, source, subject, name FROM user_group ORDER BY id")
    List<Groups.Group> all();

    @SqlQuery("""
            SELECT g.id, g.source, g.subject, g.name FROM account_group ag JOIN user_group g ON g.id = ag.group_id
            WHERE ag.account_id = :account ORDER BY g.id
            """)
    List<Groups.Group> of(@Bind("account") long account);

    @SqlUpdate("""
            INSERT INTO user_group (source, subject, name, created_at) VALUES (:source, :subject, :name, :now)
            ON CONFLICT (source, subject) DO NOTHING
            """)
    int insert(
            @Bind("source") String source,
            @Bind("subject") String subject,
            @Bind("name") String name,
            @Bind("now") long now);

    @SqlUpdate("UPDATE user_group SET name = :name WHERE id = :id")
    int rename(@Bind("id") long id, @Bind("name") String name);

    @SqlUpdate("DELETE FROM user_group WHERE id = :id")
    int delete(@Bind("id") long id);

    @SqlUpdate("""
            INSERT INTO account_group (account_id, group_id) VALUES (:account, :group)
            ON CONFLICT (account_id, group_id) DO NOTHING
            """)
    int join(@Bind("account") long account, @Bind("group") long group);

    @SqlUpdate("DELETE FROM account_group WHERE account_id = :account AND group_id = :group")
    int leave(@Bind("account") long account, @Bind("group") long group);
}
