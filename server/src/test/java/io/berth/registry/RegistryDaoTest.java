package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.DatabaseException;
import io.berth.db.TestDatabase;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.RepositoryName;
import io.berth.project.TestProjects;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The registry's SQL, every statement of it. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class RegistryDaoTest {
    private static final Principal ADMIN = TestProjects.SYSTEM;
    private static final RepositoryName NAME = RepositoryName.parse("library/alpine");

    // In the order of their bytes, which no language's order of words is.
    private static final List<String> NAMES_IN_ORDER =
            List.of("0", "A.b", "A_b", "Ab", "B", "Z", "_a", "a-b", "a.b", "a1", "a10", "a2", "a_b", "ab", "b");

    /** SQL of this test. */
    public interface Rows {
        @SqlQuery("SELECT review_after FROM review_queue WHERE kind = 'BLOB' AND key = 'k'")
        Long review();

        @SqlQuery("SELECT COUNT(*) FROM manifest_content")
        int contents();

        @SqlQuery("SELECT digest FROM tag_history WHERE name = 'latest' ORDER BY id")
        List<String> history();

        @SqlQuery("SELECT state FROM blob WHERE digest = 'd'")
        String state();
    }

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Repositories repositories;
    private Database database;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        repositories = new Repositories(TestProjects.of(database));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void write(Consumer<Tx> work) {
        database.write(tx -> {
            work.accept(tx);
            return null;
        });
    }

    private long repository(Tx tx) {
        return repositories.forPush(tx, NAME, ADMIN, Change.Origin.SYSTEM).id();
    }

    private static BlobDao.Blob blob(String digest, long generation) {
        return new BlobDao.Blob(digest, generation, BlobDao.LIVE, "file", 100);
    }

    private static long manifest(Tx tx, long repository, String digest, String subject, String type) {
        ManifestDao dao = tx.dao(ManifestDao.class);
        dao.putContent(digest, new byte[] {1, 2, -3});
        return dao.insert(
                repository, digest, "application/m", type, subject, type == null ? null : "{\"a\":\"b\"}", 3, 5, 7);
    }

    @Test
    void aRepositoryIsMadeOnceAndListedWhenItHoldsAManifest() {
        write(tx -> {
            long id = repository(tx);
            assertThat(repository(tx)).isEqualTo(id);
            RepositoryDao dao = tx.dao(RepositoryDao.class);
            assertThat(dao.find(NAME.value()).orElseThrow().listed()).isFalse();
            assertThat(dao.page("", 10)).isEqualTo(new RepositoryDao.NamePage(null, 0));
            dao.list(id);
            assertThat(dao.find(NAME.value()).orElseThrow().listed()).isTrue();
            assertThat(dao.page("", 10)).isEqualTo(new RepositoryDao.NamePage("\"library/alpine\"", 1));
            assertThat(dao.find("library/other")).isEmpty();
        });
    }

    @Test
    void namesComeInTheOrderOfTheirBytesPageByPage() {
        write(tx -> {
            long id = repository(tx);
            long manifest = manifest(tx, id, "m", null, null);
            for (String name : NAMES_IN_ORDER.reversed()) {
                tx.dao(TagDao.class).put(id, name, manifest, "m", 1);
                RepositoryDao repositories = tx.dao(RepositoryDao.class);
                long project = repositories.find(NAME.value()).orElseThrow().projectId();
                repositories.insert(project, name, 1);
                repositories.list(repositories.find(name).orElseThrow().id());
            }
            String all = String.join(
                    ",", NAMES_IN_ORDER.stream().map(n -> '"' + n + '"').toList());
            assertThat(tx.dao(TagDao.class).page(id, "", 100).names()).isEqualTo(all);
            assertThat(tx.dao(RepositoryDao.class).page("", 100).names()).isEqualTo(all);
            assertThat(tx.dao(TagDao.class).tagsOf(id, "m")).isEqualTo(NAMES_IN_ORDER);
            for (int i = 0; i < NAMES_IN_ORDER.size(); i++) {
                String after = i == 0 ? "" : NAMES_IN_ORDER.get(i - 1);
                var expected = new RepositoryDao.NamePage('"' + NAMES_IN_ORDER.get(i) + '"', 1);
                assertThat(tx.dao(TagDao.class).page(id, after, 1)).isEqualTo(expected);
                assertThat(tx.dao(RepositoryDao.class).page(after, 1)).isEqualTo(expected);
            }
            assertThat(tx.dao(TagDao.class).page(id, "b", 1).names()).isNull();
        });
    }

    @Test
    void aBlobIsSeenThroughItsLinksOnly() {
        write(tx -> {
            long id = repository(tx);
            BlobDao dao = tx.dao(BlobDao.class);
            dao.put(blob("d", 7), 1);
            assertThat(dao.find("d")).contains(blob("d", 7));
            assertThat(dao.findLinked(NAME.value(), "d")).isEmpty();
            assertThat(dao.findIn(id, "d")).isEmpty();
            assertThat(dao.link(id, "d", 50)).isEqualTo(1);
            assertThat(dao.link(id, "d", 60)).isZero();
            assertThat(dao.findIn(id, "d")).contains(blob("d", 7));
            assertThat(dao.findLinked(NAME.value(), "d"))
                    .contains(new BlobDao.LinkedBlob(id, 7, BlobDao.LIVE, "file", 100, 50));
            assertThat(dao.countLinks(id, "d")).isEqualTo(1);
            assertThat(dao.repositoriesOf("d", 10)).containsExactly(NAME.value());
            assertThat(dao.unlink(id, "d")).isEqualTo(1);
            assertThat(dao.unlink(id, "d")).isZero();
        });
        assertThatThrownBy(() -> write(tx -> tx.dao(BlobDao.class).link(repository(tx), "absent", 1)))
                .isInstanceOf(DatabaseException.class);
    }

    @Test
    void aLeaseIsNeverShortened() {
        write(tx -> {
            long id = repository(tx);
            BlobDao dao = tx.dao(BlobDao.class);
            dao.put(blob("d", 7), 1);
            dao.link(id, "d", 50);
            dao.lease(id, "d", 40);
            assertThat(dao.findLinked(NAME.value(), "d").orElseThrow().leasedUntil())
                    .isEqualTo(50);
            dao.lease(id, "d", 60);
            assertThat(dao.findLinked(NAME.value(), "d").orElseThrow().leasedUntil())
                    .isEqualTo(60);
        });
    }

    @Test
    void aLinkGoesWhenNeitherLeaseNorManifestHoldsIt() {
        write(tx -> {
            long id = repository(tx);
            BlobDao dao = tx.dao(BlobDao.class);
            dao.put(blob("d", 7), 1);
            dao.link(id, "d", 50);
            assertThat(dao.unlinkUnused(id, "d", 49)).isZero();
            long manifest = manifest(tx, id, "m", null, null);
            tx.dao(ManifestDao.class).refer(manifest, "d", id, "BLOB", 100, true);
            assertThat(dao.unlinkUnused(id, "d", 50)).isZero();
            tx.dao(ManifestDao.class).deleteReferences(manifest);
            // an unresolved reference gives no right, and so holds nothing
            tx.dao(ManifestDao.class).refer(manifest, "d", id, "BLOB", 100, false);
            assertThat(dao.unlinkUnused(id, "d", 50)).isEqualTo(1);
        });
    }

    @Test
    void puttingABlobAgainHealsItAndKeepsItsSize() {
        write(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            dao.put(blob("d", 7), 1);
            dao.setState("d", BlobDao.DAMAGED, 2);
            assertThat(tx.dao(Rows.class).state()).isEqualTo(BlobDao.DAMAGED);
            dao.put(blob("d", 8), 3);
            assertThat(dao.find("d")).contains(blob("d", 8));
        });
    }

    @Test
    void theBytesOfSmallBlobsAreKeptByGeneration() {
        write(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            byte[] content = {0, 1, -1, 127, -128};
            dao.putContent("d", 7, content);
            dao.putContent("d", 7, new byte[0]);
            dao.putContent("d", 8, new byte[0]);
            assertThat(dao.content("d", 7))
                    .hasValueSatisfying(bytes -> assertThat(bytes).isEqualTo(content));
            assertThat(dao.content("d", 8))
                    .hasValueSatisfying(bytes -> assertThat(bytes).isEmpty());
            dao.deleteContent("d", 7);
            assertThat(dao.content("d", 7)).isEmpty();
            assertThat(dao.content("d", 8)).isPresent();
        });
    }

    @Test
    void doomedObjectsAreRememberedOnceUntilTheyAreGone() {
        write(tx -> {
            BlobDao dao = tx.dao(BlobDao.class);
            dao.doom(blob("d", 8), 20);
            dao.doom(blob("d", 7), 10);
            dao.doom(blob("d", 7), 30);
            assertThat(dao.doomed())
                    .containsExactly(
                            new BlobDao.DoomedObject("file", "d", 7), new BlobDao.DoomedObject("file", "d", 8));
            dao.forgetDoomed(new BlobDao.DoomedObject("file", "d", 7));
            assertThat(dao.doomed()).containsExactly(new BlobDao.DoomedObject("file", "d", 8));
        });
    }

    @Test
    void aReviewIsPutOff() {
        write(tx -> {
            tx.dao(BlobDao.class).review("BLOB", "k", 10);
            tx.dao(BlobDao.class).review("BLOB", "k", 20);
            assertThat(tx.dao(Rows.class).review()).isEqualTo(20);
        });
    }

    @Test
    void aManifestIsFoundByTagAndByDigest() {
        write(tx -> {
            long id = repository(tx);
            ManifestDao dao = tx.dao(ManifestDao.class);
            long manifest = manifest(tx, id, "m", null, null);
            tx.dao(TagDao.class).put(id, "latest", manifest, "m", 1);
            for (Optional<ManifestDao.StoredManifest> found :
                    List.of(dao.findByTag(NAME.value(), "latest"), dao.findByDigest(NAME.value(), "m"))) {
                assertThat(found).hasValueSatisfying(stored -> {
                    assertThat(stored.id()).isEqualTo(manifest);
                    assertThat(stored.digest()).isEqualTo("m");
                    assertThat(stored.mediaType()).isEqualTo("application/m");
                    assertThat(stored.leasedUntil()).isEqualTo(5);
                    assertThat(stored.content()).containsExactly(1, 2, -3);
                });
            }
            assertThat(dao.find(id, "m")).contains(new ManifestDao.ManifestKey(manifest, "application/m", 3));
            assertThat(dao.findByTag(NAME.value(), "other")).isEmpty();
            assertThat(dao.findByDigest("library/other", "m")).isEmpty();
            dao.lease(manifest, 4);
            assertThat(dao.findByDigest(NAME.value(), "m").orElseThrow().leasedUntil())
                    .isEqualTo(5);
            dao.lease(manifest, 6);
            assertThat(dao.findByDigest(NAME.value(), "m").orElseThrow().leasedUntil())
                    .isEqualTo(6);
            dao.touch(manifest, "application/other", 9, 9);
            assertThat(dao.find(id, "m").orElseThrow().mediaType()).isEqualTo("application/other");
        });
    }

    @Test
    void theBytesOfAManifestStayAsLongAsARepositoryHasIt() {
        write(tx -> {
            long id = repository(tx);
            var other = RepositoryName.parse("library/other");
            long second =
                    repositories.forPush(tx, other, ADMIN, Change.Origin.SYSTEM).id();
            ManifestDao dao = tx.dao(ManifestDao.class);
            long one = manifest(tx, id, "m", null, null);
            long two = manifest(tx, second, "m", null, null);
            assertThat(tx.dao(Rows.class).contents()).isEqualTo(1);
            assertThat(dao.delete(one)).isEqualTo(1);
            dao.deleteUnusedContent("m");
            assertThat(tx.dao(Rows.class).contents()).isEqualTo(1);
            dao.delete(two);
            dao.deleteUnusedContent("m");
            assertThat(tx.dao(Rows.class).contents()).isZero();
        });
    }

    @Test
    void referencesAreResolvedByWhatArrives() {
        write(tx -> {
            long id = repository(tx);
            ManifestDao dao = tx.dao(ManifestDao.class);
            long manifest = manifest(tx, id, "m", null, null);
            dao.refer(manifest, "blob", id, "BLOB", 1, false);
            dao.refer(manifest, "blob", id, "BLOB", 1, true); // named twice
            dao.refer(manifest, "child", id, "MANIFEST", 1, false);
            assertThat(dao.referringManifest(id, "blob")).isEmpty();
            assertThat(dao.blobsOf(manifest)).isEmpty();
            dao.resolveChild(id, "blob");
            dao.resolveBlob(id, "child");
            assertThat(dao.referringManifest(id, "child")).isEmpty();
            dao.resolveBlob(id, "blob");
            dao.resolveChild(id, "child");
            assertThat(dao.referringManifest(id, "blob")).contains("m");
            assertThat(dao.referringManifest(id, "child")).contains("m");
            assertThat(dao.blobsOf(manifest)).containsExactly("blob");
            dao.deleteReferences(manifest);
            assertThat(dao.referringManifest(id, "blob")).isEmpty();
        });
    }

    @Test
    void referrersAreListedByTypeInOrderPageByPage() {
        write(tx -> {
            long id = repository(tx);
            List<String> digests =
                    Stream.of("0", "1", "9", "a", "f").map(d -> "sha256:" + d).toList();
            for (String digest : digests.reversed()) {
                manifest(tx, id, digest, "subject", digest.endsWith("1") ? null : "application/t");
            }
            manifest(tx, id, "sha256:other", "another", "application/t");
            ManifestDao dao = tx.dao(ManifestDao.class);
            assertThat(dao.referrers(NAME.value(), "subject", "", "", 100))
                    .extracting(ManifestDao.Referrer::digest)
                    .isEqualTo(digests);
            assertThat(dao.referrers(NAME.value(), "subject", "application/t", "sha256:0", 2))
                    .containsExactly(
                            new ManifestDao.Referrer("sha256:9", "application/m", "application/t", 3, 9),
                            new ManifestDao.Referrer("sha256:a", "application/m", "application/t", 3, 9));
            assertThat(dao.referrers(NAME.value(), "subject", "", "sha256:0", 1))
                    .containsExactly(new ManifestDao.Referrer("sha256:1", "application/m", null, 3, 0));
            assertThat(dao.referrers(NAME.value(), "subject", "application/x", "", 1))
                    .isEmpty();
            assertThat(dao.annotations(NAME.value(), "subject", "", "sha256:0", "sha256:9"))
                    .containsExactly(new ManifestDao.Annotations("sha256:9", "{\"a\":\"b\"}"));
        });
    }

    @Test
    void aTagMovesAndItsHistoryStays() {
        write(tx -> {
            long id = repository(tx);
            TagDao dao = tx.dao(TagDao.class);
            long one = manifest(tx, id, "m1", null, null);
            long two = manifest(tx, id, "m2", null, null);
            assertThat(dao.digest(id, "latest")).isEmpty();
            dao.put(id, "latest", one, "m1", 1);
            dao.history(id, "latest", "m1", null, "admin", 1);
            dao.put(id, "latest", two, "m2", 2);
            dao.history(id, "latest", "m2", "m1", "admin", 2);
            assertThat(dao.digest(id, "latest")).contains("m2");
            assertThat(dao.tagsOf(id, "m1")).isEmpty();
            assertThat(dao.delete(id, "latest")).isEqualTo(1);
            assertThat(dao.delete(id, "latest")).isZero();
            dao.history(id, "latest", null, "m2", null, 3);
            assertThat(tx.dao(Rows.class).history()).containsExactly("m1", "m2", null);
        });
    }

    @Test
    void uploadsAreKeptTouchedAndFoundIdle() {
        var row = new UploadDao.UploadRow("id", NAME.value(), "admin", "sha256", "file", Long.MIN_VALUE, 0, 10);
        write(tx -> {
            UploadDao dao = tx.dao(UploadDao.class);
            dao.insert(row);
            assertThat(dao.find("id")).contains(row);
            assertThat(dao.all()).containsExactly(row);
            assertThat(dao.expired(10, 10)).isEmpty();
            assertThat(dao.expired(11, 10)).containsExactly(row);
            dao.touch("id", 99, 20);
            assertThat(dao.find("id").orElseThrow().size()).isEqualTo(99);
            assertThat(dao.expired(20, 10)).isEmpty();
            assertThat(dao.expired(20, 11)).hasSize(1);
            assertThat(dao.delete("id")).isEqualTo(1);
            assertThat(dao.delete("id")).isZero();
            assertThat(dao.find("id")).isEmpty();
        });
    }
}
