package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import io.berth.access.TestRows;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Pulls are added up in memory, and written to the rows that they are of. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class PullCountsTest {
    private static final RepositoryName APP = RepositoryName.parse("team/app");
    private static final RepositoryName BASE = RepositoryName.parse("team/base");
    private static final Digest ONE = Digest.of(Digest.Algorithm.SHA256, new byte[] {1});
    private static final Digest TWO = Digest.of(Digest.Algorithm.SHA256, new byte[] {2});

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.ofEpochSecond(1_800_000_000));
    private Database database;

    /** SQL of this test. */
    public interface Rows {
        @SqlUpdate("INSERT INTO manifest_content (digest, content) VALUES (:digest, :content)")
        void content(@Bind("digest") String digest, @Bind("content") byte[] content);

        @SqlQuery("""
                INSERT INTO manifest (repository_id, digest, media_type, size, leased_until, pushed_at)
                VALUES (:repository, :digest, 'm', 1, 0, 0) RETURNING id
                """)
        long manifest(@Bind("repository") long repository, @Bind("digest") String digest);

        @SqlUpdate("""
                INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
                VALUES (:repository, :name, :manifest, :digest, 0, 0)
                """)
        void tag(
                @Bind("repository") long repository,
                @Bind("name") String name,
                @Bind("manifest") long manifest,
                @Bind("digest") String digest);

        @SqlQuery("SELECT pulls FROM repository WHERE name = :name")
        long pulls(@Bind("name") String name);

        @SqlQuery("SELECT COALESCE(pulled_at, 0) FROM manifest WHERE digest = :digest")
        long ofManifest(@Bind("digest") String digest);

        @SqlQuery("SELECT COALESCE(pulled_at, 0) FROM tag WHERE name = :name")
        long ofTag(@Bind("name") String name);
    }

    @BeforeEach
    void begin() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        database.write(tx -> {
            long team = tx.dao(TestRows.class).project("team", true);
            long app = tx.dao(TestRows.class).repository(team, APP.value());
            tx.dao(TestRows.class).repository(team, BASE.value());
            Rows rows = tx.dao(Rows.class);
            for (Digest digest : new Digest[] {ONE, TWO}) {
                rows.content(digest.toString(), new byte[0]);
                long manifest = rows.manifest(app, digest.toString());
                rows.tag(app, digest.equals(ONE) ? "one" : "two", manifest, digest.toString());
            }
            return null;
        });
    }

    @AfterEach
    void close() {
        database.close();
    }

    private long pulls(RepositoryName name) {
        return database.read(tx -> tx.dao(Rows.class).pulls(name.value()));
    }

    private long ofManifest(Digest digest) {
        return database.read(tx -> tx.dao(Rows.class).ofManifest(digest.toString()));
    }

    private long ofTag(String name) {
        return database.read(tx -> tx.dao(Rows.class).ofTag(name));
    }

    @Test
    void pullsAreAddedUpAndWrittenToWhatWasPulled() {
        var counts = new PullCounts(database, clock);
        counts.pulled(APP, Reference.parse("one"), ONE.toString());
        counts.pulled(APP, Reference.parse("one"), ONE.toString());
        clock.advance(Duration.ofSeconds(1));
        counts.pulled(APP, ONE, ONE.toString());
        assertThat(pulls(APP)).as("nobody waits for the database").isZero();
        counts.write();
        assertThat(pulls(APP)).isEqualTo(3);
        assertThat(pulls(BASE)).isZero();
        assertThat(ofManifest(ONE)).isEqualTo(clock.millis());
        assertThat(ofTag("one")).as("the last time by its name").isEqualTo(clock.millis() - 1000);
        assertThat(ofManifest(TWO)).isZero();
        assertThat(ofTag("two")).isZero();
        counts.write();
        assertThat(pulls(APP)).as("each once").isEqualTo(3);
        counts.pulled(APP, TWO, TWO.toString());
        counts.close();
        assertThat(pulls(APP)).as("also what came last").isEqualTo(4);
        assertThat(ofTag("two")).as("by its digest alone").isZero();
    }

    @Test
    void aTagThatHasMovedWasNotPulled() {
        var counts = new PullCounts(database, clock);
        counts.pulled(APP, Reference.parse("two"), ONE.toString());
        counts.write();
        assertThat(ofTag("two")).isZero();
        assertThat(ofManifest(ONE)).isEqualTo(clock.millis());
    }

    @Test
    void memoryIsBounded() {
        var counts = new PullCounts(database, clock, 1);
        counts.pulled(APP, ONE, ONE.toString());
        counts.pulled(BASE, TWO, TWO.toString());
        counts.pulled(APP, ONE, ONE.toString());
        counts.write();
        assertThat(pulls(APP)).isEqualTo(2);
        assertThat(pulls(BASE)).isZero();
    }
}
