package io.berth.registry;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of manifests and of what they refer to. */
@RegisterConstructorMapper(ManifestDao.StoredManifest.class)
@RegisterConstructorMapper(ManifestDao.ManifestKey.class)
@RegisterConstructorMapper(ManifestDao.Referrer.class)
@RegisterConstructorMapper(ManifestDao.Annotations.class)
interface ManifestDao {
    record StoredManifest(long id, String digest, String mediaType, long leasedUntil, byte[] content) {}

    record ManifestKey(long id, String mediaType, long size) {}

    record Referrer(String digest, String mediaType, String artifactType, long size, long annotationBytes) {}

    record Annotations(String digest, String annotations) {}

    @SqlQuery("""
            SELECT m.id, m.digest, m.media_type, m.leased_until, c.content
            FROM repository r
            JOIN tag t ON t.repository_id = r.id
            JOIN manifest m ON m.id = t.manifest_id
            JOIN manifest_content c ON c.digest = m.digest
            WHERE r.name = :repository AND t.name = :tag
            """)
    Optional<StoredManifest> findByTag(@Bind("repository") String repository, @Bind("tag") String tag);

    @SqlQuery("""
            SELECT m.id, m.digest, m.media_type, m.leased_until, c.content
            FROM repository r
            JOIN manifest m ON m.repository_id = r.id
            JOIN manifest_content c ON c.digest = m.digest
            WHERE r.name = :repository AND m.digest = :digest
            """)
    Optional<StoredManifest> findByDigest(@Bind("repository") String repository, @Bind("digest") String digest);

    @SqlQuery("SELECT id, media_type, size FROM manifest WHERE repository_id = :repository AND digest = :digest")
    Optional<ManifestKey> find(@Bind("repository") long repository, @Bind("digest") String digest);

