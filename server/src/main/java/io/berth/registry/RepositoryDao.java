package io.berth.registry;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of repositories. */
@RegisterConstructorMapper(RepositoryDao.Repository.class)
@RegisterConstructorMapper(RepositoryDao.NamePage.class)
interface RepositoryDao {
    record Repository(long id, long projectId, boolean listed) {}

    /** Names in order, each in quotes, joined by commas; null when there are none. */
    record NamePage(String names, int count) {}

    @SqlQuery("SELECT id, project_id, listed FROM repository WHERE name = :name")
    Optional<Repository> find(@Bind("name") String name);

    // The one that is there already is held by writing to it: looked for afterwards it could be gone again.
    @SqlQuery("""
            INSERT INTO repository (project_id, name, listed, created_at) VALUES (:project, :name, false, :now)
            ON CONFLICT (name) DO UPDATE SET name = excluded.name
            RETURNING id, project_id, listed
            """)
    Repository insert(@Bind("project") long project, @Bind("name") String name, @Bind("now") long now);

    @SqlQuery("SELECT name FROM repository WHERE project_id = :project AND name > :after ORDER BY name LIMIT :limit")
    List<String> of(@Bind("project") long project, @Bind("after") String after, @Bind("limit") int limit);

    @SqlUpdate("UPDATE repository SET listed = true WHERE id = :id")
    void list(@Bind("id") long id);

    @SqlUpdate("UPDATE repository SET description = :description, updated_at = :now WHERE id = :id")
    void describe(@Bind("id") long id, @Bind("description") String description, @Bind("now") long now);

    @SqlQuery("SELECT digest FROM repo_blob WHERE repository_id = :id LIMIT :limit")
    List<String> blobs(@Bind("id") long id, @Bind("limit") int limit);

    @SqlUpdate("DELETE FROM tag_history WHERE repository_id = :id")
    void deleteHistory(@Bind("id") long id);

    @SqlUpdate("DELETE FROM repository WHERE id = :id")
    void delete(@Bind("id") long id);

    // The database makes the JSON: a row for each name would cost more than all the rest.
    @SqlQuery("""
            SELECT string_agg('"' || name || '"', ',' ORDER BY name) AS names, COUNT(*) AS count
            FROM (SELECT name FROM repository WHERE listed AND name > :after ORDER BY name LIMIT :limit) AS page
            """)
    NamePage page(@Bind("after") String after, @Bind("limit") int limit);
}
