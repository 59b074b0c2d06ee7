package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.Json;
import io.berth.site.SiteSettings;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
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
class AuditLogTest {
    private static final AuditEntry ONE = new AuditEntry(
            0,
            1_000,
            "push",
            "artifact",
            "team/app@sha256:a",
            "team",
            "alice",
            "token:4",
            "192.0.2.1",
            true,
            "grant 3",
            "req-1",
            "{\"size\":7}",
            1L);
    private static final AuditEntry TWO = new AuditEntry(
            0,
            2_000,
            "pull",
            "tag",
            "other/Web_1:latest",
            "other",
            "bob",
            null,
            "2001:db8::1",
            false,
            null,
            "req-2",
            "{}",
            null);

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;
    private SiteSettings site;
    private AuditLog log;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        site = new SiteSettings(database);
        log = new AuditLog(database, site);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private List<String> found(String... namesAndValues) {
        var texts = new java.util.HashMap<String, String>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            texts.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        AuditFilter filter = AuditFilter.parse(texts);
        List<AuditEntry> page = log.page(filter, null, 100);
        assertThat(log.count(filter)).isEqualTo(page.size());
        return page.stream().map(AuditEntry::actor).toList();
    }

    @Test
    void whatWasWrittenIsFoundAsItWas() {
        TestAudit.write(database, ONE);
        AuditEntry found = log.page(AuditFilter.EVERYTHING, null, 10).getFirst();
        assertThat(found.id()).isPositive();
        assertThat(found)
                .isEqualTo(new AuditEntry(
                        found.id(),
                        ONE.at(),
                        ONE.operation(),
                        ONE.resourceType(),
                        ONE.resource(),
                        ONE.project(),
                        ONE.actor(),
                        ONE.credential(),
                        ONE.client(),
                        ONE.success(),
                        ONE.rule(),
                        ONE.requestId(),
                        ONE.detail(),
                        ONE.changeSeq()));
    }

    @Test
    void everyFieldCanBeSearchedAndAllTogether() {
        TestAudit.write(database, ONE, TWO);
        assertThat(found()).containsExactly("bob", "alice");
        assertThat(found("from", "1970-01-01T00:00:02Z")).containsExactly("bob");
        assertThat(found("to", "1970-01-01T00:00:02Z")).containsExactly("alice");
        assertThat(found("operation", "push")).containsExactly("alice");
        assertThat(found("resource_type", "tag")).containsExactly("bob");
        assertThat(found("resource", "team/app@sha256:a")).containsExactly("alice");
        assertThat(found("project", "other")).containsExactly("bob");
        assertThat(found("actor", "alice")).containsExactly("alice");
        assertThat(found("client", "2001:db8::1")).containsExactly("bob");
        assertThat(found("success", "false")).containsExactly("bob");
        assertThat(found("success", "true")).containsExactly("alice");
        assertThat(found("request_id", "req-1")).containsExactly("alice");
        assertThat(found("credential", "token:4")).containsExactly("alice");
        assertThat(found("rule", "grant*")).containsExactly("alice");
        assertThat(found("detail", "{}")).containsExactly("bob");
        String[] all = {
            "from",
            "1970-01-01T00:00:01Z",
            "to",
            "1970-01-01T00:00:01.001Z",
            "operation",
            "push",
            "resource_type",
            "artifact",
            "resource",
            "team/app*",
            "project",
            "team",
            "actor",
            "alice",
            "client",
            "192.0.2.1",
            "success",
            "true",
            "request_id",
            "req-1",
            "credential",
            "token:*",
            "rule",
            "grant 3",
            "detail",
            "*\"SIZE\":7*"
        };
        assertThat(found(all)).containsExactly("alice");
        for (int i = 1; i < all.length; i += 2) {
            String[] one = all.clone();
            if (i > 4) {
                one[i] = i == 17 ? "false" : "nobody";
                assertThat(found(one)).as(one[i - 1]).isEmpty();
            }
        }
    }

    @Test
    void starsStandForAnyCharactersAndNothingElseDoes() {
        TestAudit.write(database, ONE, TWO);
        assertThat(found("resource", "team/*")).containsExactly("alice");
        assertThat(found("resource", "*latest")).containsExactly("bob");
        assertThat(found("resource", "*WEB*")).as("of either case").containsExactly("bob");
        assertThat(found("resource", "other/web_1:latest")).as("as it is").isEmpty();
        assertThat(found("resource", "*Web%1*")).isEmpty();
        assertThat(found("resource", "*Web-1*")).isEmpty();
        assertThat(found("resource", "*Web_1*")).containsExactly("bob");
        assertThat(found("actor", "*")).containsExactly("bob", "alice");
    }

