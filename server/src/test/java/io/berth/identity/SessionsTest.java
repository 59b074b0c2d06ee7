package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("test");

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.parse("2030-01-01T00:00:00Z"));
    private Database database;
    private TestIdentity identity;
    private Sessions sessions;
    private Principal dev;

    @BeforeEach
    void open() {
        database = TestDatabase.SQLITE.open(directory, clock, new Random(1));
        identity = new TestIdentity(database, clock);
        sessions = new Sessions(database, identity.credentials, Standings.UNASKED, identity.site, new Random(2));
        identity.accounts.create("dev", "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN);
        dev = identity.authenticator
                .authenticate(TestIdentity.basic("dev", "Passw0rd"), new RequestSource("::1", "r"))
                .orElseThrow();
    }

    @AfterEach
    void close() {
        database.close();
    }

    private String start() {
        return sessions.start(dev, "::1", "test", Optional.empty())
                .orElseThrow()
                .cookie();
    }

    private boolean goesOn(String cookie) {
        boolean found = sessions.find(cookie).isPresent();
        database.write(tx -> null); // after what the look has left to be written
        return found;
    }

    @Test
    void oneThatIsNotUsedEndsAndOneThatIsUsedGoesOn() {
        String used = start();
        String unused = start();
        for (int i = 0; i < 3; i++) {
            clock.advance(Duration.ofMinutes(25));
            assertThat(goesOn(used)).as("after %d minutes", 25 * (i + 1)).isTrue();
        }
        assertThat(goesOn(unused)).isFalse();
        clock.advance(Duration.ofMinutes(59));
        assertThat(goesOn(used)).isTrue();
        clock.advance(Duration.ofMinutes(60));
        assertThat(goesOn(used)).isFalse();
        sessions.expire();
        assertThat(sessions.of(dev, Optional.empty())).isEmpty();
    }

    @Test
    void aNewPasswordEndsTheSessionsOfTheOldOne() {
        String cookie = start();
        assertThat(goesOn(cookie)).isTrue();
        identity.accounts.setPassword("dev", "An0therOne", ORIGIN);
        assertThat(goesOn(cookie)).isFalse();
    }
}
