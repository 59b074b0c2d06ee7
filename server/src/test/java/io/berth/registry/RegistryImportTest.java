package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.db.Change;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.gc.Fsck;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.TestProjects;
import io.berth.store.BlobStore;
import io.berth.store.FileBlobStore;
import io.berth.store.ObjectKey;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryImportTest {
    private static final Digest NOTHING = Digest.parse("sha256:" + "0".repeat(64));

    /** What the tests want to know. */
    public interface Probe {
        @SqlQuery("SELECT COUNT(*) FROM change")
        long changes();

        @SqlQuery("SELECT public FROM project WHERE name = 'library'")
        boolean libraryIsPublic();
    }

    @TempDir
    Path data;

    @TempDir
    Path source;

    private final Random random = new Random(3);
    private TreeOfImages tree;
    private BerthConfig config;
    private SqliteDatabase database;
    private BlobStore store;

    private BlobStore.Take take = BlobStore.Take.LINK;
    private boolean move;
    private boolean dryRun;
    private BerthConfig.MissingReferences missing = BerthConfig.MissingReferences.REFUSE;

    @BeforeEach
    void open() throws IOException {
        tree = new TreeOfImages(source);
        config = new ConfigLoader().set("data", data.toString(), "test").load();
        database = SqliteDatabase.open(data, 2, Clock.systemUTC(), random, DatabaseMetrics.NONE);
        store = new FileBlobStore(data.resolve("blobs"), new UploadWriter(1, Long.MAX_VALUE));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        database.close();
    }

    private RegistryImport.Report load() throws IOException {
        return load((done, total) -> {});
    }

    private RegistryImport.Report load(RegistryImport.Progress progress) throws IOException {
        return new RegistryImport(
                        database, store, config, missing, take, move, dryRun, progress, Clock.systemUTC(), random)
                .run(source);
    }

    private Fsck.Report fsck(boolean repair) throws IOException {
        return new Fsck(database, store, repair, (done, total) -> {}).run();
    }

    private void assertSound() throws IOException {
        Fsck.Report report = fsck(false);
        assertThat(report.damage()).isEmpty();
        assertThat(report.warnings()).isEmpty();
    }

    private Optional<String> tag(String repository, String tag) {
        return database.read(tx -> tx.dao(ManifestDao.class).findByTag(repository, tag))
                .map(ManifestDao.StoredManifest::digest);
    }

    private boolean hasBlob(String repository, Digest digest) {
        return database.read(tx -> tx.dao(BlobDao.class).findLinked(repository, digest.toString()))
                .isPresent();
    }

    /** The file of a blob as it is now; older ones may wait for their deletion beside it. */
    private Path object(Digest digest) {
        long generation = database.<Long>read(tx ->
                tx.dao(BlobDao.class).find(digest.toString()).orElseThrow().generation());
        return data.resolve("blobs").resolve(new ObjectKey(digest, generation).path());
    }

    /** A later push of a tag by a user. */
    private void push(String repository, String tag, Digest manifest) throws IOException {
        var pushing = new PushManifest(
                database,
                new RegistryCache(1 << 20),
                new Leases(Clock.systemUTC(), java.time.Duration.ofHours(1)),
                new Repositories(TestProjects.of(database)),
                BerthConfig.MissingReferences.REFUSE);
        pushing.push(new PushManifest.Request(
                RepositoryName.parse(repository),
                Tag.parse(tag),
                List.of(),
                "application/vnd.oci.image.manifest.v1+json",
                Files.readAllBytes(tree.blobFile(manifest)),
                null,
                null,
                new Principal(Principal.Kind.SYSTEM, 0, "alice", "alice"),
                Change.Origin.by("alice"),
                true,
                subject -> Change.Gate.OPEN));
    }

    @Test
    void repositoriesRevisionsTagsAndLayersComeIn() throws IOException {
        var one = tree.image("alpine", "v1");
        var two = tree.image("team/deep/app", "v1");
        tree.tag("team/deep/app", "latest", two.manifest());
        var untagged = tree.image("team/deep/app", 300);
        Digest loose = tree.blob("a layer that no manifest names");
        tree.layerLink("team/deep/app", loose);
        RegistryImport.Report report = load();
        assertThat(report.damage()).isEmpty();
        assertThat(report.notes()).isEmpty();
        assertThat(report.repositories()).isEqualTo(2);
        assertThat(report.blobs()).isEqualTo(5);
        assertThat(report.manifests()).isEqualTo(3);
        assertThat(report.tags()).isEqualTo(3);
        assertThat(tag("library/alpine", "v1")).hasValue(one.manifest().toString());
        assertThat(tag("team/deep/app", "latest")).hasValue(two.manifest().toString());
        assertThat(hasBlob("team/deep/app", loose)).isTrue();
        boolean hasUntagged = database.read(tx -> tx.dao(ManifestDao.class)
                .findByDigest("team/deep/app", untagged.manifest().toString())
                .isPresent());
        assertThat(hasUntagged).isTrue();
        assertThat(database.<Boolean>read(tx -> tx.dao(Probe.class).libraryIsPublic()))
                .isTrue();
        assertSound();
    }

    @Test
    void aSecondRunChangesNothing() throws IOException {
        var child = tree.image("team/app", 20_000);
        tree.tag("team/app", "v1", tree.index("team/app", child.manifest()));
        load();
        long changes = database.<Long>read(tx -> tx.dao(Probe.class).changes());
        RegistryImport.Report again = load();
        assertThat(again.blobs()).isZero();
        assertThat(again.manifests()).isZero();
        assertThat(again.tags()).isZero();
        assertThat(database.<Long>read(tx -> tx.dao(Probe.class).changes())).isEqualTo(changes);
    }

    @Test
    void whatHasComeSinceComesWithTheNextRun() throws IOException {
        tree.image("team/app", "latest");
        load();
        var newer = tree.image("team/app", "latest");
        RegistryImport.Report again = load();
        assertThat(again.manifests()).isEqualTo(1);
        assertThat(tag("team/app", "latest")).hasValue(newer.manifest().toString());
    }

    @Test
    void aTagThatSomebodyMovedHereStaysTheirs() throws IOException {
        var first = tree.image("team/app", "stable");
        var second = tree.image("team/app", "latest");
        load();
        push("team/app", "stable", second.manifest());
        RegistryImport.Report again = load();
        assertThat(again.tags()).isZero();
        assertThat(again.notes()).singleElement().asString().contains("team/app:stable", "alice");
        assertThat(tag("team/app", "stable"))
                .hasValue(second.manifest().toString())
                .isNotEqualTo(Optional.of(first.manifest().toString()));
    }

    @Test
    void indexesComeAfterTheirChildrenHoweverDeep() throws IOException {
        Digest top = tree.image("team/app", 100).manifest();
        for (int i = 0; i < 8; i++) {
            top = tree.index("team/app", top);
        }
        tree.tag("team/app", "v1", top);
        assertThat(load().damage()).isEmpty();
        assertThat(tag("team/app", "v1")).hasValue(top.toString());
        assertSound();
    }

    @Test
    void manifestsAndLayersBySha512ComeIn() throws IOException {
        byte[] content = "{\"schemaVersion\":2,\"manifests\":[]}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Digest digest = Digest.of(Digest.Algorithm.SHA512, content);
        Files.createDirectories(tree.blobFile(digest).getParent());
        Files.write(tree.blobFile(digest), content);
        tree.revisionLink("team/app", digest);
        tree.tag("team/app", "v1", digest);
        assertThat(load().damage()).isEmpty();
        assertThat(tag("team/app", "v1")).hasValue(digest.toString());
        assertSound();
    }

    @Test
    void aDryRunTellsTheSameAndChangesNothing() throws IOException {
        tree.image("team/app", "v1");
        var broken = tree.image("team/app", "v2");
        Files.delete(tree.blobFile(broken.layer()));
        dryRun = true;
        RegistryImport.Report foretold = load();
        assertThat(fsck(false).blobs()).isZero();
        assertThat(database.<Long>read(tx -> tx.dao(Probe.class).changes())).isZero();
        assertThat(data.resolve("blobs/sha256")).doesNotExist();
        dryRun = false;
        assertThat(load()).isEqualTo(foretold);
    }

    @Test
    void aLinkSharesTheBytesAndACopyDoesNot() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        assertThat(Files.isSameFile(object(image.layer()), tree.blobFile(image.layer())))
                .isTrue();
        var other = tree.image("team/app", "v2");
        take = BlobStore.Take.COPY;
        load();
        assertThat(Files.isSameFile(object(other.layer()), tree.blobFile(other.layer())))
                .isFalse();
        assertThat(object(other.layer())).hasSameBinaryContentAs(tree.blobFile(other.layer()));
        assertSound();
    }

    @Test
    void aMoveLeavesNoBlobBehindAlsoWhenAnEarlierRunWasCutOff() throws IOException {
        var early = tree.image("team/app", "v1");
        load(); // as a move that was cut off between its commit and its removal leaves it
        var late = tree.image("team/app", "v2");
        tree.layerLink("team/other", late.layer());
        move = true;
        RegistryImport.Report report = load();
        assertThat(report.damage()).isEmpty();
        assertThat(tree.blobFile(early.layer())).doesNotExist();
        assertThat(tree.blobFile(late.layer())).doesNotExist();
        assertThat(tree.blobFile(late.config())).doesNotExist();
        assertThat(hasBlob("team/other", late.layer())).isTrue();
        assertThat(load().damage()).isEmpty();
        assertSound();
    }

    @Test
    void aMoveKeepsTheTreesFileWhenOursIsDamaged() throws IOException {
        var image = tree.image("team/app", "v1");
        take = BlobStore.Take.COPY;
        load();
        byte[] wrong = Files.readAllBytes(object(image.layer()));
        wrong[7] ^= 1;
        Files.write(object(image.layer()), wrong);
        move = true;
        assertThat(load().damage()).singleElement().asString().contains("stays");
        assertThat(tree.blobFile(image.layer())).exists();
        fsck(true);
        assertThat(load().damage()).isEmpty();
        assertThat(tree.blobFile(image.layer())).doesNotExist();
        assertSound();
    }

    @Test
    void aDamagedBlobIsHealedByTheNextImport() throws IOException {
        var image = tree.image("team/app", "v1");
        take = BlobStore.Take.COPY;
        load();
        Files.write(object(image.layer()), new byte[] {1, 2, 3});
        assertThat(fsck(true).damaged()).isEqualTo(1);
        RegistryImport.Report report = load();
        assertThat(report.blobs()).isEqualTo(1);
        assertThat(fsck(false).damage()).isEmpty();
        // Also through a repository that does not have it yet
        fsck(true);
        Files.delete(object(image.layer()));
        fsck(true);
        tree.layerLink("team/app2", image.layer());
        load();
        assertThat(fsck(false).damage()).isEmpty();
        assertThat(object(image.layer())).hasSameBinaryContentAs(tree.blobFile(image.layer()));
    }

    @Test
    void damageIsNamedAndTheRestComesIn() throws IOException {
        var truncated = tree.image("team/truncated", "v1");
        Files.write(tree.blobFile(truncated.layer()), new byte[] {1});
        var gone = tree.image("team/gone", "v1");
        Files.delete(tree.blobFile(gone.layer()));
        var escaping = tree.image("team/escaping", "v1");
        Path outside = data.resolve("outside");
        Files.move(tree.blobFile(escaping.layer()), outside);
        Files.createSymbolicLink(tree.blobFile(escaping.layer()), outside);
        var directory = tree.image("team/directory", "v1");
        Files.delete(tree.blobFile(directory.layer()));
        Files.createDirectory(tree.blobFile(directory.layer()));
        var wrongManifest = tree.image("team/manifest", "v1");
        Files.writeString(tree.blobFile(wrongManifest.manifest()), "{}");
        tree.image("team/good", "v1");
        RegistryImport.Report report = load();
        assertThat(report.damage())
                .anyMatch(line -> line.contains(truncated.layer().hex()) && line.contains("its bytes"))
                .anyMatch(line -> line.contains(gone.manifest().hex())
                        && line.contains(gone.layer().hex()))
                .anyMatch(line -> line.contains(escaping.layer().hex()) && line.contains("symbolic link"))
                .anyMatch(line -> line.contains(directory.layer().hex()) && line.contains("no regular file"))
                .anyMatch(line -> line.contains(wrongManifest.manifest().hex()) && line.contains("its bytes"));
        for (String bad : List.of("truncated", "gone", "escaping", "directory", "manifest")) {
            assertThat(report.damage()).as(bad).anyMatch(line -> line.contains("team/" + bad + ": tags [v1]"));
            assertThat(tag("team/" + bad, "v1")).as(bad).isEmpty();
        }
        assertThat(tag("team/good", "v1")).isPresent();
        assertSound();
    }

    @Test
    void brokenLinksAreNamedAndNeverFollowedOutOfTheTree() throws IOException {
        var image = tree.image("team/app", "v1");
        Path secret = Files.writeString(data.resolve("secret"), image.layer().toString());
        Path tags = tree.repository("team/app").resolve("_manifests/tags");
        Files.createDirectories(tags.resolve("empty/current"));
        Files.writeString(tags.resolve("empty/current/link"), "");
        Files.createDirectories(tags.resolve("linked/current"));
        Files.createSymbolicLink(tags.resolve("linked/current/link"), secret);
        Files.createDirectories(tags.resolve("none"));
        Files.createDirectories(tags.resolve("-bad-name/current"));
        tree.tag("team/app", "nowhere", NOTHING);
        tree.link("team/app", "_layers/sha256/" + NOTHING.hex(), image.layer());
        Path elsewhere = Files.createDirectories(data.resolve("elsewhere/_manifests"));
        Files.createSymbolicLink(tree.root().resolve("repositories/team/alias"), elsewhere.getParent());
        RegistryImport.Report report = load();
        assertThat(report.damage())
                .hasSize(7)
                .anyMatch(line -> line.contains("empty/current/link") && line.contains("holds no digest"))
                .anyMatch(line -> line.contains("linked/current/link") && line.contains("symbolic link"))
                .anyMatch(line -> line.contains("none/current/link") && line.contains("is missing"))
                .anyMatch(line -> line.contains("-bad-name"))
                .anyMatch(line -> line.contains("tags [nowhere] name " + NOTHING))
                .anyMatch(line -> line.contains("which is not where it lies"))
                .anyMatch(line -> line.contains("repositories/team/alias") && line.contains("symbolic link"));
        assertThat(tag("team/app", "v1")).isPresent();
        assertSound();
    }

    @Test
    void aBlobBehindALinkedDirectoryStaysOut() throws IOException {
        var image = tree.image("team/app", "v1");
        Path directory = tree.blobFile(image.layer()).getParent();
        Path moved = data.resolve("moved");
        Files.move(directory, moved);
        Files.createSymbolicLink(directory, moved);
        assertThat(load().damage()).anyMatch(line -> line.contains("outside of the tree"));
        assertThat(hasBlob("team/app", image.layer())).isFalse();
    }

    @Test
    void aHugeManifestIsRefusedWithoutReadingIt() throws IOException {
        Digest digest = Digest.parse("sha256:" + "1".repeat(64));
        Files.createDirectories(tree.blobFile(digest).getParent());
        try (var file = new java.io.RandomAccessFile(tree.blobFile(digest).toFile(), "rw")) {
            file.setLength(20L << 30);
        }
        tree.revisionLink("team/app", digest);
        assertThat(load().damage()).singleElement().asString().contains("larger than registry.max-manifest-size");
    }

    @Test
    void repositoriesWithImpossibleNamesAreNamed() throws IOException {
        tree.image("Team/App", "v1");
        tree.image("team/app", "v1");
        assertThat(load().damage()).singleElement().asString().contains("Team/App");
        assertThat(tag("team/app", "v1")).isPresent();
    }

    @Test
    void whatDeletesAndGarbageCollectionLeaveIsNoDamage() throws IOException {
        tree.image("team/app", "v1");
        tree.layerLink("team/app", NOTHING); // collected: the link outlives the blob
        Files.createDirectories(
                tree.repository("team/app").resolve("_manifests/revisions/sha256/" + NOTHING.hex())); // deleted
        RegistryImport.Report report = load();
        assertThat(report.damage()).isEmpty();
        assertThat(report.notes()).singleElement().asString().contains("team/app: 1 links to layers");
    }

    @Test
    void schema1IsLeftOutAndIsNoDamage() throws IOException {
        Digest old = tree.manifest("team/app", "{\"schemaVersion\":1,\"name\":\"team/app\",\"fsLayers\":[]}");
        tree.tag("team/app", "old", old);
        tree.image("team/app", "v1");
        RegistryImport.Report report = load();
        assertThat(report.unsupported()).isEqualTo(1);
        assertThat(report.damage()).isEmpty();
        assertThat(report.notes())
                .hasSize(2)
                .anyMatch(line -> line.contains("schema 1"))
                .anyMatch(line -> line.contains("tags [old]"));
        assertThat(tag("team/app", "v1")).isPresent();
    }

    @Test
    void sparseImagesAreDamageUnlessTheyAreAccepted() throws IOException {
        var image = tree.image("team/app", "v1");
        Files.delete(tree.blobFile(image.layer()));
        tree.tag("team/app", "index", tree.index("team/app", NOTHING));
        assertThat(load().damage())
                .anyMatch(line -> line.contains("needs " + image.layer()))
                .anyMatch(line -> line.contains("needs " + NOTHING));
        missing = BerthConfig.MissingReferences.ACCEPT;
        RegistryImport.Report report = load();
        assertThat(report.damage()).isEmpty();
        assertThat(report.manifests()).isEqualTo(2);
        Fsck.Report checked = fsck(false);
        assertThat(checked.sound()).isTrue();
        assertThat(checked.sparseReferences()).isEqualTo(2);
    }

    @Test
    void aBareNameAndItsLibraryNameMeetAndTheLongerOneWins() throws IOException {
        var bare = tree.image("alpine", "v1");
        tree.tag("alpine", "only", bare.manifest());
        var full = tree.image("library/alpine", "v1");
        RegistryImport.Report report = load();
        assertThat(report.damage()).isEmpty();
        assertThat(report.notes()).singleElement().asString().contains("alpine:v1 is left out");
        assertThat(tag("library/alpine", "v1")).hasValue(full.manifest().toString());
        assertThat(tag("library/alpine", "only")).hasValue(bare.manifest().toString());
    }

    @Test
    void theProgressRisesToTheWhole() throws IOException {
        tree.image("team/app", "v1");
        tree.image("team/app", "v2");
        List<Long> heard = new ArrayList<>();
        List<Long> totals = new ArrayList<>();
        load((done, total) -> {
            heard.add(done);
            totals.add(total);
        });
        assertThat(heard).isSorted();
        assertThat(heard.getLast()).isGreaterThan(200_000).isEqualTo(totals.getFirst());
    }

    @Test
    void whatIsNoRegistryIsSaidSo() {
        assertThatThrownBy(this::load)
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("it has no docker/registry/v2");
    }
}