    // Where transactions run side by side, of two that delete the same one waits here, and then finds nothing.
    @SqlQuery("""
            UPDATE manifest SET size = size WHERE repository_id = :repository AND digest = :digest
            RETURNING id, media_type, size
            """)
    Optional<ManifestKey> lock(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            INSERT INTO manifest_content (digest, content) VALUES (:digest, :content)
            ON CONFLICT (digest) DO NOTHING
            """)
    void putContent(@Bind("digest") String digest, @Bind("content") byte[] content);

    @SqlQuery("""
            INSERT INTO manifest (repository_id, digest, media_type, artifact_type, subject, annotations, size,
                                  leased_until, pushed_at)
            VALUES (:repository, :digest, :mediaType, :artifactType, :subject, :annotations, :size, :leasedUntil, :now)
            RETURNING id
            """)
    long insert(
            @Bind("repository") long repository,
            @Bind("digest") String digest,
            @Bind("mediaType") String mediaType,
            @Bind("artifactType") String artifactType,
            @Bind("subject") String subject,
            @Bind("annotations") String annotations,
            @Bind("size") long size,
            @Bind("leasedUntil") long leasedUntil,
            @Bind("now") long now);

    @SqlUpdate("""
            UPDATE manifest SET media_type = :mediaType, leased_until = :leasedUntil, pushed_at = :now WHERE id = :id
            """)
    void touch(
            @Bind("id") long id,
            @Bind("mediaType") String mediaType,
            @Bind("leasedUntil") long leasedUntil,
            @Bind("now") long now);

    @SqlUpdate("UPDATE manifest SET leased_until = :until WHERE id = :id AND leased_until < :until")
    void lease(@Bind("id") long id, @Bind("until") long until);

    @SqlUpdate("""
            INSERT INTO manifest_reference (manifest_id, digest, repository_id, kind, size, resolved)
            VALUES (:manifest, :digest, :repository, :kind, :size, :resolved)
            ON CONFLICT (manifest_id, digest) DO NOTHING
            """)
    void refer(
            @Bind("manifest") long manifest,
            @Bind("digest") String digest,
            @Bind("repository") long repository,
            @Bind("kind") String kind,
            @Bind("size") long size,
            @Bind("resolved") boolean resolved);

    @SqlUpdate("""
            UPDATE manifest_reference SET resolved = true
            WHERE digest = :digest AND repository_id = :repository AND NOT resolved AND kind <> 'MANIFEST'
            """)
    void resolveBlob(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlUpdate("""
            UPDATE manifest_reference SET resolved = true
            WHERE digest = :digest AND repository_id = :repository AND NOT resolved AND kind = 'MANIFEST'
            """)
    void resolveChild(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT m.digest FROM manifest_reference mr JOIN manifest m ON m.id = mr.manifest_id
            WHERE mr.digest = :digest AND mr.repository_id = :repository AND mr.resolved
            ORDER BY m.digest LIMIT 1
            """)
    Optional<String> referringManifest(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlQuery("SELECT digest FROM manifest WHERE repository_id = :repository ORDER BY id LIMIT :limit")
    List<String> in(@Bind("repository") long repository, @Bind("limit") int limit);

    @SqlQuery(
            "SELECT subject FROM manifest WHERE repository_id = :repository AND digest = :digest AND subject IS NOT NULL")
    Optional<String> subjectOf(@Bind("repository") long repository, @Bind("digest") String digest);

    @SqlQuery("SELECT digest FROM manifest WHERE repository_id = :repository AND subject = :subject ORDER BY digest")
    List<String> about(@Bind("repository") long repository, @Bind("subject") String subject);

    @SqlQuery("SELECT digest FROM manifest_reference WHERE manifest_id = :manifest AND resolved AND kind <> 'MANIFEST'")
    List<String> blobsOf(@Bind("manifest") long manifest);

    @SqlQuery("SELECT digest FROM manifest_reference WHERE manifest_id = :manifest AND resolved AND kind = 'MANIFEST'")
    List<String> childrenOf(@Bind("manifest") long manifest);

    @SqlQuery("SELECT digest FROM manifest_reference WHERE manifest_id = :manifest AND resolved")
    List<String> resolved(@Bind("manifest") long manifest);

    @SqlUpdate("DELETE FROM manifest_reference WHERE manifest_id = :manifest")
    void deleteReferences(@Bind("manifest") long manifest);

    @SqlUpdate("DELETE FROM manifest WHERE id = :manifest")
    int delete(@Bind("manifest") long manifest);

    @SqlUpdate("""
            DELETE FROM manifest_content
            WHERE digest = :digest AND NOT EXISTS (SELECT 1 FROM manifest WHERE digest = :digest)
            """)
    void deleteUnusedContent(@Bind("digest") String digest);

    // A join would hide from PostgreSQL that the index has them in their order, and it would sort all there are.
    @SqlQuery("""
            SELECT m.digest, m.media_type, m.artifact_type, m.size,
                   COALESCE(octet_length(m.annotations), 0) AS annotation_bytes
            FROM manifest m
            WHERE m.repository_id = (SELECT id FROM repository WHERE name = :repository) AND m.subject = :subject
              AND m.digest > :after
              AND (:artifactType = '' OR m.artifact_type = :artifactType)
            ORDER BY m.digest LIMIT :limit
            """)
    List<Referrer> referrers(
            @Bind("repository") String repository,
            @Bind("subject") String subject,
            @Bind("artifactType") String artifactType,
            @Bind("after") String after,
            @Bind("limit") int limit);

    // Apart from the list, since they may be megabytes each and the list says how many of them fit.
    @SqlQuery("""
            SELECT m.digest, m.annotations
            FROM manifest m
            WHERE m.repository_id = (SELECT id FROM repository WHERE name = :repository) AND m.subject = :subject
              AND m.digest > :after AND m.digest <= :last
              AND (:artifactType = '' OR m.artifact_type = :artifactType) AND m.annotations IS NOT NULL
            """)
    List<Annotations> annotations(
            @Bind("repository") String repository,
            @Bind("subject") String subject,
            @Bind("artifactType") String artifactType,
            @Bind("after") String after,
            @Bind("last") String last);

    @SqlQuery("""
            SELECT COUNT(*) FROM repository r JOIN manifest m ON m.repository_id = r.id
            WHERE r.name = :repository AND m.digest = :digest AND (m.subject IS NULL OR m.subject <> :subject)
            """)
    int countAboutOthers(
            @Bind("repository") String repository, @Bind("digest") String digest, @Bind("subject") String subject);
}
