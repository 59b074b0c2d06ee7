package io.berth.registry;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of blobs and of the links that make them visible in repositories. */
@RegisterConstructorMapper(BlobDao.Blob.class)
@RegisterConstructorMapper(BlobDao.LinkedBlob.class)
@RegisterConstructorMapper(BlobDao.DoomedObject.class)
interface BlobDao {
    /** It may be pulled, pushed to and mounted. */
    String LIVE = "LIVE";

    /** Its object was found missing or wrong: the next push of its digest brings a new one. */
    String DAMAGED = "DAMAGED";

    /** The store whose objects are rows of {@code blob_content}. */
    String INLINE = "inline";

    record Blob(String digest, long generation, String state, String store, long size) {}

    record DoomedObject(String store, String digest, long generation) {}

    record LinkedBlob(long repositoryId, long generation, String state, String store, long size, long leasedUntil) {}

    @SqlQuery("SELECT digest, generation, state, store, size FROM blob WHERE digest = :digest")
    Optional<Blob> find(@Bind("digest") String digest);

    @SqlQuery("""
            SELECT rb.repository_id, b.generation, b.state, b.store, b.size, rb.leased_until
            FROM repository r
            JOIN repo_blob rb ON rb.repository_id = r.id
            JOIN blob b ON b.digest = rb.digest
            WHERE r.name = :repository AND rb.digest = :digest
            """)
    Optional<LinkedBlob> findLinked(@Bind("repository") String repository, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT b.digest, b.generation, b.state, b.store, b.size
            FROM repo_blob rb JOIN blob b ON b.digest = rb.digest
            WHERE rb.repository_id = :repository AND rb.digest = :digest
            """)
    Optional<Blob> findIn(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT r.name FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
            WHERE rb.digest = :digest ORDER BY r.name LIMIT :limit
            """)
    List<String> repositoriesOf(@Bind("digest") String digest, @Bind("limit") int limit);

    @SqlUpdate("""
            INSERT INTO blob (digest, generation, state, store, encoding, size, stored_size, touched_at, created_at)
            VALUES (:b.digest, :b.generation, :b.state, :b.store, 'identity', :b.size, :b.size, :now, :now)
            ON CONFLICT (digest) DO UPDATE SET generation = excluded.generation, state = excluded.state,
                store = excluded.store, encoding = excluded.encoding, stored_size = excluded.stored_size,
                touched_at = excluded.touched_at
            """)
    void put(@BindMethods("b") Blob blob, @Bind("now") long now);

    @SqlUpdate("UPDATE blob SET state = :state, touched_at = :now WHERE digest = :digest")
    void setState(@Bind("digest") String digest, @Bind("state") String state, @Bind("now") long now);

    @SqlUpdate("""
            INSERT INTO blob_content (digest, generation, content) VALUES (:digest, :generation, :content)
            ON CONFLICT (digest, generation) DO NOTHING
            """)
    void putContent(
            @Bind("digest") String digest, @Bind("generation") long generation, @Bind("content") byte[] content);

    @SqlQuery("SELECT content FROM blob_content WHERE digest = :digest AND generation = :generation")
    Optional<byte[]> content(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("DELETE FROM blob_content WHERE digest = :digest AND generation = :generation")
    void deleteContent(@Bind("digest") String digest, @Bind("generation") long generation);

    @SqlUpdate("""
            INSERT INTO repo_blob (repository_id, digest, leased_until) VALUES (:repository, :digest, :until)
            ON CONFLICT (repository_id, digest) DO NOTHING
            """)
    int link(@Bind("repository") long repository, @Bind("digest") String digest, @Bind("until") long until);

    @SqlUpdate("""
            UPDATE repo_blob SET leased_until = :until
            WHERE repository_id = :repository AND digest = :digest AND leased_until < :until
            """)
    void lease(@Bind("repository") long repository, @Bind("digest") String digest, @Bind("until") long until);

    @SqlUpdate("DELETE FROM repo_blob WHERE repository_id = :repository AND digest = :digest")
    int unlink(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            DELETE FROM repo_blob
            WHERE repository_id = :repository AND digest = :digest AND leased_until <= :now
              AND NOT EXISTS (SELECT 1 FROM manifest_reference mr
                              WHERE mr.digest = :digest AND mr.repository_id = :repository AND mr.resolved)
            """)
    int unlinkUnused(@Bind("repository") long repository, @Bind("digest") String digest, @Bind("now") long now);

    @SqlQuery("SELECT COUNT(*) FROM repo_blob WHERE repository_id = :repository AND digest = :digest")
    int countLinks(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            INSERT INTO doomed_object (store, digest, generation, doomed_at)
            VALUES (:b.store, :b.digest, :b.generation, :now)
            ON CONFLICT (store, digest, generation) DO NOTHING
            """)
    void doom(@BindMethods("b") Blob blob, @Bind("now") long now);

    @SqlQuery("SELECT store, digest, generation FROM doomed_object ORDER BY doomed_at LIMIT 1000")
    List<DoomedObject> doomed();

    @SqlUpdate("DELETE FROM doomed_object WHERE store = :d.store AND digest = :d.digest AND generation = :d.generation")
    void forgetDoomed(@BindMethods("d") DoomedObject doomed);

    @SqlUpdate("""
            INSERT INTO review_queue (kind, key, review_after) VALUES (:kind, :key, :after)
            ON CONFLICT (kind, key) DO UPDATE SET review_after = excluded.review_after, tries = 0
            """)
    void review(@Bind("kind") String kind, @Bind("key") String key, @Bind("after") long after);
}
