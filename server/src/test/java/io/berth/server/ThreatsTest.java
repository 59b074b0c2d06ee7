package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.identity.AdminSocket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threats of docs/threat-model.md that nothing else is about. */
class ThreatsTest {
    private static final String PASSWORD = "Abcd12345";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
        project("scoped");
        project("other");
        user("guest");
        member("guest", "scoped", 3);
        berth.pushImage("scoped/app", "v1", Content.random(100));
        berth.pushImage("other/app", "v1", Content.random(100));
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static void project(String name) {
        berth.api("POST", "/projects", "{\"project_name\":\"" + name + "\"}", BerthUnderTest.ADMIN)
                .isStatus(201);
    }

    private static void user(String name) {
        berth.makeUser(name, PASSWORD);
    }

    private static void delete(String user) {
        String id = berth.api("GET", "/users/current", "", BerthUnderTest.basic(user, PASSWORD))
                .isStatus(200)
                .json()
                .path("user_id")
                .asText();
        berth.api("DELETE", "/users/" + id, "", BerthUnderTest.ADMIN).isStatus(200);
    }

    /** @param role Harbor's number: 2 is a developer, 3 a guest */
    private static void member(String user, String project, int role) {
        berth.api(
                        "POST",
                        "/projects/" + project + "/members",
                        "{\"role_id\":" + role + ",\"member_user\":{\"username\":\"" + user + "\"}}",
                        BerthUnderTest.ADMIN)
                .isStatus(201);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "repository:scoped/app:pull,push",
                "repository:scoped/app:pull,,push",
                "repository:scoped/app:pull,PUSH,Push",
                "repository:scoped/app:*",
                "repository:scoped/app,other/app:pull",
                "repository:scoped/app:pull,repository:other/app:pull",
                "repository:scoped/../other/app:pull",
                "repository:scoped/./app:push",
                "repository:scoped//app:push",
                "repository:/other/app:pull",
                "repository:other/app/:pull",
                "repository:scoped/app%2f..%2f..%2fother%2fapp:pull",
                "repository:%6fther/app:pull",
                "repository:OTHER/app:pull",
                "repository:ot\u04bber/app:pull",
                "repository:\uff4fther/app:pull",
                "repository:other/app\u0000:pull",
                "repository:other/app\n:pull",
                "repository: other/app:pull",
                "repository:other/*:pull",
                "repository:*:pull",
                "repository:**:*",
                "REPOSITORY:other/app:pull",
                "repository(plugin):other/app:pull",
                "registry:catalog:*,repository:other/app:pull",
                "api::write",
                "*:*:*"
            })
    void noSpellingOfAScopeGivesMoreThanItsOwnerMay(String scope) {
        Answer answer = berth.call("GET", "/service/token?service=berth&scope=" + encoded(scope))
                .as(BerthUnderTest.basic("guest", PASSWORD))
                .send()
                .isStatus(200);
        assertThat(answer.json().path("scope").asText())
                .as(scope)
                .matches("|repository:scoped/app:pull|registry:catalog:\\*");
        String token = "Bearer " + answer.json().path("token").asText();
        assertThat(berth.call("GET", "/v2/other/app/manifests/v1")
                        .as(token)
                        .send()
                        .status())
                .isIn(401, 403);
        assertThat(berth.call("POST", "/v2/scoped/app/blobs/uploads/")
                        .as(token)
                        .send()
                        .status())
                .isIn(401, 403);
        assertThat(berth.api("POST", "/projects", "{\"project_name\":\"mine\"}", token)
                        .status())
                .isIn(401, 403);
    }

    @Test
    void aSessionThatWasPlantedBeforeTheLoginIsNotTheOneThatBegins() {
        String planted = "sid=berth_session_" + "A".repeat(43);
        Answer login = login(planted);
        String cookie = login.header("Set-Cookie").split(";")[0];
        assertThat(cookie).isNotEqualTo(planted);
        current(planted).isStatus(401);
        current(cookie).isStatus(200);
        String next = login(cookie).header("Set-Cookie").split(";")[0];
        assertThat(next).isNotEqualTo(cookie);
        current(cookie).isStatus(401);
        current(next).isStatus(200);
    }

    private static Answer login(String cookie) {
        return berth.loginForm("guest", PASSWORD)
                .header("Cookie", cookie)
                .send()
                .isStatus(200);
    }

    private static Answer current(String cookie) {
        return berth.call("GET", "/api/v2.0/users/current")
                .anonymous()
                .header("Cookie", cookie)
                .send();
    }

    @Test
    void aRobotEndsWithItsProjectAndANewProjectOfTheNameHasNotGotIt() {
        project("doomed");
        Answer made = berth.api(
                        "POST",
                        "/robots",
                        "{\"name\":\"ci\",\"level\":\"project\",\"duration\":1,\"permissions\":[{\"kind\":\"project\","
                                + "\"namespace\":\"doomed\",\"access\":[{\"resource\":\"repository\",\"action\":\"push\"},"
                                + "{\"resource\":\"repository\",\"action\":\"pull\"}]}]}",
                        BerthUnderTest.ADMIN)
                .isStatus(201);
        String robot = BerthUnderTest.basic(
                made.json().path("name").asText(), made.json().path("secret").asText());
        String token = "Bearer "
                + berth.call("GET", "/service/token?service=berth&scope=repository:doomed/app:pull,push")
                        .as(robot)
                        .send()
                        .isStatus(200)
                        .json()
                        .path("token")
                        .asText();
        berth.call("GET", "/v2/").as(robot).send().isStatus(200);
        berth.call("POST", "/v2/doomed/app/blobs/uploads/").as(token).send().isStatus(202);
        berth.api("DELETE", "/projects/doomed", "", BerthUnderTest.ADMIN).isStatus(200);
        for (int i = 0; i < 2; i++) {
            for (String credential : List.of(robot, token)) {
                berth.call("GET", "/v2/").as(credential).send().isError(401, "UNAUTHORIZED");
                berth.call("POST", "/v2/doomed/app/blobs/uploads/")
                        .as(credential)
                        .send()
                        .isStatus(401);
            }
            if (i == 0) {
                project("doomed");
            }
        }
    }

    @Test
    void anUploadEndsWithItsUserAndANewUserOfTheNameDoesNotGetIt() {
        user("leaver");
        member("leaver", "scoped", 2);
        String leaver = BerthUnderTest.basic("leaver", PASSWORD);
        byte[] blob = Content.random(50_000);
        String upload = berth.call("POST", "/v2/scoped/left/blobs/uploads/")
                .as(leaver)
                .send()
                .isStatus(202)
                .header("Location");
        berth.call("PATCH", upload)
                .as(leaver)
                .body(Content.part(blob, 0, 30_000))
                .send()
                .isStatus(202);
        delete("leaver");
        String end = upload + "?digest=" + Content.sha256(blob);
        berth.call("PATCH", upload)
                .as(leaver)
                .body(Content.part(blob, 30_000, 50_000))
                .send()
                .isStatus(401);
        berth.call("PUT", end)
                .as(leaver)
                .body(Content.part(blob, 30_000, 50_000))
                .send()
                .isStatus(401);
        user("leaver");
        member("leaver", "scoped", 2);
        berth.call("GET", upload).as(leaver).send().isError(404, "BLOB_UPLOAD_UNKNOWN");
        berth.call("PUT", end)
                .as(leaver)
                .body(Content.part(blob, 30_000, 50_000))
                .send()
                .isStatus(404);
        berth.call("HEAD", "/v2/scoped/left/blobs/" + Content.sha256(blob))
                .send()
                .isStatus(404);
        delete("leaver");
    }

    @Test
    void whoManagesUsersBecomesNoAdministratorByTheirPasswordOrCliSecret() throws Exception {
        user("manager");
        user("plain");
        String yaml = """
                roles:
                  - {name: user-manager, level: system, permissions: ["user:read", "user:list", "user:update"]}
                system:
                  - {user: manager, role: user-manager}
                """;
        assertThat(AdminSocket.request(data, Map.of("do", "apply", "yaml", yaml, "dryRun", false))
                        .has("error"))
                .isFalse();
        String manager = BerthUnderTest.basic("manager", PASSWORD);
        String source =
                "{\"kind\":\"OIDC\",\"settings\":{\"issuer\":\"https://id.example.com\",\"client-id\":\"berth\"},"
                        + "\"secrets\":{\"client-secret\":\"s\"}}";
        berth.send("PUT", "/api/v1/identity-sources/away", source, BerthUnderTest.ADMIN)
                .isStatus(200);
        user("boss");
        user("colleague");
        String boss = id("boss");
        String colleague = id("colleague");
        berth.api("PUT", "/users/" + boss + "/sysadmin", "{\"sysadmin_flag\":true}", BerthUnderTest.ADMIN)
                .isStatus(200);
        try (var database = berth.database();
                var statement = database.createStatement()) { // as if by a login there
            statement.executeUpdate(
                    "UPDATE account SET source = 'away', subject = name WHERE name IN ('boss', 'colleague')");
        }
        String secret = "{\"secret\":\"Chosen-12345\"}";
        String password = "{\"new_password\":\"Chosen-12345\"}";
        var refused = new ArrayList<String>();
        for (String[] request : new String[][] {
            {"/users/" + boss + "/cli_secret", secret}, {"/users/1/cli_secret", secret}, {"/users/1/password", password}
        }) {
            refused.add(berth.api("PUT", request[0], request[1], manager)
                    .isError(403, "FORBIDDEN")
                    .header("X-Request-Id"));
        }
        // Others' they may set, and administrators each other's.
        berth.api("PUT", "/users/" + colleague + "/cli_secret", secret, manager).isStatus(200);
        berth.api("PUT", "/users/" + id("plain") + "/password", password, manager)
                .isStatus(200);
        berth.api("PUT", "/users/" + boss + "/cli_secret", secret, BerthUnderTest.ADMIN)
                .isStatus(200);
        Gauges.eventually("the refusals are in the log", () -> {
            var seen = new ArrayList<String>();
            berth.send("GET", "/api/v1/audit?actor=manager&success=false&limit=100", "", BerthUnderTest.ADMIN)
                    .isStatus(200)
                    .json()
                    .path("entries")
                    .forEach(entry -> seen.add(entry.path("request_id").asText()));
            return seen.containsAll(refused);
        });
    }

    private static String id(String user) {
        return berth.api("GET", "/users/search?username=" + user, "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .json()
                .path(0)
                .path("user_id")
                .asText();
    }

    @Test
    void anUnknownNameTakesAsLongAsAWrongPassword() {
        long known = Long.MAX_VALUE;
        long unknown = Long.MAX_VALUE;
        for (int i = 0; i < 6; i++) { // the quickest of some, as the machine may be busy
            known = Math.min(known, refusal("guest", i));
            unknown = Math.min(unknown, refusal("guest" + i, i));
        }
        assertThat(unknown).isBetween(known / 3, known * 3);
    }

    private static long refusal(String name, int attempt) {
        long start = System.nanoTime();
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic(name, "wrong" + attempt))
                .send()
                .isStatus(401);
        return System.nanoTime() - start;
    }
}
