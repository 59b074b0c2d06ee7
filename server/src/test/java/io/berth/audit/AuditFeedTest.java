package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.Json;
import io.berth.site.SiteSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class AuditFeedTest {
    private static final Change.Origin ALICE =
            new Change.Origin("alice", "token:4", "192.0.2.7", "req-1", "grant 3: maintainer in team");

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;
    private PullSampling pulls;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        pulls = new PullSampling(database);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private AuditFeed feed() {
        return new AuditFeed(database, new SiteSettings(database), pulls);
    }

    private void change(String changeKind, String key, String payload) {
        database.write(tx -> {
            tx.change(new Change(changeKind, key, payload, ALICE));
            return null;
        });
    }

    private AuditEntry recorded(String changeKind, String key, String payload) {
        change(changeKind, key, payload);
        feed().step();
        return TestAudit.all(database).getLast();
    }

    private static JsonNode json(String text) throws Exception {
        return Json.MAPPER.readTree(text);
    }

    @Test
    void aChangeIsRecordedWithAllThatIsKnownOfIt() throws Exception {
        AuditEntry entry = recorded("manifest-put", "team/app@sha256:abc", "{\"size\":7}");
        assertThat(entry.operation()).isEqualTo("push");
        assertThat(entry.resourceType()).isEqualTo("artifact");
        assertThat(entry.resource()).isEqualTo("team/app@sha256:abc");
        assertThat(entry.project()).isEqualTo("team");
        assertThat(entry.actor()).isEqualTo("alice");
        assertThat(entry.credential()).isEqualTo("token:4");
        assertThat(entry.client()).isEqualTo("192.0.2.7");
        assertThat(entry.requestId()).isEqualTo("req-1");
        assertThat(entry.rule()).isEqualTo("grant 3: maintainer in team");
        assertThat(entry.success()).isTrue();
        assertThat(entry.changeSeq()).isPositive();
        assertThat(entry.at()).isPositive();
        assertThat(json(entry.detail())).isEqualTo(json("{\"change\":\"manifest-put\",\"size\":7}"));
    }

    @Test
    void everyKindHasItsOperationItsTypeAndItsProject() {
        record Case(String kind, String key, String payload, String operation, String type, String project) {}
        for (Case one : List.of(
                new Case("tag-set", "team/app:1", "{}", "create", "tag", "team"),
                new Case("tag-set", "team/app:1", "{\"previous\":\"sha256:a\"}", "update", "tag", "team"),
                new Case("tag-deleted", "team/app:1", "{}", "delete", "tag", "team"),
                new Case("manifest-deleted", "team/app@sha256:a", "{}", "delete", "artifact", "team"),
                new Case("blob-unlinked", "team/app@sha256:a", "{}", "delete", "blob", "team"),
                new Case("user-created", "bob", "{}", "create", "user", null),
                new Case("user-updated", "bob", "{}", "update", "user", null),
                new Case("user-administrator", "bob", "{\"administrator\":true}", "update", "user", null),
                new Case("user-disabled", "bob", "{}", "update", "user", null),
                new Case("user-password", "bob", "{}", "update", "user", null),
                new Case("user-groups", "bob", "{}", "update", "user", null),
                new Case("user-deleted", "bob", "{}", "delete", "user", null),
                new Case("group-created", "ldap:cn=x", "{}", "create", "group", null),
                new Case("group-renamed", "ldap:cn=x", "{}", "update", "group", null),
                new Case("group-deleted", "ldap:cn=x", "{}", "delete", "group", null),
                new Case("robot-created", "robot$team+ci", "{}", "create", "robot", "team"),
                new Case("robot-updated", "robot$ci", "{}", "update", "robot", null),
                new Case("robot-secret", "robot$team+ci", "{}", "update", "robot", "team"),
                new Case("robot-deleted", "robot$team+ci", "{}", "delete", "robot", "team"),
                new Case("token-created", "bob/laptop", "{}", "create", "access-token", null),
                new Case("token-deleted", "bob/laptop", "{}", "delete", "access-token", null),
                new Case("grant-created", "team/user:bob", "{\"project\":\"team\"}", "create", "grant", "team"),
                new Case("grant-changed", "system/user:bob", "{}", "update", "grant", null),
                new Case("grant-deleted", "team/user:bob", "{\"project\":\"team\"}", "delete", "grant", "team"),
                new Case("role-changed", "auditor", "{}", "update", "role", null),
                new Case("role-deleted", "auditor", "{}", "delete", "role", null),
                new Case("project-created", "team", "{}", "create", "project", "team"),
                new Case("project-changed", "team", "{}", "update", "project", "team"),
                new Case("project-quota", "team", "{}", "update", "project", "team"),
                new Case("project-settings", "team", "{}", "update", "project", "team"),
                new Case("project-deleted", "team", "{}", "delete", "project", "team"),
                new Case("settings-changed", "read_only", "{}", "update", "configuration", null),
                new Case("something-new", "what", "{}", "new", "something", null),
                new Case("odd", "what", "{}", "odd", "odd", null))) {
            AuditEntry entry = recorded(one.kind(), one.key(), one.payload());
            assertThat(new Case(
                            one.kind(),
                            entry.resource(),
                            one.payload(),
                            entry.operation(),
                            entry.resourceType(),
                            entry.project()))
                    .isEqualTo(one);
        }
    }

    @Test
    void payloadsThatAreNoObjectsAreKeptAsTheyAre() throws Exception {
        assertThat(json(recorded("odd", "k", "[1]").detail()))
                .isEqualTo(json("{\"change\":\"odd\",\"payload\":\"[1]\"}"));
        assertThat(json(recorded("odd", "k", "no json").detail()))
                .isEqualTo(json("{\"change\":\"odd\",\"payload\":\"no json\"}"));
    }

    @Test
    void bookkeepingIsPassedOver() {
        change("blob-linked", "team/app@sha256:a", "{}");
        assertThat(feed().step()).isEqualTo(1);
        assertThat(TestAudit.all(database)).isEmpty();
        assertThat(feed().step()).isZero();
    }

    @Test
    void eachChangeIsRecordedOnceAcrossRestartsAndAlsoWhenTheCursorIsLost() {
        for (int i = 0; i < 700; i++) { // more than a batch
            change("user-updated", "user" + i, "{}");
        }
        assertThat(feed().step()).isEqualTo(300);
        database.close();
        open();
        AuditFeed again = feed();
        while (again.step() > 0) {
            // to the end
        }
        assertThat(TestAudit.all(database))
                .extracting(AuditEntry::resource)
                .hasSize(700)
                .doesNotHaveDuplicates()
                .endsWith("user699");
        database.write(tx -> {
            tx.dao(TestAudit.Rows.class).forgetCursor();
            return null;
        });
        while (again.step() > 0) {
            // all of it once more
        }
        assertThat(TestAudit.all(database)).hasSize(700);
    }

    @Test
    void aProjectsNewSettingForPullsCountsWithTheStepThatSeesIt() {
        TestAudit.project(database, "team", "none");
        assertThat(pulls.takes("team")).isTrue();
        change("project-settings", "team", "{}");
        feed().step();
        assertThat(pulls.takes("team")).isFalse();
    }

    @Test
    void hostileNamesComeOutAsTheyWentIn() {
        for (String hostile : TestAudit.HOSTILE) {
            String name = hostile.replace("\0", "");
            assertThat(recorded("user-created", name, "{}").resource()).isEqualTo(name);
        }
    }

    @Test
    void onItsOwnThreadItSeesWhatIsThereWhenItIsClosed() {
        try (AuditFeed feed = AuditFeed.start(database, new SiteSettings(database), pulls)) {
            assertThat(feed).isNotNull();
            change("user-created", "bob", "{}");
        }
        assertThat(TestAudit.all(database)).extracting(AuditEntry::resource).containsExactly("bob");
    }

    @Test
    void robotsAreOfTheirProjectUnderWhateverPrefix() {
        var site = new SiteSettings(database);
        site.put(Map.of("robot_name_prefix", "bot-"), Change.Origin.SYSTEM);
        change("robot-created", "bot-team+ci", "{}");
        feed().step();
        assertThat(TestAudit.all(database).getLast().project()).isEqualTo("team");
    }
}
