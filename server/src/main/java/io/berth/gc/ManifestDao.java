package io.berth.gc;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the checks of manifests, of what they refer to and of what refers to them. */
@RegisterConstructorMapper(ManifestDao.Content.class)
@RegisterConstructorMapper(ManifestDao.Manifest.class)
@RegisterConstructorMapper(ManifestDao.Reference.class)
@RegisterConstructorMapper(ManifestDao.Tag.class)
@RegisterConstructorMapper(ManifestDao.Link.class)
interface ManifestDao {
    record Content(String digest) {}

    record Manifest(long id, String repository, String digest, String mediaType, long size) {}

    record Reference(long manifestId, String digest, String repository, String manifest, String kind) {}

    record Tag(long repositoryId, String name, String repository, String digest) {}

    record Link(long repositoryId, String digest, String repository) {}

    // Contents may have megabytes each, so a page has their names alone.
    @SqlQuery("SELECT digest FROM manifest_content WHERE digest > :after ORDER BY digest LIMIT 500")
    List<Content> contents(@Bind("after") String after);

    @SqlQuery("SELECT content FROM manifest_content WHERE digest = :digest")
    Optional<byte[]> content(@Bind("digest") String digest);

    @SqlUpdate("""
            DELETE FROM manifest_content
            WHERE digest = :digest AND NOT EXISTS (SELECT 1 FROM manifest m WHERE m.digest = :digest)
            """)
    void deleteUnused(@Bind("digest") String digest);

    @SqlQuery("""
            SELECT m.id, r.name AS repository, m.digest, m.media_type, m.size
            FROM manifest m JOIN repository r ON r.id = m.repository_id
            WHERE m.digest = :digest AND m.id > :after ORDER BY m.id LIMIT 500
            """)
    List<Manifest> manifests(@Bind("digest") String digest, @Bind("after") long after);

    @SqlQuery("""
            SELECT m.id, r.name AS repository, m.digest, m.media_type, m.size
            FROM manifest m JOIN repository r ON r.id = m.repository_id
            WHERE m.id > :after AND NOT EXISTS (SELECT 1 FROM manifest_content c WHERE c.digest = m.digest)
            ORDER BY m.id LIMIT 500
            """)
    List<Manifest> withoutContent(@Bind("after") long after);

    @SqlQuery("SELECT digest FROM manifest_reference WHERE manifest_id = :manifest")
    List<String> references(@Bind("manifest") long manifest);

    @SqlQuery("""
            SELECT mr.manifest_id, mr.digest, r.name AS repository, m.digest AS manifest, mr.kind
            FROM manifest_reference mr
            JOIN manifest m ON m.id = mr.manifest_id
            JOIN repository r ON r.id = mr.repository_id
            WHERE (mr.manifest_id, mr.digest) > (:manifest, :digest) AND mr.resolved AND NOT (
                mr.kind <> 'MANIFEST' AND EXISTS (SELECT 1 FROM repo_blob rb
                    WHERE rb.repository_id = mr.repository_id AND rb.digest = mr.digest)
                OR mr.kind = 'MANIFEST' AND EXISTS (SELECT 1 FROM manifest c
                    WHERE c.repository_id = mr.repository_id AND c.digest = mr.digest))
            ORDER BY mr.manifest_id, mr.digest LIMIT 500
            """)
    List<Reference> missing(@Bind("manifest") long manifest, @Bind("digest") String digest);

    @SqlQuery("""
            SELECT mr.manifest_id, mr.digest, r.name AS repository, m.digest AS manifest,
                   CASE WHEN mr.kind <> 'MANIFEST' AND EXISTS (SELECT 1 FROM repo_blob rb
                               WHERE rb.repository_id = mr.repository_id AND rb.digest = mr.digest)
                          OR mr.kind = 'MANIFEST' AND EXISTS (SELECT 1 FROM manifest c
                               WHERE c.repository_id = mr.repository_id AND c.digest = mr.digest)
                        THEN 'PRESENT' ELSE mr.kind END AS kind
            FROM manifest_reference mr
            JOIN manifest m ON m.id = mr.manifest_id
            JOIN repository r ON r.id = mr.repository_id
            WHERE (mr.manifest_id, mr.digest) > (:manifest, :digest) AND NOT mr.resolved
            ORDER BY mr.manifest_id, mr.digest LIMIT 500
            """)
    List<Reference> unresolved(@Bind("manifest") long manifest, @Bind("digest") String digest);

    @SqlUpdate("UPDATE manifest_reference SET resolved = true WHERE manifest_id = :manifest AND digest = :digest")
    void resolve(@Bind("manifest") long manifest, @Bind("digest") String digest);

    @SqlQuery("SELECT COUNT(*) FROM tag")
    long countTags();

    @SqlQuery("""
            SELECT t.repository_id, t.name, r.name AS repository, t.digest
            FROM tag t JOIN repository r ON r.id = t.repository_id
            WHERE (t.repository_id, t.name) > (:repository, :name)
              AND NOT EXISTS (SELECT 1 FROM manifest m
                    WHERE m.id = t.manifest_id AND m.digest = t.digest AND m.repository_id = t.repository_id)
            ORDER BY t.repository_id, t.name LIMIT 500
            """)
    List<Tag> danglingTags(@Bind("repository") long repository, @Bind("name") String name);

    @SqlQuery("""
            SELECT rb.repository_id, rb.digest, r.name AS repository
            FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
            WHERE (rb.repository_id, rb.digest) > (:repository, :digest)
              AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = rb.digest)
            ORDER BY rb.repository_id, rb.digest LIMIT 500
            """)
    List<Link> danglingLinks(@Bind("repository") long repository, @Bind("digest") String digest);
}
