package io.berth.access;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.Accounts;
import io.berth.identity.TestIdentity;
import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
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

@ParameterizedClass
@EnumSource(TestDatabase.class)
class ProjectAuthorizerTest {
    private static final RepositoryName APP = RepositoryName.parse("team/app");
    private static final Digest DIGEST = Digest.of(Digest.Algorithm.SHA256, new byte[] {1});
    private static final Change.Origin ORIGIN = Change.Origin.by("test");

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final Map<Digest, Set<String>> reaching = new HashMap<>();
    private final Map<Digest, Set<String>> naming = new HashMap<>();
    private Database database;
    private TestIdentity identity;
    private Grants grants;
    private Roles roles;
    private Authorizer authorizer;
    private VisibleRepositories visible;
    private long team;
    private long open;
    private Principal user;

    @BeforeEach
    void begin() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        identity = new TestIdentity(database, Clock.systemUTC());
        grants = new Grants(database, identity.version);
        roles = new Roles(database, identity.version);
        roles.ensureBuiltIn();
        authorizer = new ProjectAuthorizer(
                database,
                identity.version,
                new TagsOfDigest() {
                    @Override
                    public Set<String> reaching(RepositoryName repository, Digest digest) {
                        return reaching.getOrDefault(digest, Set.of());
                    }

                    @Override
                    public Set<String> naming(RepositoryName repository, Digest digest) {
                        return naming.getOrDefault(digest, Set.of());
                    }
                },
                true);
        visible = new VisibleRepositories(database, true);
        team = database.write(tx -> tx.dao(TestRows.class).project("team", false));
        open = database.write(tx -> tx.dao(TestRows.class).project("open", true));
        user = user("dev", false);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private Principal user(String name, boolean administrator) {
        long id = identity.accounts
                .create(name, "Passw0rd", Accounts.Profile.EMPTY, administrator, ORIGIN)
                .id();
        return new Principal(Principal.Kind.USER, id, name, "password:" + id + ":x");
    }

    private Grant member(String role) {
        return grants.add(Grants.Wanted.member(Grant.SubjectKind.USER, user.id(), team, role), ORIGIN);
    }

