package io.berth.project;

import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of projects and of what they are charged for. */
@RegisterConstructorMapper(ProjectDao.Usage.class)
interface ProjectDao {
    record Usage(Long quotaBytes, long usedBytes) {}

    @SqlQuery("SELECT id FROM project WHERE name = :name")
    Optional<Long> find(@Bind("name") String name);

    @SqlUpdate("""
            INSERT INTO project (name, public, used_bytes, created_at) VALUES (:name, :public, 0, :now)
            ON CONFLICT (name) DO NOTHING
            """)
    int insert(@Bind("name") String name, @Bind("public") boolean isPublic, @Bind("now") long now);

    @SqlQuery("SELECT quota_bytes, used_bytes FROM project WHERE id = :id")
    Usage usage(@Bind("id") long id);

    // The quota is looked at by the statement that fills it, so that of two transactions at once one waits and sees.
    @SqlUpdate("""
            UPDATE project SET used_bytes = used_bytes + :bytes
            WHERE id = :id AND (quota_bytes IS NULL OR used_bytes + :bytes <= quota_bytes)
            """)
    int charge(@Bind("id") long id, @Bind("bytes") long bytes);

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
