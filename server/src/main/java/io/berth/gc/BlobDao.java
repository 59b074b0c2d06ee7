package io.berth.gc;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the checks of blobs, objects and uploads. */
@RegisterConstructorMapper(BlobDao.Blob.class)
@RegisterConstructorMapper(BlobDao.Stored.class)
@RegisterConstructorMapper(BlobDao.Upload.class)
interface BlobDao {
    record Blob(String digest, long generation, String state, String store, long size) {}

    /** What names an object: its store, or 'inline' for a row of blob_content. */
    record Stored(String digest, long generation, String store) {}

    record Upload(String id, long generation, String repository, long size) {}

    @SqlQuery("SELECT COALESCE(SUM(size), 0) FROM blob")
    long sumBlobs();

    @SqlQuery("""
            SELECT digest, generation, state, store, size FROM blob WHERE digest > :after ORDER BY digest LIMIT 500
            """)
    List<Blob> blobs(@Bind("after") String after);

    @SqlQuery("SELECT content FROM blob_content WHERE digest = :digest AND generation = :generation")
    Optional<byte[]> content(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("UPDATE blob SET state = :state WHERE digest = :digest AND generation = :generation")
    void setState(@Bind("digest") String digest, @Bind("generation") long generation, @Bind("state") String state);

    @SqlQuery("""
            SELECT EXISTS (SELECT 1 FROM blob
                           WHERE digest = :digest AND generation = :generation AND store = :store)
                OR EXISTS (SELECT 1 FROM doomed_object
                           WHERE digest = :digest AND generation = :generation AND store = :store)
            """)
    boolean named(@Bind("store") String store, @Bind("digest") String digest, @Bind("generation") long generation);

    @SqlQuery("""
            SELECT c.digest, c.generation, 'inline' AS store FROM blob_content c
            WHERE (c.digest, c.generation) > (:digest, :generation)
              AND NOT EXISTS (SELECT 1 FROM blob b
                    WHERE b.digest = c.digest AND b.generation = c.generation AND b.store = 'inline')
              AND NOT EXISTS (SELECT 1 FROM doomed_object d
                    WHERE d.digest = c.digest AND d.generation = c.generation AND d.store = 'inline')
            ORDER BY c.digest, c.generation LIMIT 500
            """)
    List<Stored> orphanContents(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("DELETE FROM blob_content WHERE digest = :digest AND generation = :generation")
    void deleteContent(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlQuery("SELECT COUNT(*) FROM doomed_object")
    long countDoomed();

    // Objects that a live blob needs and that would be deleted nevertheless.
    @SqlQuery("""
            SELECT d.digest, d.generation, d.store FROM doomed_object d
            JOIN blob b ON b.digest = d.digest AND b.generation = d.generation AND b.store = d.store
            WHERE (d.digest, d.generation) > (:digest, :generation)
            ORDER BY d.digest, d.generation LIMIT 500
            """)
    List<Stored> doomedButNamed(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("""
            DELETE FROM doomed_object WHERE store = :store AND digest = :digest AND generation = :generation
            """)
    void forgetDoomed(@Bind("store") String store, @Bind("digest") String digest, @Bind("generation") long generation);

    @SqlQuery("SELECT COUNT(*) FROM upload")
    long countUploads();

    @SqlQuery("SELECT id, generation, repository, size FROM upload WHERE id > :after ORDER BY id LIMIT 500")
    List<Upload> uploads(@Bind("after") String after);

    @SqlQuery("SELECT id, generation, repository, size FROM upload WHERE id = :id AND generation = :generation")
    Optional<Upload> upload(@Bind("id") String id, @Bind("generation") long generation);

    @SqlQuery("SELECT COUNT(*) FROM upload WHERE generation = :generation")
    int countUploadsOf(@Bind("generation") long generation);

    @SqlUpdate("UPDATE upload SET size = :size WHERE id = :id")
    void setUploadSize(@Bind("id") String id, @Bind("size") long size);
}