    private Grant limited(String role, String repositories, String tags) {
        return grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.USER,
                        user.id(),
                        Grant.Scope.PROJECT,
                        team,
                        role,
                        Set.of(),
                        repositories,
                        tags),
                ORIGIN);
    }

    private boolean may(Permission permission, Reference reference) {
        return authorizer
                .decide(user, permission, Target.content(APP, reference))
                .allowed();
    }

    private boolean may(Permission permission) {
        return authorizer.decide(user, permission, Target.repository(APP)).allowed();
    }

    @Test
    void nobodyMayAnythingInAPrivateProjectAndEverybodyReadsAPublicOne() {
        var there = RepositoryName.parse("open/app");
        for (Principal asking : List.of(Principal.ANONYMOUS, user)) {
            assertThat(authorizer
                            .decide(asking, Permission.PULL, Target.repository(APP))
                            .allowed())
                    .isFalse();
            assertThat(authorizer
                            .decide(asking, Permission.PULL, Target.repository(there))
                            .allowed())
                    .isTrue();
            assertThat(authorizer
                            .decide(asking, Permission.PUSH, Target.repository(there))
                            .allowed())
                    .isFalse();
            assertThat(authorizer
                            .decide(asking, Permission.PULL, Target.repository(RepositoryName.parse("absent/app")))
                            .allowed())
                    .isFalse();
        }
    }

    @Test
    void aRoleHoldsWhatHarborsMatrixSaysAndTheRuleIsNamed() {
        member("developer");
        assertThat(may(Permission.PULL)).isTrue();
        assertThat(may(Permission.PUSH, new Tag("v1"))).isTrue();
        assertThat(may(Permission.TAG_DELETE, new Tag("v1"))).isFalse();
        assertThat(may(Permission.ARTIFACT_DELETE, DIGEST)).isFalse();
        assertThat(authorizer
                        .decide(user, Permission.PUSH, Target.repository(APP))
                        .rule())
                .matches("grant \\d+: developer in team");
        assertThat(authorizer
                        .decide(user, Permission.PROJECT_READ, Target.project("team"))
                        .allowed())
                .isTrue();
    }

    @Test
    void aGrantOfATagPatternReachesDigestsThroughTheirTags() {
        limited("developer", "app", "dev-*");
        limited("guest", "app", "v*");
        assertThat(may(Permission.PUSH, new Tag("dev-1"))).isTrue();
        assertThat(may(Permission.PUSH, new Tag("v1"))).isFalse();
        assertThat(may(Permission.PULL, new Tag("v1"))).isTrue();
        assertThat(may(Permission.PULL, new Tag("secret"))).isFalse();
        assertThat(may(Permission.PULL, DIGEST)).isFalse();
        reaching.put(DIGEST, Set.of("secret"));
        assertThat(may(Permission.PULL, DIGEST)).isFalse();
        reaching.put(DIGEST, Set.of("secret", "v7"));
        assertThat(may(Permission.PULL, DIGEST)).isTrue();
        // Without a tag: blobs, children, what will be tagged
        assertThat(may(Permission.PUSH)).isTrue();
        assertThat(may(Permission.PUSH, DIGEST)).isTrue();
        var other = RepositoryName.parse("team/other");
        assertThat(authorizer
                        .decide(user, Permission.PUSH, Target.repository(other))
                        .allowed())
                .isFalse();
        assertThat(authorizer.decideAtOnce(user, Permission.PULL, Target.content(APP, DIGEST)))
                .as("has to ask for the tags")
                .isNull();
    }

    @Test
    void aDigestIsDeletedByWhoMayDeleteEveryTagThatNamesIt() {
        limited("maintainer", null, "dev-*");
        assertThat(may(Permission.TAG_DELETE, new Tag("dev-1"))).isTrue();
        assertThat(may(Permission.TAG_DELETE, new Tag("v1"))).isFalse();
        naming.put(DIGEST, Set.of("dev-1", "dev-2"));
        assertThat(may(Permission.ARTIFACT_DELETE, DIGEST)).isTrue();
        naming.put(DIGEST, Set.of("dev-1", "v1"));
        assertThat(may(Permission.ARTIFACT_DELETE, DIGEST)).isFalse();
        naming.clear();
        assertThat(may(Permission.ARTIFACT_DELETE, DIGEST)).as("untagged").isTrue();
        assertThat(may(Permission.ARTIFACT_DELETE)).as("a blob").isFalse();
    }

    @Test
    void aSignatureTakesTheRightOfWhatItSigns() {
        limited("developer", null, "dev-*");
        var signature = new Tag("sha256-" + DIGEST.hex() + ".sig");
        reaching.put(DIGEST, Set.of("v1"));
        assertThat(may(Permission.PUSH, signature)).isFalse();
        assertThat(may(Permission.PULL, signature)).isFalse();
        assertThat(authorizer
                        .decide(user, Permission.PUSH, Target.subject(APP, DIGEST))
                        .allowed())
                .isFalse();
        reaching.put(DIGEST, Set.of("dev-3"));
        assertThat(may(Permission.PUSH, signature)).isTrue();
        assertThat(may(Permission.PULL, signature)).isTrue();
        assertThat(may(Permission.PUSH, new Tag("sha256-" + DIGEST.hex()))).isTrue();
        assertThat(authorizer
                        .decide(user, Permission.PUSH, Target.subject(APP, DIGEST))
                        .allowed())
                .isTrue();
        assertThat(may(Permission.PUSH, new Tag("sha256-nothing.sig"))).isFalse();
    }

    @Test
    void aScopeCapsRightsAndGivesNone() {
        Principal token = user.limitedTo(List.of(Scope.parse("repository:team/app:pull")));
        assertThat(authorizer
                        .decide(token, Permission.PULL, Target.repository(APP))
                        .allowed())
                .as("a scope is no right")
                .isFalse();
        member("maintainer");
        assertThat(authorizer
                        .decide(token, Permission.PULL, Target.repository(APP))
                        .allowed())
                .isTrue();
        assertThat(authorizer.decide(token, Permission.PUSH, Target.repository(APP)))
                .isEqualTo(Decision.OUT_OF_SCOPE);
        assertThat(authorizer.decide(token, Permission.PROJECT_READ, Target.project("team")))
                .isEqualTo(Decision.OUT_OF_SCOPE);
        Principal administrator = user("boss", true);
        assertThat(authorizer
                        .decide(administrator.limitedTo(List.of()), Permission.PULL, Target.repository(APP))
                        .allowed())
                .isFalse();
        assertThat(authorizer
                        .decide(administrator, Permission.ARTIFACT_DELETE, Target.repository(APP))
                        .allowed())
                .isTrue();
    }

    @Test
    void whatIsTakenBackEndsWithTheNextQuestion() {
        Grant grant = member("developer");
        assertThat(may(Permission.PUSH)).isTrue();
        assertThat(authorizer
                        .decideAtOnce(user, Permission.PUSH, Target.repository(APP))
                        .allowed())
                .isTrue();
        grants.changeRole(grant.id(), "guest", ORIGIN);
        assertThat(authorizer.decideAtOnce(user, Permission.PUSH, Target.repository(APP)))
                .isNull();
        assertThat(may(Permission.PUSH)).isFalse();
        assertThat(may(Permission.PULL)).isTrue();
        grants.remove(grant.id(), ORIGIN);
        assertThat(may(Permission.PULL)).isFalse();
        user("boss", true); // one is always left
        identity.accounts.setAdministrator(user.id(), true, ORIGIN);
        assertThat(may(Permission.ARTIFACT_DELETE)).isTrue();
        identity.accounts.setDisabled(user.id(), true, ORIGIN);
        assertThat(may(Permission.PULL)).isFalse();
    }

    @Test
    void aRoleOfOnesOwnIsDataAndChangesForAllWhoHaveIt() {
        roles.put("puller", false, "", Set.of(Permission.PULL), ORIGIN);
        member("puller");
        assertThat(may(Permission.PULL)).isTrue();
        assertThat(may(Permission.PUSH)).isFalse();
        roles.put("puller", false, "", Set.of(Permission.PULL, Permission.PUSH), ORIGIN);
        assertThat(may(Permission.PUSH)).isTrue();
    }

    @Test
    void whatAGroupIsGrantedItsMembersMay() {
        long group = identity.groups.create("ldap", "cn=devs", "devs", ORIGIN).id();
        grants.add(Grants.Wanted.member(Grant.SubjectKind.GROUP, group, team, "limitedGuest"), ORIGIN);
        grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.GROUP,
                        group,
                        Grant.Scope.PROJECT,
                        team,
                        "developer",
                        Set.of(),
                        null,
                        "dev-*"),
                ORIGIN);
        assertThat(may(Permission.PULL, new Tag("v1"))).isFalse();
        database.write(tx -> {
            tx.dao(TestRows.class).join(user.id(), group);
            identity.version.raise(tx);
            return null;
        });
        assertThat(may(Permission.PULL, new Tag("v1"))).isTrue();
        assertThat(may(Permission.PUSH, new Tag("v1"))).isFalse();
        assertThat(may(Permission.PUSH, new Tag("dev-1"))).isTrue();
        assertThat(authorizer
                        .decide(user, Permission.PULL, Target.content(APP, new Tag("v1")))
                        .rule())
                .endsWith("by group devs");
        // Neither a robot of the member's number nor one of the group's is a member.
        for (long id : List.of(user.id(), group)) {
            var robot = new Principal(Principal.Kind.ROBOT, id, "robot", "robot:1:x");
            assertThat(authorizer
                            .decide(robot, Permission.PULL, Target.content(APP, new Tag("v1")))
                            .allowed())
                    .isFalse();
        }
    }

    @Test
    void whatIsGrantedInEveryProjectCountsInPrivateOnesAndOnesToCome() {
        long id = database.write(tx -> identity.robots.create(tx, null, "ci", "", -1, null, ORIGIN))
                .robot()
                .id();
        var robot = new Principal(Principal.Kind.ROBOT, id, "robot$ci", "robot:" + id + ":x");
        grants.add(everywhere(robot, null, "app", null), ORIGIN);
        grants.add(everywhere(user, "developer", null, "dev-*"), ORIGIN);
        database.write(tx -> tx.dao(TestRows.class).project("later", false));
        for (String project : List.of("team", "later")) {
            RepositoryName app = RepositoryName.parse(project + "/app");
            RepositoryName other = RepositoryName.parse(project + "/other");
            assertThat(decides(robot, Permission.PULL, app, "v1")).isTrue();
            assertThat(decides(robot, Permission.PUSH, app, "v1")).isFalse();
            assertThat(decides(robot, Permission.PULL, other, "v1")).isFalse();
            assertThat(decides(user, Permission.PUSH, other, "dev-1")).isTrue();
            assertThat(decides(user, Permission.PUSH, other, "v1")).isFalse();
        }
        assertThat(decides(robot, Permission.PUSH, RepositoryName.parse("open/app"), "v1"))
                .isFalse();
    }

    private static Grants.Wanted everywhere(Principal who, String role, String repositories, String tags) {
        return new Grants.Wanted(
                Grant.SubjectKind.of(who),
                who.id(),
                Grant.Scope.PROJECTS,
                null,
                role,
                role == null ? Set.of(Permission.PULL) : Set.of(),
                repositories,
                tags);
    }

    private boolean decides(Principal who, Permission permission, RepositoryName repository, String tag) {
        return authorizer
                .decide(who, permission, Target.content(repository, new Tag(tag)))
                .allowed();
    }

    @Test
    void whatElseIsGrantedOnTheSystemCountsInNoProject() {
        Set<Permission> both = Permissions.ofSystem().stream()
                .filter(Permissions.ofProjects()::contains)
                .collect(java.util.stream.Collectors.toSet());
        assertThat(both).contains(Permission.parse("robot:read"), Permission.parse("robot:create"));
        roles.put("operator", true, "", both, ORIGIN);
        grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.USER, user.id(), Grant.Scope.SYSTEM, null, "operator", Set.of(), null, null),
                ORIGIN);
        for (Permission permission : both) {
            assertThat(authorizer.decide(user, permission, Target.SYSTEM).allowed())
                    .isTrue();
            assertThat(authorizer
                            .decide(user, permission, Target.project("team"))
                            .allowed())
                    .as(permission.toString())
                    .isFalse();
        }
    }

    @Test
    void theAuditorReadsWhatThereIsAndPullsNothing() {
        grants.add(
                new Grants.Wanted(
                        Grant.SubjectKind.USER,
                        user.id(),
                        Grant.Scope.SYSTEM,
                        null,
                        Permissions.AUDITOR,
                        Set.of(),
                        null,
                        null),
                ORIGIN);
        for (Permission permission : Permissions.ofProjects()) {
            boolean read = permission.isRead() && !permission.equals(Permission.PULL);
            for (Target target : List.of(Target.project("team"), Target.repository(APP), Target.content(APP, DIGEST))) {
                assertThat(authorizer.decide(user, permission, target).allowed())
                        .as(permission + " of " + target)
                        .isEqualTo(read);
            }
        }
        assertThat(authorizer.tags(user, Permission.PULL, APP).isNone()).isTrue();
        assertThat(authorizer
                        .decide(user, new Permission("audit-log", "list"), Target.SYSTEM)
                        .allowed())
                .isTrue();
        assertThat(authorizer
                        .decide(user, new Permission("user", "create"), Target.SYSTEM)
                        .allowed())
                .isFalse();
        assertThat(may(Permission.PULL)).isFalse();
    }

    @Test
    void listsShowWhatOneMaySeeInOrder() {
        database.write(tx -> {
            TestRows rows = tx.dao(TestRows.class);
            for (String name : List.of("team/a", "team/app", "team/b")) {
                long id = rows.repository(team, name);
                Grants.repositoryCreated(tx, team, id, new RepositoryName(name));
            }
            rows.repository(open, "open/z");
            long dashed = rows.project("open-er", true);
            rows.repository(dashed, "open-er/y");
            return null;
        });
        assertThat(visible.page(Principal.ANONYMOUS, "", 10)).containsExactly("open-er/y", "open/z");
        assertThat(visible.page(user, "", 10)).containsExactly("open-er/y", "open/z");
        limited("guest", "a*", null);
        assertThat(visible.page(user, "", 10)).containsExactly("open-er/y", "open/z", "team/a", "team/app");
        database.write(tx -> {
            long id = tx.dao(TestRows.class).repository(team, "team/azure");
            Grants.repositoryCreated(tx, team, id, new RepositoryName("team/azure"));
            return null;
        });
        assertThat(visible.page(user, "open/z", 2)).containsExactly("team/a", "team/app");
        assertThat(visible.page(user, "team/app", 10)).containsExactly("team/azure");
        member("guest");
        assertThat(visible.page(user, "team/app", 10)).containsExactly("team/azure", "team/b");
        assertThat(new VisibleRepositories(database, false).page(Principal.ANONYMOUS, "", 10))
                .isEmpty();
    }
}
