package io.berth.registry;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of tags and their history. */
@RegisterConstructorMapper(RepositoryDao.NamePage.class)
interface TagDao {
    @SqlQuery("SELECT digest FROM tag WHERE repository_id = :repository AND name = :name")
    Optional<String> digest(@Bind("repository") long repository, @Bind("name") String name);

    @SqlUpdate("""
            INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
            VALUES (:repository, :name, :manifest, :digest, :now, :now)
            ON CONFLICT (repository_id, name) DO UPDATE SET manifest_id = excluded.manifest_id,
                digest = excluded.digest, updated_at = excluded.updated_at
            """)
    void put(
            @Bind("repository") long repository,
            @Bind("name") String name,
            @Bind("manifest") long manifest,
            @Bind("digest") String digest,
            @Bind("now") long now);

    @SqlUpdate("DELETE FROM tag WHERE repository_id = :repository AND name = :name")
    int delete(@Bind("repository") long repository, @Bind("name") String name);

    @SqlQuery("SELECT name FROM tag WHERE repository_id = :repository AND digest = :digest ORDER BY name")
    List<String> tagsOf(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            INSERT INTO tag_history (repository_id, name, digest, previous, actor, at)
            VALUES (:repository, :name, :digest, :previous, :actor, :now)
            """)
    void history(
            @Bind("repository") long repository,
            @Bind("name") String name,
            @Bind("digest") String digest,
            @Bind("previous") String previous,
            @Bind("actor") String actor,
            @Bind("now") long now);

    @SqlQuery("""
            SELECT string_agg('"' || name || '"', ',' ORDER BY name) AS names, COUNT(*) AS count
            FROM (SELECT name FROM tag WHERE repository_id = :repository AND name > :after
                  ORDER BY name LIMIT :limit) AS page
            """)
    RepositoryDao.NamePage page(
            @Bind("repository") long repository, @Bind("after") String after, @Bind("limit") int limit);
}
