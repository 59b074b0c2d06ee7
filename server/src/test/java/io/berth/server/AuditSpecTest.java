package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.audit.AuditEntry;
import io.berth.audit.AuditFilter;
import io.berth.audit.AuditLog;
import io.berth.audit.SyslogReceiver;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.identity.AccessVersion;
import io.berth.identity.Accounts;
import io.berth.site.SiteSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a whole Berth records of its requests. */
@Timeout(120)
class AuditSpecTest {
    private static final String BOB = BerthUnderTest.basic("bob", "Correct horse 9");

    @TempDir
    Path data;

    // What happens in use, in the order of writing, less what the server and its first start do.
    private List<AuditEntry> recorded(Consumer<BerthUnderTest> use, String... settings) {
        try (var berth = BerthUnderTest.start(data, settings)) {
            use.accept(berth);
        }
        try (Database database = database()) {
            return new AuditLog(database, new SiteSettings(database))
                    .page(AuditFilter.EVERYTHING, null, 1_000).reversed().stream()
                            .filter(entry -> !entry.actor().equals("system"))
                            .toList();
        }
    }

    private Database database() {
        return SqliteDatabase.open(data, 1, Clock.systemUTC(), new Random(1), DatabaseMetrics.NONE);
    }

    private void bobExists() {
        BerthUnderTest.start(data).close();
        try (Database database = database()) {
            new Accounts(database, new Random(1), new AccessVersion())
                    .create("bob", "Correct horse 9", Accounts.Profile.EMPTY, false, Change.Origin.SYSTEM);
        }
    }

    private static List<AuditEntry> of(String operation, List<AuditEntry> entries) {
        return entries.stream()
                .filter(entry -> entry.operation().equals(operation))
                .toList();
    }

    @Test
    void aPushIsRecordedWithWhoWhatWhenceAndByWhichRule() {
        String[] digest = new String[1];
        List<AuditEntry> entries = recorded(berth -> digest[0] = berth.pushImage("team/app", "1", Content.random(100)));
        assertThat(of("push", entries)).singleElement().satisfies(push -> {
            assertThat(push.resource()).isEqualTo("team/app@" + digest[0]);
            assertThat(push.project()).isEqualTo("team");
            assertThat(push.actor()).isEqualTo("admin");
            assertThat(push.credential()).startsWith("password:");
            assertThat(push.client()).isEqualTo("127.0.0.1");
            assertThat(push.requestId()).isNotBlank();
            assertThat(push.rule()).isNotBlank();
            assertThat(push.success()).isTrue();
        });
        assertThat(of("create", entries))
                .extracting(entry -> entry.resourceType() + " " + entry.resource())
                .contains("project team", "tag team/app:1");
        assertThat(of("login", entries)).singleElement().satisfies(login -> {
            assertThat(login.actor()).isEqualTo("admin");
            assertThat(login.success()).isTrue();
            assertThat(login.requestId()).isNotBlank();
        });
    }

    @Test
    void everyManifestThatIsGivenOutIsAPullAndNothingElseIs() {
        byte[] layer = Content.random(100);
        String[] digest = new String[1];
        String[] requests = new String[4];
        List<AuditEntry> entries = recorded(berth -> {
            digest[0] = berth.pushImage("library/app", "1", layer);
            String path = "/v2/library/app/manifests/";
            requests[0] = berth.get(path + "1").isStatus(200).header("X-Request-Id");
            requests[1] = berth.get(path + "1").isStatus(200).header("X-Request-Id"); // from memory
            requests[2] = berth.call("GET", path + digest[0])
                    .header("If-None-Match", "\"" + digest[0] + "\"")
                    .anonymous()
                    .send()
                    .isStatus(304)
                    .header("X-Request-Id");
            requests[3] = berth.call("GET", "/v2/app/manifests/1")
                    .anonymous()
                    .send()
                    .isStatus(200)
                    .header("X-Request-Id");
            berth.head(path + "1").isStatus(200);
            berth.head(path + digest[0]).isStatus(200);
            berth.get("/v2/library/app/blobs/" + Content.sha256(layer)).isStatus(200);
            berth.get(path + "2").isStatus(404);
        });
        List<AuditEntry> pulls = of("pull", entries);
        assertThat(pulls).extracting(AuditEntry::requestId).containsExactly(requests);
        assertThat(pulls)
                .extracting(AuditEntry::resource)
                .containsExactly("library/app:1", "library/app:1", "library/app@" + digest[0], "library/app:1");
        assertThat(pulls).extracting(AuditEntry::actor).containsExactly("admin", "admin", "anonymous", "anonymous");
        assertThat(pulls).allSatisfy(pull -> {
            assertThat(pull.resourceType()).isEqualTo("artifact");
            assertThat(pull.project()).isEqualTo("library");
            assertThat(pull.client()).isEqualTo("127.0.0.1");
            assertThat(pull.success()).isTrue();
            assertThat(pull.rule()).isNotBlank();
            assertThat(pull.detail()).contains(digest[0]);
        });
    }

