package io.berth.harbor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Roles;
import io.berth.access.TestRows;
import io.berth.access.VisibleRepositories;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.identity.Accounts;
import io.berth.identity.TestIdentity;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The two forms of what may be seen, and the catalog's, show the same to everybody. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class VisibilityTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("test");
    private static final List<String> PUBLIC = List.of("open/a");

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;
    private TestIdentity identity;
    private Grants grants;
    private long team;

    @BeforeEach
    void begin() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        identity = new TestIdentity(database, Clock.systemUTC());
        grants = new Grants(database, identity.version);
        new Roles(database, identity.version).ensureBuiltIn();
        project("open", true, "open/a");
        team = project("team", false, "team/app", "team/base", "team/sub/app");
        project("other", false, "other/app", "other/x");
    }

    @AfterEach
    void close() {
        database.close();
    }

    private long project(String name, boolean isPublic, String... repositories) {
        return database.write(tx -> {
            TestRows rows = tx.dao(TestRows.class);
            long project = rows.project(name, isPublic);
            for (String repository : repositories) {
                long id = rows.repository(project, repository);
                Grants.repositoryCreated(tx, project, id, new RepositoryName(repository));
            }
            return project;
        });
    }

    private Principal user(String name) {
        long id = identity.accounts
                .create(name, "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN)
                .id();
        return new Principal(Principal.Kind.USER, id, name, "password:" + id + ":x");
    }

    private Principal robot(String name) {
        long id = database.write(tx -> identity.robots.create(tx, null, name, "", -1, null, ORIGIN))
                .robot()
                .id();
        return new Principal(Principal.Kind.ROBOT, id, name, "robot:" + id + ":x");
    }

    private void grant(Principal to, Grant.Scope scope, String role, String repositories, String tags) {
        grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.of(to),
                        to.id(),
                        scope,
                        scope == Grant.Scope.PROJECT ? team : null,
                        role,
                        role == null ? Set.of(Permission.parse("repository:pull")) : Set.of(),
                        repositories,
                        tags),
                ORIGIN);
    }

    private void sees(Principal who, String... names) {
        List<String> expected = java.util.stream.Stream.concat(PUBLIC.stream(), java.util.Arrays.stream(names))
                .sorted()
                .toList();
        assertThat(list(Visibility.FINDS_REPOSITORIES, who)).as("found").isEqualTo(expected);
        assertThat(list(Visibility.KNOWS_REPOSITORIES, who)).as("known").isEqualTo(expected);
        assertThat(new VisibleRepositories(database, true).page(who, "", 100))
                .as("the catalog")
                .isEqualTo(expected);
    }

    private List<String> list(String visible, Principal who) {
        Map<String, Object> binds = new HashMap<>(new Visibility(true).binds(who, false));
        binds.remove("everything");
        return database.read(tx -> tx
                .dao(RowsDao.class)
                .rows("SELECT r.name FROM repository r WHERE r.listed AND (" + visible + ") ORDER BY r.name", binds)
                .stream()
                .map(row -> row.text("name"))
                .toList());
    }

    @Test
    void whatIsPublicIsSeenByEverybody() {
        sees(Principal.ANONYMOUS);
        sees(user("dev"));
        sees(robot("ci"));
    }

    @Test
    void aProjectIsSeenAsAWholeOrByItsPattern() {
        Principal member = user("member");
        grant(member, Grant.Scope.PROJECT, "guest", null, null);
        sees(member, "team/app", "team/base", "team/sub/app");
        Principal limited = user("limited");
        grant(limited, Grant.Scope.PROJECT, "developer", "**app", "v*");
        sees(limited, "team/app", "team/sub/app");
        Principal tagged = user("tagged");
        grant(tagged, Grant.Scope.PROJECT, "guest", null, "v*");
        sees(tagged, "team/app", "team/base", "team/sub/app");
        Principal both = user("both");
        grant(both, Grant.Scope.PROJECT, "guest", "base", null);
        grant(both, Grant.Scope.PROJECT, "guest", "b*", "x");
        sees(both, "team/base");
    }

    @Test
    void whatCountsInEveryProjectIsSeenInEveryProject() {
        Principal all = user("all");
        grant(all, Grant.Scope.PROJECTS, "guest", null, null);
        sees(all, "team/app", "team/base", "team/sub/app", "other/app", "other/x");
        Principal some = robot("some");
        grant(some, Grant.Scope.PROJECTS, null, "app", null);
        sees(some, "team/app", "other/app");
    }

    @Test
    void groupsSeeForTheirMembersAndNobodyElse() {
        Principal member = user("member");
        long group = identity.groups.create("ldap", "cn=devs", "devs", ORIGIN).id();
        grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.GROUP, group, Grant.Scope.PROJECT, team, "guest", Set.of(), "base", null),
                ORIGIN);
        sees(member);
        database.write(tx -> {
            tx.dao(TestRows.class).join(member.id(), group);
            return null;
        });
        sees(member, "team/base");
        // A robot of the group's or a member's number is none of them.
        Principal robot = new Principal(Principal.Kind.ROBOT, member.id(), "robot", "robot:1:x");
        sees(robot);
    }

    @Test
    void theAuditorSeesWhatThereIs() {
        Principal auditor = user("auditor");
        grant(auditor, Grant.Scope.SYSTEM, "auditor", null, null);
        sees(auditor, "team/app", "team/base", "team/sub/app", "other/app", "other/x");
        assertThat(projects(Visibility.OF_PROJECT, auditor)).containsExactly("open", "other", "team");
        assertThat(projects(Visibility.OF_LOG, auditor)).containsExactly("open", "other", "team");
        Principal operator = user("operator");
        new Roles(database, identity.version).put("operator", true, "", Set.of(Permission.parse("robot:list")), ORIGIN);
        grant(operator, Grant.Scope.SYSTEM, "operator", null, null);
        sees(operator);
        assertThat(projects(Visibility.OF_PROJECT, operator)).containsExactly("open");
        assertThat(projects(Visibility.OF_LOG, operator)).isEmpty();
    }

    private List<String> projects(String visible, Principal who) {
        Map<String, Object> binds = new HashMap<>(new Visibility(true).binds(who, false));
        if (visible.equals(Visibility.OF_LOG)) {
            binds.remove("publicOnes");
        }
        return database.read(
                tx -> tx
                        .dao(RowsDao.class)
                        .rows("SELECT p.name FROM project p WHERE (" + visible + ") ORDER BY p.name", binds)
                        .stream()
                        .map(row -> row.text("name"))
                        .toList());
    }

    @Test
    void theSystemHasNoPatterns() {
        Principal auditor = user("auditor");
        assertThatThrownBy(() -> grant(auditor, Grant.Scope.SYSTEM, "auditor", "secret*", null))
                .isInstanceOf(OciException.class)
                .hasMessageContaining("patterns");
    }
}
