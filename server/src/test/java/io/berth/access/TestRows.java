package io.berth.access;

import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** Projects and repositories as rows, for tests of who may see them. */
public interface TestRows {
    @SqlQuery("""
            INSERT INTO project (name, prefix, public, created_at) VALUES (:name, :name || '/', :public, 0)
            RETURNING id
            """)
    long project(@Bind("name") String name, @Bind("public") boolean isPublic);

    @SqlQuery("""
            INSERT INTO repository (project_id, name, listed, created_at) VALUES (:project, :name, true, 0)
            RETURNING id
            """)
    long repository(@Bind("project") long project, @Bind("name") String name);

    @SqlUpdate("UPDATE project SET public = :public WHERE id = :id")
    void open(@Bind("id") long project, @Bind("public") boolean isPublic);

    @SqlUpdate("INSERT INTO account_group (account_id, group_id) VALUES (:account, :group)")
    void join(@Bind("account") long account, @Bind("group") long group);
}
