package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.access.Authorizer;
import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.ProjectAuthorizer;
import io.berth.access.Roles;
import io.berth.access.Target;
import io.berth.access.TestRows;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.project.TestProjects;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes over one PostgreSQL: what one takes away ends on the other. */
class AccessVersionTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("test");
    private static final Target APP = new Target.OfRepository(RepositoryName.parse("team/app"));

    @TempDir
    Path directory;

    private final AtomicLong nanos = new AtomicLong();
    private Database here;
    private Database there;
    private AccessVersion versionThere;
    private Authorizer authorizerThere;
    private Grants grants;
    private Grant grant;
    private Principal developer;

    @BeforeEach
    void open() {
        here = TestDatabase.POSTGRES.open(directory, Clock.systemUTC(), new Random(1));
        there = TestDatabase.POSTGRES.open(directory, Clock.systemUTC(), new Random(2));
        var identity = new TestIdentity(here, Clock.systemUTC());
        new Roles(here, identity.version).ensureBuiltIn();
        long team = here.write(tx -> tx.dao(TestRows.class).project("team", false));
        long id = identity.accounts
                .create("dev", "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN)
                .id();
        developer = new Principal(Principal.Kind.USER, id, "dev", "password:" + id + ":x");
        grants = new Grants(here, identity.version);
        grant = grants.add(Grants.Wanted.member(Grant.SubjectKind.USER, id, team, "developer"), ORIGIN);
        versionThere = new AccessVersion(there, nanos::get);
        authorizerThere = new ProjectAuthorizer(there, versionThere, TestProjects.NO_TAGS, true);
        assertThat(mayPush()).isTrue();
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    private boolean mayPush() {
        return authorizerThere.decide(developer, Permission.PUSH, APP).allowed();
    }

    private void revoke() {
        grants.remove(grant.id(), ORIGIN);
    }

    @Test
    void whatIsTakenBackOnOneNodeEndsOnTheOtherWithItsNextLook() {
        revoke();
        assertThat(mayPush()).as("from memory").isTrue();
        versionThere.look();
        assertThat(authorizerThere.decideAtOnce(developer, Permission.PUSH, APP))
                .isNull();
        assertThat(mayPush()).isFalse();
    }

    @Test
    void aNodeThatFollowsLooksByItself() throws Exception {
        try (AutoCloseable following = versionThere.follow()) {
            revoke();
            long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (mayPush() && System.nanoTime() < end) {
                Thread.sleep(10);
            }
            assertThat(mayPush()).isFalse();
        }
    }

    @Test
    void aChangeIsRefusedByWhatTheDatabaseSaysAndNotByWhatTheNodeRemembers() {
        Change.Gate gate = authorizerThere.gate(developer, Permission.PUSH, APP);
        assertThat(mayPush()).isTrue();
        there.write(tx -> {
            gate.require(tx);
            return null;
        });
        revoke();
        assertThat(mayPush()).as("from memory").isTrue();
        assertThatThrownBy(() -> there.write(tx -> {
                    gate.require(tx);
                    return null;
                }))
                .isInstanceOf(OciException.class);
    }

    @Test
    void aNodeThatCouldNotLookForFiveSecondsUsesNothingThatItRemembers() {
        nanos.addAndGet(Duration.ofMillis(4_999).toNanos());
        assertThat(authorizerThere.decideAtOnce(developer, Permission.PUSH, APP))
                .isNotNull();
        nanos.addAndGet(Duration.ofMillis(1).toNanos());
        assertThat(authorizerThere.decideAtOnce(developer, Permission.PUSH, APP))
                .isNull();
        assertThat(mayPush()).as("by the database").isTrue();
        assertThat(authorizerThere.decideAtOnce(developer, Permission.PUSH, APP))
                .isNull();
        there.close();
        assertThatThrownBy(this::mayPush).isInstanceOf(RuntimeException.class);
    }

    @Test
    void aNodeThatLooksAgainRemembersAgain() {
        nanos.addAndGet(Duration.ofSeconds(60).toNanos());
        versionThere.look();
        assertThat(mayPush()).isTrue();
        assertThat(authorizerThere.decideAtOnce(developer, Permission.PUSH, APP))
                .isNotNull();
    }

    @Test
    void whereOneProcessWritesNobodyHasToLook() {
        try (Database alone = TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new Random(1))) {
            var version = new AccessVersion(alone, nanos::get);
            long before = version.current();
            nanos.addAndGet(Duration.ofHours(1).toNanos());
            assertThat(version.current()).isEqualTo(before);
        }
    }
}
