package io.berth.registry;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.TagFilter;
import io.berth.access.Target;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.MediaType;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Projects;
import io.berth.project.TestProjects;
import io.berth.store.FileBlobStore;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/**
 * Every use case that changes what projects hold, on a real database and store, with a handful of repositories, blobs and
 * manifests that are shared so much that everything gets in everything's way. Thread-safe.
 */
final class QuotaWorld implements AutoCloseable {
    private static final Principal ADMIN = TestProjects.SYSTEM;
    private static final Change.Origin ORIGIN = Change.Origin.SYSTEM;
    private static final int INLINE_LIMIT = 1000;
    private static final int BLOBS = 16;

    /** A project as it is, and what it holds counted anew. */
    record Count(String project, Long quota, long used, long held) {
        boolean isWrong() {
            return used != held || quota != null && used > quota;
        }
    }

    /** SQL of this test, which knows nothing of {@code project_blob}. */
    @RegisterConstructorMapper(Count.class)
    public interface Sums {
        @SqlQuery("""
                WITH held AS (
                    SELECT r.project_id, rb.digest, b.size
                    FROM repo_blob rb
                    JOIN repository r ON r.id = rb.repository_id
                    JOIN blob b ON b.digest = rb.digest
                    UNION
                    SELECT r.project_id, m.digest, m.size
                    FROM manifest m JOIN repository r ON r.id = m.repository_id)
                SELECT p.name AS project, p.quota_bytes AS quota, p.used_bytes AS used,
                       COALESCE(SUM(held.size), 0) AS held
                FROM project p LEFT JOIN held ON held.project_id = p.id
                GROUP BY p.id, p.name, p.quota_bytes, p.used_bytes ORDER BY p.name
                """)
        List<Count> counts();

        @SqlQuery("SELECT COUNT(*) FROM project_blob")
        int charged();

        @SqlQuery("""
                SELECT digest FROM repo_blob
                WHERE repository_id = (SELECT id FROM repository WHERE name = :repository) AND leased_until > 0
                """)
        List<String> leased(@Bind("repository") String repository);

        @SqlUpdate("""
                UPDATE repo_blob SET leased_until = 0
                WHERE repository_id = (SELECT id FROM repository WHERE name = :repository) AND digest = :digest
                """)
        void endLease(@Bind("repository") String repository, @Bind("digest") String digest);
    }

    /** A manifest, and what has to be there before it. */
    record Item(byte[] content, String type, Digest digest, List<byte[]> blobs, List<Item> children) {}

    private final Database database;
    private final Uploads uploads;
    private final MountBlob mountBlob;
    private final PushManifest pushManifest;
    private final DeleteManifest deleteManifest;
    private final DeleteBlob deleteBlob;
    private final Artifacts artifacts;
    private final List<byte[]> blobs = new ArrayList<>();
    private final List<Item> items = new ArrayList<>();
    private final List<RepositoryName> repositories = new ArrayList<>();

    QuotaWorld(Database database, Path directory) throws IOException {
        this.database = database;
        var rules = new BerthConfig.Registry(
                false,
                BerthConfig.Challenge.TOKEN,
                false,
                BerthConfig.MissingReferences.REFUSE,
                8 << 20,
                0,
                Duration.ofHours(24),
                0);
        var store = new FileBlobStore(directory.resolve("blobs"), new UploadWriter(2, Long.MAX_VALUE));
        var clock = Clock.systemUTC();
        var cache = new RegistryCache(1 << 20);
        var leases = new Leases(clock, rules.uploadExpiry());
        Projects projects = TestProjects.of(database);
        var repositoryRows = new Repositories(projects);
        var commitBlob = new CommitBlob(database, store, cache, leases, repositoryRows, INLINE_LIMIT);
        uploads = new Uploads(
                database,
                store,
                commitBlob,
                rules,
                INLINE_LIMIT,
                new FreeSpace(Map.of(), 0, System::nanoTime),
                clock,
                new java.security.SecureRandom());
        mountBlob = new MountBlob(database, EVERYTHING, repositoryRows, cache, leases);
        pushManifest = new PushManifest(database, cache, leases, repositoryRows, rules.missingReferences());
        deleteManifest = new DeleteManifest(database, cache);
        deleteBlob = new DeleteBlob(database, cache);
        artifacts = new Artifacts(database, cache, leases, repositoryRows, pushManifest, deleteManifest);
        content();
        // Of all that there is the first holds a quarter, the second a half.
        Map<String, Long> quotas = Map.of("alpha", 6_000L, "beta", 12_000L, "gamma", -1L, "delta", -1L);
        quotas.forEach((name, quota) -> {
            projects.create(name, false, quota, Map.of(), ADMIN, ORIGIN);
            repositories.add(RepositoryName.parse(name + "/app"));
            repositories.add(RepositoryName.parse(name + "/base"));
        });
    }

