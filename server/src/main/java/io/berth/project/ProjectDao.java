package io.berth.project;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.KeyColumn;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.config.ValueColumn;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of projects and of what they are charged for. */
@RegisterConstructorMapper(ProjectDao.Usage.class)
@RegisterConstructorMapper(Project.class)
interface ProjectDao {
    record Usage(String name, Long quotaBytes, long usedBytes) {}

    @SqlQuery("SELECT id FROM project WHERE name = :name")
    Optional<Long> find(@Bind("name") String name);

    @SqlQuery("""
            SELECT id, name, public AS is_public, owner, quota_bytes, used_bytes, created_at, updated_at
            FROM project WHERE name = :name
            """)
    Optional<Project> project(@Bind("name") String name);

    @SqlQuery("""
            SELECT id, name, public AS is_public, owner, quota_bytes, used_bytes, created_at, updated_at
            FROM project WHERE id = :id
            """)
    Optional<Project> project(@Bind("id") long id);

    @SqlQuery("""
            SELECT id, name, public AS is_public, owner, quota_bytes, used_bytes, created_at, updated_at
            FROM project ORDER BY id
            """)
    List<Project> all();

    @SqlUpdate("""
            INSERT INTO project (name, prefix, public, owner, quota_bytes, used_bytes, created_at, updated_at)
            VALUES (:name, :name || '/', :public, :owner, :quota, 0, :now, :now)
            ON CONFLICT (name) DO NOTHING
            """)
    int insert(
            @Bind("name") String name,
            @Bind("public") boolean isPublic,
            @Bind("owner") String owner,
            @Bind("quota") Long quota,
            @Bind("now") long now);

    @SqlUpdate("UPDATE project SET public = :public, updated_at = :now WHERE id = :id")
    void updatePublic(@Bind("id") long id, @Bind("public") boolean isPublic, @Bind("now") long now);

    @SqlUpdate("UPDATE project SET quota_bytes = :quota, updated_at = :now WHERE id = :id")
    void updateQuota(@Bind("id") long id, @Bind("quota") Long quota, @Bind("now") long now);

    @SqlUpdate("UPDATE project SET updated_at = :now WHERE id = :id")
    void touch(@Bind("id") long id, @Bind("now") long now);

    @SqlUpdate("DELETE FROM project WHERE id = :id")
    void delete(@Bind("id") long id);

    @SqlQuery("SELECT COUNT(*) FROM repository WHERE project_id = :id")
    long countRepositories(@Bind("id") long id);

    @SqlQuery("SELECT name, value FROM project_setting WHERE project_id = :id ORDER BY name")
    @KeyColumn("name")
    @ValueColumn("value")
    Map<String, String> settings(@Bind("id") long id);

    @SqlUpdate("""
            INSERT INTO project_setting (project_id, name, value) VALUES (:id, :name, :value)
            ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value
            """)
    void putSetting(@Bind("id") long id, @Bind("name") String name, @Bind("value") String value);

    @SqlUpdate("DELETE FROM project_setting WHERE project_id = :id AND name = :name")
    int removeSetting(@Bind("id") long id, @Bind("name") String name);

    @SqlQuery("SELECT name, quota_bytes, used_bytes FROM project WHERE id = :id")
    Usage usage(@Bind("id") long id);

    @SqlQuery("SELECT 1 FROM project_blob WHERE project_id = :id AND digest = :digest")
    Optional<Integer> holds(@Bind("id") long id, @Bind("digest") String digest);

    @SqlQuery("SELECT 1 FROM project_blob WHERE project_id = :id AND size >= :size LIMIT 1")
    Optional<Integer> holdsAsLarge(@Bind("id") long id, @Bind("size") long size);

    // The quota is looked at by the statement that fills it, so that of two transactions at once one waits and sees.
    @SqlQuery("""
            UPDATE project SET used_bytes = used_bytes + :bytes
            WHERE id = :id AND (quota_bytes IS NULL OR used_bytes + :bytes <= quota_bytes)
            RETURNING name, quota_bytes, used_bytes
            """)
    Optional<Usage> charge(@Bind("id") long id, @Bind("bytes") long bytes);

    @SqlUpdate("UPDATE project SET used_bytes = used_bytes - :bytes WHERE id = :id")
    void release(@Bind("id") long id, @Bind("bytes") long bytes);

    @SqlQuery("""
            INSERT INTO project_blob (project_id, digest, size, refs) VALUES (:project, :digest, :size, 1)
            ON CONFLICT (project_id, digest) DO UPDATE SET refs = project_blob.refs + 1
            RETURNING refs
            """)
    int addRef(@Bind("project") long project, @Bind("digest") String digest, @Bind("size") long size);

    @SqlQuery("""
            UPDATE project_blob SET refs = refs - 1 WHERE project_id = :project AND digest = :digest
            RETURNING refs
            """)
    Optional<Integer> dropRef(@Bind("project") long project, @Bind("digest") String digest);

    @SqlQuery("DELETE FROM project_blob WHERE project_id = :project AND digest = :digest RETURNING size")
    Optional<Long> remove(@Bind("project") long project, @Bind("digest") String digest);
}
