package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.FeedReader;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Robots and tokens whose end comes near. */
class EndingCredentialsTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("admin");

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.parse("2030-01-01T00:00:00Z"));
    private Database database;
    private TestIdentity identity;
    private EndingCredentials ending;
    private FeedReader feed;
    private final List<String> warnings = new ArrayList<>();

    @BeforeEach
    void open() {
        database = TestDatabase.SQLITE.open(directory, clock, new Random(1));
        identity = new TestIdentity(database, clock);
        ending = new EndingCredentials(database, identity.site);
        feed = new FeedReader(database, "test");
    }

    @AfterEach
    void close() {
        database.close();
    }

    private Robot robot(String name, int days) {
        return database.write(tx -> identity.robots.create(tx, null, name, "", days, null, ORIGIN))
                .robot();
    }

    private void token(String name, Duration life) {
        long owner = identity.accounts
                .find("dev")
                .orElseGet(() -> identity.accounts.create("dev", "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN))
                .id();
        identity.tokens.create(owner, AccessTokens.Kind.PERSONAL, name, List.of(), life, ORIGIN);
    }

    private List<String> warnings() {
        ending.maintain();
        feed.read(
                1000,
                (tx, entries) -> entries.stream()
                        .filter(entry -> entry.kind().endsWith("-ending"))
                        .map(FeedReader.Entry::key)
                        .forEach(warnings::add));
        return warnings;
    }

    @Test
    void eachEndIsWarnedOfOnceAWeekBefore() {
        Robot ci = robot("ci", 30);
        robot("for-ever", -1);
        token("laptop", Duration.ofDays(90));
        token("endless", null);
        assertThat(warnings()).isEmpty();
        clock.advance(Duration.ofDays(22));
        assertThat(warnings()).as("eight days before").isEmpty();
        clock.advance(Duration.ofDays(1));
        assertThat(warnings()).containsExactly("robot$ci");
        assertThat(warnings()).as("again").containsExactly("robot$ci");
        assertThat(ending.robots()).isOne();
        assertThat(ending.tokens()).isZero();

        database.write(tx -> {
            identity.robots.update(tx, ci, "", false, 60, ORIGIN);
            return null;
        });
        assertThat(warnings()).containsExactly("robot$ci");
        assertThat(ending.robots()).as("it lives on").isZero();
        clock.advance(Duration.ofDays(60));
        assertThat(warnings()).as("another end, and the token's").containsExactly("robot$ci", "dev/laptop");
        assertThat(ending.robots()).as("over, and not soon over").isZero();
        assertThat(ending.tokens()).isOne();
    }

    @Test
    void whatLivesForDaysIsWarnedOfInItsLastQuarter() {
        robot("short", 4);
        assertThat(warnings()).isEmpty();
        clock.advance(Duration.ofDays(3));
        assertThat(warnings()).containsExactly("robot$short");
    }

    @Test
    void whatIsDisabledIsNotWarnedOf() {
        Robot ci = robot("ci", 30);
        database.write(tx -> {
            identity.robots.update(tx, ci, "", true, 30, ORIGIN);
            return null;
        });
        clock.advance(Duration.ofDays(29));
        assertThat(warnings()).isEmpty();
    }

    @Test
    void requestsTellOfTheSameWeek() {
        var life = new Principal.Lifetime(0, Duration.ofDays(30).toMillis());
        assertThat(life.endsSoon(Duration.ofDays(22).toMillis())).isFalse();
        assertThat(life.endsSoon(Duration.ofDays(23).toMillis())).isTrue();
        var day = new Principal.Lifetime(0, Duration.ofDays(1).toMillis());
        assertThat(day.endsSoon(0)).isFalse();
        assertThat(day.endsSoon(Duration.ofHours(18).toMillis())).isTrue();
    }
}