    private void content() {
        var random = new Random(5);
        for (int i = 0; i < BLOBS; i++) {
            byte[] blob = new byte[i < BLOBS - 3 ? 100 + 61 * i : 800 * (i - BLOBS + 5)]; // the last three in files
            random.nextBytes(blob);
            blobs.add(blob);
        }
        for (int i = 0; i < 10; i++) {
            List<byte[]> parts = List.of(
                    blobs.get(random.nextInt(3)), blobs.get(3 + random.nextInt(6)), blobs.get(9 + random.nextInt(7)));
            String subject = i < 8
                    ? ""
                    : ",\"subject\":"
                            + descriptor(
                                    MediaType.OCI_MANIFEST, items.get(i - 8).content());
            String text = "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s],\"annotations\":{\"n\":\"%s\"}%s}"
                    .formatted(
                            descriptor("application/vnd.oci.image.config.v1+json", parts.get(0)),
                            descriptor("application/vnd.oci.image.layer.v1.tar", parts.get(1)),
                            descriptor("application/vnd.oci.image.layer.v1.tar", parts.get(2)),
                            "x".repeat(7 * i),
                            subject);
            items.add(item(text, MediaType.OCI_MANIFEST, parts, List.of()));
        }
        for (int i = 0; i < 3; i++) {
            List<Item> children = List.of(items.get(i), items.get(i + 1));
            String text = "{\"schemaVersion\":2,\"manifests\":[%s,%s]}"
                    .formatted(
                            descriptor(MediaType.OCI_MANIFEST, children.get(0).content()),
                            descriptor(MediaType.OCI_MANIFEST, children.get(1).content()));
            items.add(item(text, MediaType.OCI_INDEX, List.of(), children));
        }
    }

    private static Item item(String text, String type, List<byte[]> parts, List<Item> children) {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        return new Item(content, type, digest(content), parts, children);
    }

    private static Digest digest(byte[] content) {
        return Digest.of(Digest.Algorithm.SHA256, content);
    }

    private static String descriptor(String type, byte[] content) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(type, digest(content), content.length);
    }

    /** All projects, in the snapshot of one statement. */
    List<Count> counts() {
        return database.read(tx -> tx.dao(Sums.class).counts());
    }

    /** Rows that say what is charged. */
    int charged() {
        return database.read(tx -> tx.dao(Sums.class).charged());
    }

    List<RepositoryName> repositories() {
        return repositories;
    }

    RepositoryName repository(Random random) {
        return repositories.get(random.nextInt(repositories.size()));
    }

    byte[] blob(Random random) {
        return blobs.get(random.nextInt(blobs.size()));
    }

    Item item(Random random) {
        return items.get(random.nextInt(items.size()));
    }

    void pushBlob(RepositoryName to, byte[] blob) {
        try {
            uploads.pushWhole(to, ADMIN, digest(blob), UploadWorld.body(blob), ORIGIN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Pushes a manifest with all that it needs, as clients do. */
    void pushImage(RepositoryName to, Item item, Reference reference) {
        item.blobs().forEach(blob -> pushBlob(to, blob));
        item.children().forEach(child -> pushImage(to, child, child.digest()));
        pushManifest(to, item, reference);
    }

    /** Pushes a manifest alone. */
    void pushManifest(RepositoryName to, Item item, Reference reference) {
        pushManifest.push(new PushManifest.Request(
                to,
                reference,
                List.of(),
                item.type(),
                item.content(),
                null,
                null,
                ADMIN,
                ORIGIN,
                true,
                subject -> Change.Gate.OPEN));
    }

    boolean mount(RepositoryName from, RepositoryName to, byte[] blob, boolean named) {
        return mountBlob.mount(to, digest(blob), named ? Optional.of(from) : Optional.empty(), ADMIN, ORIGIN);
    }

    void tag(RepositoryName in, Item item, Tag tag) {
        artifacts.createTag(in, item.digest(), tag, ORIGIN);
    }

    void copy(RepositoryName from, RepositoryName to, Item item, Tag tag) {
        artifacts.copy(from, item.digest(), to, Optional.of(tag), ADMIN, ORIGIN);
    }

    void delete(RepositoryName in, Reference reference) {
        deleteManifest.delete(in, reference, null, null, ORIGIN);
    }

    /** As Harbor deletes: with what is about it. */
    void deleteArtifact(RepositoryName in, Item item) {
        artifacts.delete(in, item.digest(), ORIGIN);
    }

    void deleteBlob(RepositoryName in, byte[] blob) {
        deleteBlob.delete(in, digest(blob), ORIGIN);
    }

    void deleteRepository(RepositoryName name) {
        artifacts.deleteRepository(name, ORIGIN);
    }

    /** Two days pass for the blobs of a repository, so that deletes of manifests unlink them. */
    void endLeases(RepositoryName in) {
        // Time passes for each row by itself: many in one transaction would be a deadlock of the test's own making.
        for (String digest : database.read(tx -> tx.dao(Sums.class).leased(in.value()))) {
            database.write(tx -> {
                tx.dao(Sums.class).endLease(in.value(), digest);
                return null;
            });
        }
    }

    @Override
    public void close() {
        database.close();
    }

    private static final Authorizer EVERYTHING = new Authorizer() {
        @Override
        public Decision decideAtOnce(Principal principal, Permission permission, Target target) {
            return decide(principal, permission, target);
        }

        @Override
        public Decision decide(Principal principal, Permission permission, Target target) {
            return new Decision(true, "test");
        }

        @Override
        public Change.Gate gate(Principal principal, Permission permission, Target target) {
            return Change.Gate.OPEN;
        }

        @Override
        public boolean isPublic(RepositoryName repository) {
            return true;
        }

        @Override
        public TagFilter tags(Principal principal, Permission permission, RepositoryName repository) {
            throw new UnsupportedOperationException();
        }
    };
}