    @Test
    void hostileNamesAreFoundByTheirName() {
        for (String hostile : TestAudit.HOSTILE) {
            String name = Names.bounded(hostile);
            TestAudit.write(database, TestAudit.entry(5, "login", name, name));
            assertThat(found("actor", name)).as(name).containsExactly(name);
            assertThat(found("resource", name)).as(name).containsExactly(name);
            assertThat(found("actor", "*" + name.substring(1))).contains(name);
        }
        assertThat(log.count(AuditFilter.EVERYTHING)).isEqualTo(TestAudit.HOSTILE.size());
    }

    @Test
    void whatIsNoFilterIsSaidInWords() {
        assertThatThrownBy(() -> AuditFilter.parse(Map.of("colour", "red"))).hasMessageContaining("'colour'");
        assertThatThrownBy(() -> AuditFilter.parse(Map.of("from", "yesterday")))
                .hasMessageContaining("from: 'yesterday'");
        assertThatThrownBy(() -> AuditFilter.parse(Map.of("to", "+1000000000-12-31T23:59:59Z")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> AuditFilter.parse(Map.of("success", "maybe"))).hasMessageContaining("'maybe'");
    }

    @Test
    void pagesFollowEachOtherWithoutGapsAlsoWithinOneMoment() {
        for (int i = 0; i < 10; i++) {
            TestAudit.write(database, TestAudit.entry(100 + i / 4, "pull", "r", "a" + i));
        }
        List<String> names = new ArrayList<>();
        AuditLog.Place place = null;
        List<AuditEntry> page;
        while (!(page = log.page(AuditFilter.EVERYTHING, place, 3)).isEmpty()) {
            page.forEach(entry -> names.add(entry.actor()));
            place = AuditLog.Place.of(page.getLast());
            TestAudit.write(database, TestAudit.entry(1_000, "pull", "r", "new"));
        }
        assertThat(names).containsExactly("a9", "a8", "a7", "a6", "a5", "a4", "a3", "a2", "a1", "a0");
    }

    @Test
    void allOrSomeAreGivenOut() {
        AuditEntry[] entries = new AuditEntry[1_001];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = TestAudit.entry(i, "pull", "r", "a" + i);
        }
        TestAudit.write(database, entries);
        List<String> all = new ArrayList<>();
        log.each(AuditFilter.EVERYTHING, Long.MAX_VALUE, entry -> all.add(entry.actor()));
        assertThat(all)
                .hasSize(1_001)
                .doesNotHaveDuplicates()
                .startsWith("a1000")
                .endsWith("a0");
        List<String> some = new ArrayList<>();
        log.each(AuditFilter.EVERYTHING, 501, entry -> some.add(entry.actor()));
        assertThat(some).isEqualTo(all.subList(0, 501));
        some.clear();
        AuditRequests.each(this::ask, Map.of("resource", "r"), 501, entry -> some.add(entry.actor()));
        assertThat(some).as("from afar").isEqualTo(all.subList(0, 501));
        some.clear();
        AuditRequests.each(this::ask, Map.of(), Long.MAX_VALUE, entry -> some.add(entry.actor()));
        assertThat(some).isEqualTo(all);
        assertThat(AuditRequests.count(this::ask, Map.of("actor", "a1*"))).isEqualTo(112);
        assertThatThrownBy(() -> AuditRequests.count(this::ask, Map.of("colour", "red")))
                .hasMessageContaining("colour");
    }

    // As it goes over the socket
    private com.fasterxml.jackson.databind.JsonNode ask(Map<String, ?> request) {
        try {
            var sent = Json.MAPPER.readTree(Json.write(request));
            return Json.MAPPER.readTree(Json.write(new AuditRequests(log).apply(sent)));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void fromAfarAnEntryIsTheSame() {
        TestAudit.write(database, ONE, TWO);
        List<AuditEntry> entries = new ArrayList<>();
        AuditRequests.each(this::ask, Map.of(), 10, entries::add);
        assertThat(entries).isEqualTo(log.page(AuditFilter.EVERYTHING, null, 10));
    }

    @Test
    void whatIsOldGoesInBatchesAndWhatIsYoungerStays() {
        long now = database.read(tx -> tx.nowMillis());
        AuditEntry[] old = new AuditEntry[2_500];
        for (int i = 0; i < old.length; i++) {
            old[i] = TestAudit.entry(now - Duration.ofDays(91).toMillis() - i, "pull", "r", "old");
        }
        TestAudit.write(database, old);
        TestAudit.write(database, TestAudit.entry(now - Duration.ofDays(89).toMillis(), "pull", "r", "young"));
        site.put(Map.of("audit_retention_days", "0"), Change.Origin.SYSTEM);
        assertThat(log.expire()).as("for ever").isZero();
        site.put(Map.of("audit_retention_days", "90"), Change.Origin.SYSTEM);
        assertThat(log.expire()).isEqualTo(2_500);
        assertThat(log.expire()).isZero();
        assertThat(found()).containsExactly("young");
        site.put(Map.of("audit_retention_days", "1"), Change.Origin.SYSTEM);
        assertThat(log.expire()).isEqualTo(1);
    }
}
