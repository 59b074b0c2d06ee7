package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users see of their sessions, and of credentials that end soon. */
class LifetimesTest {
    private static final String SESSIONS = "/api/v1/me/sessions";
    private static final String ALICE = BerthUnderTest.basic("alice", "Alice-12345");

    @TempDir
    Path data;

    private BerthUnderTest berth;

    @BeforeEach
    void start() {
        berth = BerthUnderTest.start(data);
        berth.makeUser("alice", "Alice-12345");
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private record Browser(String cookie, String csrf) {}

    private Browser logIn(String agent) {
        Answer answer = berth.loginForm("alice", "Alice-12345")
                .header("User-Agent", agent)
                .send()
                .isStatus(200);
        return new Browser(answer.header("Set-Cookie").split(";")[0], answer.header("X-Harbor-CSRF-Token"));
    }

    private Answer ask(Browser browser, String method, String path) {
        return berth.call(method, path)
                .anonymous()
                .header("Cookie", browser.cookie())
                .header("X-Harbor-CSRF-Token", browser.csrf())
                .send();
    }

    private JsonNode session(Browser asking, String agent) {
        return StreamSupport.stream(
                        ask(asking, "GET", SESSIONS).isStatus(200).json().spliterator(), false)
                .filter(session -> session.path("agent").asText().equals(agent))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void peopleSeeAndEndTheirOwnSessions() {
        Browser laptop = logIn("laptop");
        Browser phone = logIn("phone");
        Browser lost = logIn("lost");
        assertThat(berth.send("GET", SESSIONS, "", ALICE).json()).hasSize(3);
        assertThat(berth.get(SESSIONS).json()).as("the administrator's own").isEmpty();
        assertThat(session(laptop, "laptop").path("current").asBoolean()).isTrue();
        assertThat(session(laptop, "lost").path("current").asBoolean()).isFalse();
        assertThat(session(laptop, "lost").path("client").asText()).isEqualTo("127.0.0.1");
        String id = session(laptop, "lost").path("id").asText();
        assertThat(lost.cookie()).doesNotContain(id);

        berth.delete(SESSIONS + "/" + id).isStatus(404); // the administrator is not alice
        ask(laptop, "DELETE", SESSIONS + "/" + id).isStatus(204);
        ask(lost, "GET", "/api/v1/me").isStatus(401);
        ask(laptop, "DELETE", SESSIONS + "/" + id).isStatus(404);
        ask(phone, "GET", "/api/v1/me").isStatus(200);
        ask(laptop, "DELETE", SESSIONS).isStatus(204);
        ask(phone, "GET", "/api/v1/me").isStatus(401);
        ask(laptop, "GET", "/api/v1/me").isStatus(200);
        berth.send("DELETE", SESSIONS, "", ALICE).isStatus(204);
        ask(laptop, "GET", "/api/v1/me").isStatus(401);
    }

    @Test
    void nobodyEndsASessionWithoutProofAgainstForgery() {
        Browser laptop = logIn("laptop");
        berth.call("DELETE", SESSIONS)
                .anonymous()
                .header("Cookie", laptop.cookie())
                .send()
                .isStatus(403);
    }

    @Test
    void aCredentialThatEndsSoonSaysSoWithEachAnswer() throws Exception {
        String secret = berth.api("POST", "/robots", """
                        {"name": "ci", "duration": 30, "level": "system", "permissions": [{"kind": "project",
                         "namespace": "*", "access": [{"resource": "repository", "action": "pull"}]}]}
                        """, BerthUnderTest.ADMIN)
                .isStatus(201)
                .json()
                .path("secret")
                .asText();
        String robot = BerthUnderTest.basic("robot$ci", secret);
        berth.send("GET", "/v2/", "", robot).isStatus(200).hasNo("Warning");
        berth.pushImage("library/app", "v1");
        String manifest = "/v2/library/app/manifests/v1";
        berth.send("GET", manifest, "", robot).isStatus(200).has("Cache-Control", "public, no-cache");
        try (var database = berth.database();
                var statement = database.createStatement()) {
            statement.executeUpdate("UPDATE robot SET created_at = created_at - 25 * 86400000,"
                    + " expires_at = 1000 * CAST(expires_at / 1000 AS INTEGER) - 25 * 86400000");
        }
        berth.makeUser("bob", "Bob-1234567"); // any change of access: what is remembered is looked up again
        String warning = berth.send("GET", "/v2/", "", robot).isStatus(200).header("Warning");
        assertThat(warning).matches("299 - \"the credential of robot\\$ci ends at 20[0-9T:-]+Z\"");
        Answer token =
                berth.send("GET", "/service/token?service=berth", "", robot).isStatus(200);
        assertThat(token.header("Warning")).isEqualTo(warning);
        String bearer = "Bearer " + token.json().path("token").asText();
        assertThat(berth.send("GET", "/v2/", "", bearer).isStatus(200).header("Warning"))
                .isEqualTo(warning);
        assertThat(berth.send("GET", "/api/v1/me", "", robot).isStatus(200).header("Warning"))
                .isEqualTo(warning);
    }

    @Test
    void theLastUseOfATokenAndOfARobotIsShown() throws Exception {
        String secret = berth.send("POST", "/api/v1/me/tokens", "{\"name\":\"laptop\"}", ALICE)
                .isStatus(201)
                .json()
                .path("secret")
                .asText();
        assertThat(token().path("last_used_at").isNull()).isTrue();
        berth.send("GET", "/v2/", "", BerthUnderTest.basic("alice", secret)).isStatus(200);
        Gauges.eventually(
                "it is written down", () -> token().path("last_used_at").isTextual());
        assertThat(Instant.parse(token().path("last_used_at").asText()))
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
        String robot = berth.api("POST", "/robots", """
                        {"name": "used", "duration": 30, "level": "system", "permissions": [{"kind": "project",
                         "namespace": "*", "access": [{"resource": "repository", "action": "pull"}]}]}
                        """, BerthUnderTest.ADMIN)
                .isStatus(201)
                .json()
                .path("secret")
                .asText();
        assertThat(robot("used").path("last_used_at").isNull()).isTrue();
        berth.send("GET", "/v2/", "", BerthUnderTest.basic("robot$used", robot)).isStatus(200);
        Gauges.eventually(
                "it is written down", () -> robot("used").path("last_used_at").isTextual());
        assertThat(Instant.parse(robot("used").path("last_used_at").asText()))
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
    }

    @Test
    void robotsAreShownToThoseWhoMayListThem() {
        var api = new OpenApiChecked(berth);
        for (String project : List.of("mine", "theirs")) {
            berth.api("POST", "/projects", "{\"project_name\":\"" + project + "\"}", BerthUnderTest.ADMIN)
                    .isStatus(201);
            berth.api("POST", "/robots", """
                            {"name": "builder", "duration": -1, "level": "project", "permissions": [{"kind": "project",
                             "namespace": "%s", "access": [{"resource": "repository", "action": "pull"}]}]}
                            """.formatted(project), BerthUnderTest.ADMIN)
                    .isStatus(201);
        }
        berth.api(
                        "POST",
                        "/projects/mine/members",
                        "{\"role_id\":1,\"member_user\":{\"username\":\"alice\"}}",
                        BerthUnderTest.ADMIN)
                .isStatus(201);
        api.ask("GET", "/api/v1/robots", "", ALICE).isError(403, "FORBIDDEN");
        api.ask("GET", "/api/v1/robots?project=theirs", "", ALICE).isError(403, "FORBIDDEN");
        api.ask("GET", "/api/v1/robots?project=absent", "", ALICE).isError(403, "FORBIDDEN");
        JsonNode mine = api.ask("GET", "/api/v1/robots?project=mine", "", ALICE)
                .isStatus(200)
                .json()
                .path("robots");
        assertThat(mine).hasSize(1);
        assertThat(mine.path(0).path("name").asText()).isEqualTo("robot$mine+builder");
        JsonNode first = api.ask("GET", "/api/v1/robots?limit=1", "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .json();
        JsonNode next = api.ask(
                        "GET", "/api/v1/robots?after=" + first.path("after").asLong(), "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .json();
        assertThat(next.path("robots"))
                .isNotEmpty()
                .noneMatch(one ->
                        one.path("id").equals(first.path("robots").path(0).path("id")));
    }

    private JsonNode token() {
        return berth.send("GET", "/api/v1/me/tokens", "", ALICE)
                .isStatus(200)
                .json()
                .path(0);
    }

    private JsonNode robot(String name) {
        for (JsonNode one : berth.send("GET", "/api/v1/robots?limit=500", "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .json()
                .path("robots")) {
            if (one.path("name").asText().equals("robot$" + name)) {
                return one;
            }
        }
        throw new AssertionError("no robot " + name);
    }
}
