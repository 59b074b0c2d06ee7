package io.berth.gc;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of {@link Fsck}. Everything that may be long is read by pages. */
@RegisterConstructorMapper(FsckDao.Blob.class)
@RegisterConstructorMapper(FsckDao.Content.class)
@RegisterConstructorMapper(FsckDao.Usage.class)
interface FsckDao {
    record Blob(String digest, long generation, String state, String store, long size) {}

    record Content(String digest, byte[] content, boolean used) {}

    record Usage(String name, long id, long used, long actual) {}

    @SqlQuery("SELECT COUNT(*) FROM blob")
    long countBlobs();

    @SqlQuery("SELECT COALESCE(SUM(size), 0) FROM blob")
    long sumBlobs();

    @SqlQuery("""
            SELECT digest, generation, state, store, size FROM blob WHERE digest > :after ORDER BY digest LIMIT 500
            """)
    List<Blob> blobs(@Bind("after") String after);

    @SqlQuery("SELECT digest, generation, state, store, size FROM blob WHERE digest = :digest")
    Optional<Blob> blob(@Bind("digest") String digest);

    @SqlQuery("SELECT content FROM blob_content WHERE digest = :digest AND generation = :generation")
    Optional<byte[]> blobContent(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlQuery("""
            SELECT c.digest, c.content, EXISTS (SELECT 1 FROM manifest m WHERE m.digest = c.digest) AS used
            FROM manifest_content c WHERE c.digest > :after ORDER BY c.digest LIMIT 50
            """)
    List<Content> manifestContents(@Bind("after") String after);

    @SqlQuery("""
            SELECT r.name || ': manifest ' || m.digest || ' needs ' || mr.digest
            FROM manifest_reference mr
            JOIN manifest m ON m.id = mr.manifest_id
            JOIN repository r ON r.id = mr.repository_id
            WHERE mr.resolved AND (
                (mr.kind <> 'MANIFEST' AND NOT EXISTS (SELECT 1 FROM repo_blob rb
                    WHERE rb.repository_id = mr.repository_id AND rb.digest = mr.digest))
                OR (mr.kind = 'MANIFEST' AND NOT EXISTS (SELECT 1 FROM manifest c
                    WHERE c.repository_id = mr.repository_id AND c.digest = mr.digest)))
            ORDER BY 1 LIMIT 10000
            """)
    List<String> missingReferences();

    @SqlQuery("SELECT COUNT(*) FROM manifest_reference WHERE NOT resolved")
    long countSparse();

    @SqlQuery("""
            SELECT r.name || ':' || t.name || ' names ' || t.digest
            FROM tag t JOIN repository r ON r.id = t.repository_id
            WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.id = t.manifest_id AND m.digest = t.digest
                                AND m.repository_id = t.repository_id)
            ORDER BY 1 LIMIT 10000
            """)
    List<String> danglingTags();

    @SqlQuery("""
            SELECT r.name || ' links ' || rb.digest FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
            WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = rb.digest) ORDER BY 1 LIMIT 10000
            """)
    List<String> danglingLinks();

    // What the links of a project's repositories add up to, against what is recorded for it.
    @SqlQuery("""
            WITH link AS (
                SELECT r.project_id, rb.digest FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
                UNION ALL
                SELECT r.project_id, m.digest FROM manifest m JOIN repository r ON r.id = m.repository_id),
            counted AS (SELECT project_id, digest, COUNT(*) AS refs FROM link GROUP BY project_id, digest)
            SELECT p.name || ': ' || COALESCE(c.digest, pb.digest) || ' is linked ' || COALESCE(c.refs, 0)
                || ' times, recorded ' || COALESCE(pb.refs, 0)
            FROM counted c FULL JOIN project_blob pb ON pb.project_id = c.project_id AND pb.digest = c.digest
            JOIN project p ON p.id = COALESCE(c.project_id, pb.project_id)
            WHERE COALESCE(c.refs, 0) <> COALESCE(pb.refs, 0)
            ORDER BY 1 LIMIT 10000
            """)
    List<String> wrongReferenceCounts();

    @SqlQuery("""
            SELECT p.name, p.id, p.used_bytes AS used,
                   COALESCE((SELECT SUM(pb.size) FROM project_blob pb WHERE pb.project_id = p.id), 0) AS actual
            FROM project p ORDER BY p.name
            """)
    List<Usage> usages();

    @SqlQuery("SELECT COUNT(*) FROM upload")
    long countUploads();

    @SqlQuery("""
            SELECT COUNT(*) FROM doomed_object
            WHERE store = :store AND digest = :digest AND generation = :generation
            """)
    int countDoomed(@Bind("store") String store, @Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("UPDATE blob SET state = 'DAMAGED' WHERE digest = :digest AND generation = :generation")
    void markDamaged(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("UPDATE blob SET state = 'LIVE' WHERE digest = :digest AND generation = :generation")
    void markLive(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("DELETE FROM project_blob")
    void clearProjectBlobs();

    @SqlUpdate("""
            INSERT INTO project_blob (project_id, digest, size, refs)
            SELECT project_id, digest, MAX(size), COUNT(*) FROM (
                SELECT r.project_id, rb.digest, b.size
                FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id JOIN blob b ON b.digest = rb.digest
                UNION ALL
                SELECT r.project_id, m.digest, m.size FROM manifest m JOIN repository r ON r.id = m.repository_id) AS link
            GROUP BY project_id, digest
            """)
    void fillProjectBlobs();

    @SqlUpdate("""
            UPDATE project SET used_bytes =
                COALESCE((SELECT SUM(pb.size) FROM project_blob pb WHERE pb.project_id = project.id), 0)
            """)
    void recomputeUsage();

    @SqlUpdate("""
            DELETE FROM manifest_content WHERE NOT EXISTS
                (SELECT 1 FROM manifest m WHERE m.digest = manifest_content.digest)
            """)
    int deleteUnusedContents();
}
