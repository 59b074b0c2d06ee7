package io.berth.gc;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the check of what projects are charged for. */
@RegisterConstructorMapper(CounterDao.Charge.class)
@RegisterConstructorMapper(CounterDao.Link.class)
@RegisterConstructorMapper(CounterDao.Usage.class)
interface CounterDao {
    /** What is recorded for a digest in a project, and what its links add up to. */
    record Charge(
            long projectId, String digest, String project, int refs, int actualRefs, long size, long actualSize) {}

    record Link(long repositoryId, String digest, long projectId, String project, long size) {}

    record Usage(long id, String name, long used, long actual) {}

    @SqlQuery("""
            SELECT pb.project_id, pb.digest, p.name AS project, pb.refs, pb.size,
                   (SELECT COUNT(*) FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
                    WHERE rb.digest = pb.digest AND r.project_id = pb.project_id)
                 + (SELECT COUNT(*) FROM manifest m JOIN repository r ON r.id = m.repository_id
                    WHERE m.digest = pb.digest AND r.project_id = pb.project_id) AS actual_refs,
                   COALESCE((SELECT b.size FROM blob b WHERE b.digest = pb.digest),
                            (SELECT MAX(m.size) FROM manifest m WHERE m.digest = pb.digest), pb.size) AS actual_size
            FROM project_blob pb JOIN project p ON p.id = pb.project_id
            WHERE (pb.project_id, pb.digest) > (:project, :digest)
            ORDER BY pb.project_id, pb.digest LIMIT 500
            """)
    List<Charge> charges(@Bind("project") long project, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT rb.repository_id, rb.digest, r.project_id, p.name AS project, b.size
            FROM repo_blob rb
            JOIN repository r ON r.id = rb.repository_id
            JOIN project p ON p.id = r.project_id
            JOIN blob b ON b.digest = rb.digest
            WHERE (rb.repository_id, rb.digest) > (:repository, :digest)
              AND NOT EXISTS (SELECT 1 FROM project_blob pb
                              WHERE pb.project_id = r.project_id AND pb.digest = rb.digest)
            ORDER BY rb.repository_id, rb.digest LIMIT 500
            """)
    List<Link> unchargedBlobs(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT m.repository_id, m.digest, r.project_id, p.name AS project, m.size
            FROM manifest m
            JOIN repository r ON r.id = m.repository_id
            JOIN project p ON p.id = r.project_id
            WHERE (m.repository_id, m.digest) > (:repository, :digest)
              AND NOT EXISTS (SELECT 1 FROM project_blob pb
                              WHERE pb.project_id = r.project_id AND pb.digest = m.digest)
            ORDER BY m.repository_id, m.digest LIMIT 500
            """)
    List<Link> unchargedManifests(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            INSERT INTO project_blob (project_id, digest, size, refs) VALUES (:project, :digest, :size, 0)
            ON CONFLICT (project_id, digest) DO UPDATE SET size = excluded.size
            """)
    void charge(@Bind("project") long project, @Bind("digest") String digest, @Bind("size") long size);

    @SqlUpdate("""
            UPDATE project_blob SET refs =
                   (SELECT COUNT(*) FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
                    WHERE rb.digest = :digest AND r.project_id = :project)
                 + (SELECT COUNT(*) FROM manifest m JOIN repository r ON r.id = m.repository_id
                    WHERE m.digest = :digest AND r.project_id = :project)
            WHERE project_id = :project AND digest = :digest
            """)
    void count(@Bind("project") long project, @Bind("digest") String digest);

    @SqlUpdate("DELETE FROM project_blob WHERE project_id = :project AND digest = :digest")
    void release(@Bind("project") long project, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT p.id, p.name, p.used_bytes AS used,
                   COALESCE((SELECT SUM(pb.size) FROM project_blob pb WHERE pb.project_id = p.id), 0) AS actual
            FROM project p WHERE p.id > :after ORDER BY p.id LIMIT 500
            """)
    List<Usage> usages(@Bind("after") long after);

    @SqlUpdate("UPDATE project SET used_bytes = :used WHERE id = :project")
    void setUsed(@Bind("project") long project, @Bind("used") long used);
}