    @Test
    void refusalsAndWrongCredentialsAreRecorded() {
        bobExists();
        String[] requests = new String[5];
        List<AuditEntry> entries = recorded(berth -> {
            berth.pushImage("team/app", "1", Content.random(100));
            requests[0] = berth.call("GET", "/v2/team/app/manifests/1")
                    .as(BOB)
                    .send()
                    .isError(403, "DENIED")
                    .header("X-Request-Id");
            requests[1] = berth.call("POST", "/v2/team/app/blobs/uploads/")
                    .as(BOB)
                    .send()
                    .isError(403, "DENIED")
                    .header("X-Request-Id");
            requests[2] = berth.call("GET", "/metrics")
                    .as(BOB)
                    .send()
                    .isError(403, "DENIED")
                    .header("X-Request-Id");
            requests[3] = berth.call("GET", "/v2/team/app/manifests/1")
                    .as("Bearer nonsense")
                    .send()
                    .isError(401, "UNAUTHORIZED")
                    .header("X-Request-Id");
            requests[4] = berth.call("GET", "/v2/")
                    .as(BerthUnderTest.basic("eve\n", "guess"))
                    .send()
                    .isError(401, "UNAUTHORIZED")
                    .header("X-Request-Id");
            berth.call("GET", "/v2/").anonymous().send().isError(401, "UNAUTHORIZED");
            assertThat(berth.get("/metrics").text())
                    .contains(
                            "berth_refusals_total{reason=\"denied\"} 3.0",
                            "berth_refusals_total{reason=\"credential\"} 1.0",
                            "berth_logins_total{result=\"failure\",source=\"none\"} 1.0",
                            "berth_audit_dropped_total{kind=\"refusal\"} 0.0",
                            "berth_audit_queue ");
        });
        List<AuditEntry> refused =
                entries.stream().filter(entry -> !entry.success()).toList();
        assertThat(refused)
                .extracting(entry ->
                        entry.actor() + " " + entry.operation() + " " + entry.resourceType() + " " + entry.resource())
                .containsExactly(
                        "bob pull repository team/app:1",
                        "bob push repository team/app",
                        "bob read metrics ",
                        "unknown authenticate request /v2/team/app/manifests/1",
                        "eve\n login user eve\n");
        assertThat(refused).extracting(AuditEntry::requestId).containsExactly(requests);
        assertThat(refused).allSatisfy(entry -> assertThat(entry.rule()).isNotBlank());
        assertThat(refused.getFirst().project()).isEqualTo("team");
    }

    @Test
    void refusalsOfTheApisAreRecordedAsThoseOfTheRegistryAre() {
        bobExists();
        List<String> requests = new ArrayList<>();
        List<AuditEntry> entries = recorded(berth -> {
            berth.pushImage("team/app", "1", Content.random(100));
            for (String[] asked : new String[][] {
                {"GET", "/api/v2.0/projects/team/members"},
                {"DELETE", "/api/v2.0/projects/team/repositories/app/artifacts/1"},
                {"GET", "/api/v2.0/users"},
                {"GET", "/api/v1/audit"},
                {"PUT", "/api/v2.0/users/2/password"}
            }) {
                requests.add(berth.send(asked[0], asked[1], "{\"new_password\":\"Correct horse 8\"}", BOB)
                        .isError(403, "FORBIDDEN")
                        .header("X-Request-Id"));
            }
            berth.api("GET", "/users", "", null).isError(401, "UNAUTHORIZED");
            berth.send("GET", "/api/v1/audit", "", null).isError(401, "UNAUTHORIZED");
            assertThat(berth.get("/metrics").text())
                    .contains(
                            "berth_refusals_total{reason=\"denied\"} 5.0",
                            "berth_refusals_total{reason=\"anonymous\"} 2.0");
        });
        List<AuditEntry> refused =
                entries.stream().filter(entry -> !entry.success()).toList();
        assertThat(refused).extracting(AuditEntry::requestId).containsExactlyElementsOf(requests);
        assertThat(refused)
                .extracting(entry -> String.join(
                        " ",
                        entry.actor(),
                        entry.operation(),
                        entry.resourceType(),
                        entry.resource(),
                        String.valueOf(entry.project())))
                .containsExactly(
                        "bob list member team team",
                        "bob delete artifact team/app:1 team",
                        "bob list user  null",
                        "bob list audit-log  null",
                        "bob put request /api/v2.0/users/2/password null");
        assertThat(refused).allSatisfy(entry -> {
            assertThat(entry.rule()).isNotBlank();
            assertThat(entry.credential()).startsWith("password:");
            assertThat(entry.client()).isEqualTo("127.0.0.1");
        });
    }

