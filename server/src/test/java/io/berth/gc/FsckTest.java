package io.berth.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.oci.Digest;
import io.berth.registry.RegistryImport;
import io.berth.registry.TreeOfImages;
import io.berth.store.BlobStore;
import io.berth.store.ChunkSource;
import io.berth.store.FileBlobStore;
import io.berth.store.ObjectKey;
import io.berth.store.UploadState;
import io.berth.store.UploadWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FsckTest {
    private static final String NOTHING = "sha256:" + "0".repeat(64);

    @TempDir
    Path data;

    @TempDir
    Path source;

    private final Random random = new Random(5);
    private TreeOfImages tree;
    private SqliteDatabase database;
    private BlobStore store;

    @BeforeEach
    void open() throws IOException {
        tree = new TreeOfImages(source);
        database = SqliteDatabase.open(data, 2, Clock.systemUTC(), random, DatabaseMetrics.NONE);
        store = new FileBlobStore(data.resolve("blobs"), new UploadWriter(1, Long.MAX_VALUE));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
        database.close();
    }

    private void load(BerthConfig.MissingReferences missing) throws IOException {
        BerthConfig config =
                new ConfigLoader().set("data", data.toString(), "test").load();
        new RegistryImport(
                        database,
                        store,
                        config,
                        missing,
                        BlobStore.Take.COPY,
                        false,
                        false,
                        (done, total) -> {},
                        Clock.systemUTC(),
                        random)
                .run(source);
    }

    private void load() throws IOException {
        load(BerthConfig.MissingReferences.REFUSE);
    }

    private Fsck.Report check() throws IOException {
        return new Fsck(database, store, false, (done, total) -> {}).run();
    }

    private Fsck.Report repair() throws IOException {
        return new Fsck(database, store, true, (done, total) -> {}).run();
    }

    /** What no transaction of Berth would do: foreign keys are off. */
    private int vandalise(String sql) {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + data.resolve(SqliteDatabase.FILE));
                var statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout = 10000");
            return statement.executeUpdate(sql);
        } catch (SQLException e) {
            throw new AssertionError(sql, e);
        }
    }

    private Path object(Digest digest) throws IOException {
        try (Stream<Path> files = Files.walk(data.resolve("blobs"))) {
            return files.filter(file -> file.getFileName().toString().startsWith(digest.hex()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void flip(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[content.length / 2] ^= 1;
        Files.write(file, content);
    }

    @Test
    void anEmptyBerthIsSound() throws IOException {
        Fsck.Report report = check();
        assertThat(report.sound()).isTrue();
        assertThat(report.warned()).isZero();
    }

    @Test
    void everythingThatWasLoadedIsCountedAndSound() throws IOException {
        var one = tree.image("team/app", "v1");
        tree.image("team/app", "v2");
        tree.tag("team/app", "again", one.manifest());
        load();
        Fsck.Report report = check();
        assertThat(report.damage()).isEmpty();
        assertThat(report.warnings()).isEmpty();
        assertThat(report.blobs()).isEqualTo(3); // two layers and the configuration
        assertThat(report.bytes()).isEqualTo(200_002);
        assertThat(report.objects()).isEqualTo(2); // the configuration lies in the database
        assertThat(report.manifests()).isEqualTo(2);
        assertThat(report.tags()).isEqualTo(3);
    }

    @Test
    void aFlippedBitIsFoundAndTheBlobMarkedForItsNextPush() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        flip(object(image.layer()));
        assertThat(check().damage())
                .singleElement()
                .asString()
                .contains(image.layer().toString(), "its bytes have the digest");
        assertThat(repair().repairs()).singleElement().asString().contains("was marked");
        assertThat(repair().repairs()).as("what is marked already").isEmpty();
    }

    @Test
    void aTruncatedAnOverlongAndAMissingObjectAreTold() throws IOException {
        Digest shorter = tree.image("team/app", "v1").layer();
        Digest longer = tree.image("team/app", "v2").layer();
        Digest missing = tree.image("team/app", "v3").layer();
        load();
        Files.write(object(shorter), new byte[10]);
        Files.write(object(longer), new byte[100_001]);
        Files.delete(object(missing));
        assertThat(check().damage())
                .hasSize(3)
                .anyMatch(line -> line.contains(shorter.hex()) && line.contains("has 10 bytes instead of 100000"))
                .anyMatch(line -> line.contains(longer.hex()) && line.contains("has 100001 bytes"))
                .anyMatch(line -> line.contains(missing.hex()) && line.contains("is missing"));
    }

    @Test
    void anUnreadableObjectIsDamageAndTheCheckGoesOn() throws IOException {
        Digest unreadable = tree.image("team/app", "v1").layer();
        Digest missing = tree.image("team/app", "v2").layer();
        load();
        Path file = object(unreadable);
        Files.delete(file);
        Files.createDirectory(file);
        vandalise("UPDATE blob SET size = " + Files.size(file) + " WHERE digest = '" + unreadable + "'");
        Files.delete(object(missing));
        assertThat(check().damage())
                .anyMatch(line -> line.contains(unreadable.hex()) && line.contains("cannot be read"))
                .anyMatch(line -> line.contains(missing.hex()) && line.contains("is missing"));
    }

    @Test
    void aBlobThatIsMarkedAndSoundIsUnmarked() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        vandalise("UPDATE blob SET state = 'DAMAGED' WHERE digest = '" + image.layer() + "'");
        assertThat(check().sound()).isTrue();
        assertThat(repair().repairs()).singleElement().asString().contains("not marked");
        assertThat(check().warnings()).isEmpty();
    }

    @Test
    void theContentOfASmallBlobIsHashedToo() throws IOException {
        tree.image("team/app", "v1");
        load();
        vandalise("UPDATE blob_content SET content = X'7B7C'");
        assertThat(check().damage()).singleElement().asString().contains("its bytes have the digest");
        vandalise("DELETE FROM blob_content");
        assertThat(check().damage()).singleElement().asString().contains("its content is missing in the database");
    }

    @Test
    void objectsWithoutABlobAreAWarningAndRemovedByARepair() throws IOException {
        tree.image("team/app", "v1");
        load();
        for (int i = 0; i < 1200; i++) { // more than a batch
            Path orphan = data.resolve("blobs/sha256/00/%064x.00000000000000ff".formatted(i));
            Files.createDirectories(orphan.getParent());
            Files.write(orphan, new byte[] {1});
        }
        // more than a page
        vandalise("INSERT INTO blob_content (digest, generation, content) WITH RECURSIVE n(i) AS"
                + " (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1100) SELECT '" + NOTHING
                + "', i - 550, X'00' FROM n");
        Fsck.Report report = check();
        assertThat(report.sound()).isTrue();
        assertThat(report.warned()).isEqualTo(2300);
        assertThat(report.warnings()).as("the first only").hasSize(1000);
        assertThat(repair().repaired()).isEqualTo(2300);
        Fsck.Report after = check();
        assertThat(after.warnings()).isEmpty();
        assertThat(after.objects()).isEqualTo(1);
        assertThat(after.damage()).isEmpty();
    }

    @Test
    void aDoomedObjectIsNoOrphanAndALiveOneIsNeverDoomed() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        Path doomed = data.resolve("blobs/sha256/00/" + "0".repeat(64) + ".0000000000000001");
        Files.createDirectories(doomed.getParent());
        Files.write(doomed, new byte[] {1});
        vandalise("INSERT INTO doomed_object (store, digest, generation, doomed_at) VALUES ('file', '" + NOTHING
                + "', 1, 0)");
        Fsck.Report report = check();
        assertThat(report.warnings()).isEmpty();
        assertThat(report.doomedObjects()).isEqualTo(1);
        vandalise("INSERT INTO doomed_object (store, digest, generation, doomed_at)"
                + " SELECT store, digest, generation, 0 FROM blob WHERE digest = '" + image.layer() + "'");
        assertThat(check().damage()).singleElement().asString().contains("waits for its deletion");
        assertThat(repair().repairs()).singleElement().asString().contains("is kept");
        assertThat(check().sound()).isTrue();
        assertThat(doomed).exists();
    }

    @Test
    void anImageWithoutItsLayerIsDamage() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        vandalise("DELETE FROM repo_blob WHERE digest = '" + image.layer() + "'");
        assertThat(check().damage()).anyMatch(line -> line.contains(image.manifest() + " needs " + image.layer()));
    }

    @Test
    void anIndexWithoutItsChildIsDamage() throws IOException {
        var child = tree.image("team/app", 100);
        Digest index = tree.index("team/app", child.manifest());
        tree.tag("team/app", "v1", index);
        load();
        assertThat(check().sound()).isTrue();
        vandalise("DELETE FROM manifest WHERE digest = '" + child.manifest() + "'");
        assertThat(check().damage()).anyMatch(line -> line.contains(index + " needs " + child.manifest()));
    }

    @Test
    void aSparseIndexIsToldApartAndIsNoDamage() throws IOException {
        Digest index = tree.index("team/app", Digest.parse(NOTHING));
        tree.tag("team/app", "v1", index);
        load(BerthConfig.MissingReferences.ACCEPT);
        var heard = new ArrayList<Finding>();
        Fsck.Report report = new Fsck(database, store, false, (done, total) -> {}, heard::add).run();
        assertThat(report.sound()).isTrue();
        assertThat(report.warned()).isZero();
        assertThat(report.sparseReferences()).isEqualTo(1);
        assertThat(heard).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo(Finding.Kind.SPARSE);
            assertThat(finding.text()).contains(index.toString(), NOTHING);
        });
    }

    @Test
    void aReferenceThatIsThereAndDoesNotCountIsMadeToCount() throws IOException {
        tree.image("team/app", "v1");
        load();
        vandalise("UPDATE manifest_reference SET resolved = false");
        Fsck.Report report = check();
        assertThat(report.sparseReferences()).isZero();
        assertThat(report.warned()).isEqualTo(2);
        assertThat(repair().repaired()).isEqualTo(2);
        assertThat(check().warnings()).isEmpty();
    }

    @Test
    void aForgottenReferenceIsDamage() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        vandalise("DELETE FROM manifest_reference WHERE digest = '" + image.layer() + "'");
        assertThat(check().damage())
                .singleElement()
                .asString()
                .contains(image.layer().toString(), "is not recorded");
    }

    @Test
    void aWrongManifestIsDamageAndOneInNoRepositoryAWarning() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        vandalise("INSERT INTO manifest_content (digest, content) VALUES ('"
                + Digest.of(Digest.Algorithm.SHA256, new byte[] {1}) + "', X'01')");
        Fsck.Report report = check();
        assertThat(report.sound()).isTrue();
        assertThat(report.warnings()).singleElement().asString().contains("is in no repository");
        repair();
        assertThat(check().manifests()).isEqualTo(1);
        vandalise("UPDATE manifest_content SET content = content || X'20'");
        assertThat(check().damage())
                .anyMatch(line -> line.contains(image.manifest().toString()) && line.contains("have the digest"))
                .anyMatch(line -> line.contains("recorded are"));
        vandalise("DELETE FROM manifest_content");
        assertThat(check().damage()).singleElement().asString().contains("its bytes are missing");
    }

    @Test
    void tagsAndLinksThatPointNowhereAreDamage() throws IOException {
        var image = tree.image("team/app", "v1");
        load();
        vandalise("UPDATE tag SET digest = '" + NOTHING + "'");
        vandalise("DELETE FROM blob WHERE digest = '" + image.layer() + "'");
        assertThat(check().damage())
                .anyMatch(line -> line.contains("tag team/app:v1 names " + NOTHING))
                .anyMatch(line -> line.contains("team/app: has a link to " + image.layer()));
    }

    @Test
    void wrongCountersAreFoundAndComputedAnew() throws IOException {
        var image = tree.image("team/one", "v1");
        tree.layerLink("team/two", image.layer());
        tree.image("other/app", "v1");
        load();
        assertThat(check().damage()).isEmpty();
        vandalise("UPDATE project SET used_bytes = 5 WHERE name = 'other'");
        vandalise("UPDATE project_blob SET refs = 7 WHERE digest = '" + image.manifest() + "'");
        vandalise("UPDATE project_blob SET size = 7 WHERE digest = '" + image.config() + "'");
        vandalise("DELETE FROM project_blob WHERE digest = '" + image.layer() + "'");
        vandalise("INSERT INTO project_blob (project_id, digest, size, refs) SELECT id, '" + NOTHING
                + "', 9, 1 FROM project WHERE name = 'other'");
        assertThat(check().damage())
                .anyMatch(line -> line.contains("other is charged 5 bytes"))
                .anyMatch(line -> line.contains(image.manifest() + " is linked 1 times, recorded are 7"))
                .anyMatch(line -> line.contains(image.config() + " has 2 bytes, charged are 7"))
                .anyMatch(line -> line.contains(image.layer() + " is linked and not charged"))
                .anyMatch(line -> line.contains(NOTHING + " is linked 0 times, recorded are 1"));
        assertThat(repair().damaged()).isPositive();
        assertThat(check().damage()).isEmpty();
    }

    private UploadState upload(UUID id, long generation, int bytes) throws IOException {
        return store.append(new UploadState(id, generation, 0), ChunkSource.of(new byte[bytes]), bytes);
    }

    private void uploadRow(UUID id, long generation, long size) {
        vandalise("INSERT INTO upload VALUES ('%s', 'team/app', 'admin', 'sha256', 'file', %d, %d, 0, 0)"
                .formatted(id, generation, size));
    }

    @Test
    void uploadsAreComparedWithTheirBytes() throws IOException {
        var fresh = new UUID(1, 1);
        var fallen = new UUID(2, 2);
        var sound = new UUID(3, 3);
        var forgotten = new UUID(4, 4);
        uploadRow(fresh, 1, 0);
        uploadRow(fallen, 2, 50);
        upload(fallen, 2, 10);
        uploadRow(sound, 3, 5);
        upload(sound, 3, 20);
        upload(forgotten, 4, 30);
        Fsck.Report report = check();
        assertThat(report.sound()).isTrue();
        assertThat(report.openUploads()).isEqualTo(3);
        assertThat(report.warnings())
                .hasSize(2)
                .anyMatch(line -> line.contains(forgotten + " has bytes and is not open"))
                .anyMatch(line -> line.contains(fallen + " to team/app has 10 of 50 bytes"));
        repair();
        assertThat(check().warnings()).isEmpty();
        assertThat(store.resume(new UploadState(sound, 3, 0)).size()).isEqualTo(20);
        assertThat(store.resume(new UploadState(forgotten, 4, 0)).size()).isZero();
    }

    @Test
    void aRepairKeepsTheBytesOfAnUploadThatACrashCutOffInItsCommit() throws IOException {
        var id = new UUID(9, 9);
        uploadRow(id, 9, 0);
        UploadState state = upload(id, 9, 100);
        var key = new ObjectKey(Digest.of(Digest.Algorithm.SHA256, new byte[100]), 9);
        store.commit(state, key); // and then the power went
        assertThat(check().warnings())
                .singleElement()
                .asString()
                .contains(HexFormat.of().toHexDigits(9L), "resumes");
        repair();
        assertThat(store.size(key)).isEmpty();
        assertThat(store.resume(new UploadState(id, 9, 0)).size()).isEqualTo(100);
        assertThat(check().warnings()).isEmpty();
    }

    @Test
    void theProgressEndsAtTheWholeAlsoPastWhatIsLost() throws IOException {
        tree.image("team/app", "v1");
        Digest lost = tree.image("team/app", "v2").layer();
        load();
        Files.delete(object(lost));
        List<Long> heard = new ArrayList<>();
        new Fsck(database, store, false, (done, total) -> heard.add(done)).run();
        assertThat(heard).isSorted();
        assertThat(heard.getLast()).isEqualTo(200_002);
    }
}