    @Test
    void whateverElseProvesNothingIsRecorded() {
        List<String> requests = new ArrayList<>();
        List<AuditEntry> entries = recorded(berth -> {
            Answer login =
                    berth.loginForm("admin", BerthUnderTest.PASSWORD).send().isStatus(200);
            String cookie = login.header("Set-Cookie").split(";")[0];
            for (BerthUnderTest.Call wrong : List.of(
                    berth.call("GET", "/api/v2.0/users/current").header("Cookie", "sid=berth_session_guess"),
                    form(berth, "/service/token", "grant_type=refresh_token&refresh_token=guess"),
                    berth.call("GET", "/c/oidc/callback?state=guess&code=x"),
                    form(berth, "/c/oidc/logout", "logout_token=guess"),
                    berth.call("DELETE", "/api/v1/me/tokens/1").header("Cookie", cookie),
                    berth.call("DELETE", "/api/v2.0/labels/1")
                            .header("Cookie", cookie)
                            .header("X-Harbor-CSRF-Token", "guess"),
                    form(berth, "/c/login", "principal=admin&password=x").header("Sec-Fetch-Site", "cross-site"))) {
                Answer answer = wrong.anonymous().send();
                assertThat(answer.status()).isIn(400, 401, 403);
                requests.add(answer.header("X-Request-Id"));
            }
            assertThat(berth.get("/metrics").text())
                    .contains(
                            "berth_refusals_total{reason=\"credential\"} 4.0",
                            "berth_refusals_total{reason=\"denied\"} 3.0");
        });
        List<AuditEntry> refused =
                entries.stream().filter(entry -> !entry.success()).toList();
        assertThat(refused).extracting(AuditEntry::requestId).containsExactlyElementsOf(requests);
        assertThat(refused)
                .extracting(
                        entry -> entry.actor() + " " + entry.operation() + " " + entry.resource() + ": " + entry.rule())
                .containsExactly(
                        "unknown authenticate /api/v2.0/users/current: the session is over",
                        "unknown authenticate /service/token: the refresh token is wrong or over",
                        "unknown authenticate /c/oidc/callback: this login was not begun in this browser, or took too long",
                        "unknown authenticate /c/oidc/logout: this is no logout token of an identity provider that is known",
                        "admin delete /api/v1/me/tokens/1: CSRF token not found in request",
                        "admin delete /api/v2.0/labels/1: CSRF token invalid",
                        "anonymous post /c/login: a login comes from this site");
    }

    private static BerthUnderTest.Call form(BerthUnderTest berth, String path, String fields) {
        return berth.call("POST", path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(fields);
    }

    private static ServerSocketFactory serving(TestCertificate certificate) {
        try {
            Path store = Path.of(certificate.key().toString().replaceAll("key$", "p12"));
            var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(KeyStore.getInstance(store.toFile(), "changeit".toCharArray()), "changeit".toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(factory.getKeyManagers(), null, null);
            return context.getServerSocketFactory();
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void entriesAreForwardedOverTlsToWhoProvesToBeTheReceiver(@TempDir Path elsewhere) throws Exception {
        TestCertificate right = TestCertificate.make(elsewhere, "right");
        TestCertificate wrong = TestCertificate.make(elsewhere, "wrong");
        try (var receiver = new SyslogReceiver(serving(right)).up()) {
            String endpoint = "audit.syslog.endpoint=tls://localhost:" + receiver.port();
            recorded(
                    berth -> {
                        berth.pushImage("team/app", "1", Content.random(100));
                        Gauges.eventually("it was tried", () -> receiver.connected() > 0 && behind(berth) > 0);
                    },
                    endpoint,
                    "audit.syslog.ca=" + wrong.certificate());
            assertThat(receiver.rest())
                    .as("nothing goes to whoever cannot prove it")
                    .isEmpty();
            recorded(
                    berth -> Gauges.eventually("all is forwarded", () -> behind(berth) == 0),
                    endpoint,
                    "audit.syslog.ca=" + right.certificate());
            assertThat(receiver.rest())
                    .anySatisfy(message -> assertThat(message)
                            .startsWith("<110>1 ")
                            .contains(" push [audit@32473 ", " actor=\"admin\"", " project=\"team\""));
        }
    }

    private static double behind(BerthUnderTest berth) {
        return berth.get("/metrics")
                .text()
                .lines()
                .filter(line -> line.startsWith("berth_audit_syslog_behind "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aProjectThatWantsNoneOfItsPullsRecordedHasNone() {
        recorded(berth -> {
            berth.pushImage("team/app", "1", Content.random(100));
            applied(berth, "team", "sometimes").isError(400, "BAD_REQUEST");
            applied(berth, "team", "none").isStatus(200);
        });
        List<AuditEntry> entries =
                recorded(berth -> berth.get("/v2/team/app/manifests/1").isStatus(200));
        assertThat(of("pull", entries)).isEmpty();
        assertThat(Map.of("logins", of("login", entries).size())).containsEntry("logins", 2);
    }

    private static Answer applied(BerthUnderTest berth, String project, String pulls) {
        return berth.send(
                "PUT",
                "/api/v1/access",
                "{\"projects\":[{\"name\":\"" + project + "\",\"settings\":{\"audit_pulls\":\"" + pulls + "\"}}]}",
                BerthUnderTest.ADMIN);
    }
}
