package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Accounts that an administrator disables: what they hold ends at once, and counts again when they are enabled. */
class DisabledUsersTest {
    private static final String ADMIN = BerthUnderTest.ADMIN;
    private static final String PASSWORD = "Disabled-12345";
    private static final String OFF = "{\"disabled\":true}";
    private static final String ON = "{\"disabled\":false}";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static OpenApiChecked api;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
        api = new OpenApiChecked(berth);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer set(String user, String body) {
        return api.ask("PATCH", "/api/v1/users/" + user, body, ADMIN);
    }

    @Test
    void whatTheyHoldEndsWithTheNextRequestAndCountsAgainWhenTheyMay() {
        berth.makeUser("bob", PASSWORD);
        String password = BerthUnderTest.basic("bob", PASSWORD);
        berth.api("POST", "/projects", "{\"project_name\":\"bobs\"}", password).isStatus(201);
        JsonNode robot = berth.api(
                        "POST",
                        "/robots",
                        "{\"name\":\"ci\",\"level\":\"project\",\"duration\":1,\"permissions\":[{\"kind\":\"project\","
                                + "\"namespace\":\"bobs\",\"access\":[{\"resource\":\"repository\",\"action\":\"pull\"}]}]}",
                        password)
                .isStatus(201)
                .json();
        String personal = berth.send("POST", "/api/v1/me/tokens", "{\"name\":\"laptop\"}", password)
                .json()
                .path("secret")
                .asText();
        JsonNode tokens = berth.call(
                        "GET", "/service/token?service=berth&offline_token=true&scope=repository:bobs/app:pull,push")
                .as(password)
                .send()
                .isStatus(200)
                .json();
        String cookie = berth.loginForm("bob", PASSWORD)
                .send()
                .isStatus(200)
                .header("Set-Cookie")
                .split(";")[0];
        String bearer = "Bearer " + tokens.path("token").asText();
        String upload = berth.call("POST", "/v2/bobs/app/blobs/uploads/")
                .as(bearer)
                .send()
                .isStatus(202)
                .header("Location");
        List<String> held = List.of(password, BerthUnderTest.basic("bob", personal), "Bearer " + personal, bearer);
        for (int round = 0; round < 2; round++) {
            held.forEach(one -> berth.send("GET", "/v2/", "", one).isStatus(200));
            session(cookie).isStatus(200);

            assertThat(set("bob", OFF).isStatus(200).json().path("disabled").asBoolean())
                    .isTrue();
            held.forEach(one -> berth.send("GET", "/v2/", "", one).isError(401, "UNAUTHORIZED"));
            session(cookie).isStatus(401);
            refresh(tokens.path("refresh_token").asText()).isStatus(401);
            berth.call("PATCH", upload).as(bearer).body("more").send().isStatus(401);
            berth.loginForm("bob", PASSWORD).send().isStatus(401);
            // The robot is the project's, not the one's who made it.
            berth.send(
                            "GET",
                            "/v2/",
                            "",
                            BerthUnderTest.basic(
                                    robot.path("name").asText(),
                                    robot.path("secret").asText()))
                    .isStatus(200);
            set("bob", ON).isStatus(200);
        }
        Gauges.eventually("all four are in the audit log", () -> changes("bob").size() == 4);
        assertThat(changes("bob").path(0).toString())
                .contains("\"actor\":\"admin\"", "\"operation\":\"update\"", "\"rule\":\"administrator\"", "disabled");
    }

    private static JsonNode changes(String user) {
        return berth.get("/api/v1/audit?resource_type=user&operation=update&resource=" + user)
                .json()
                .path("entries");
    }

    private static Answer session(String cookie) {
        return berth.call("GET", "/api/v1/me")
                .anonymous()
                .header("Cookie", cookie)
                .send();
    }

    private static Answer refresh(String token) {
        return berth.call("POST", "/service/token")
                .anonymous()
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body("grant_type=refresh_token&service=berth&client_id=test&refresh_token=" + token)
                .send();
    }

    @Test
    void aChangeToWhatIsChangesNothing() {
        berth.makeUser("same", PASSWORD);
        set("same", ON).isStatus(200);
        set("same", "{}").isStatus(200);
        set("same", "{\"disabled\":\"yes\"}").isStatus(422);
        berth.send("PATCH", "/api/v1/users/same", "{\"administrator\":true}", ADMIN)
                .isStatus(422);
        assertThat(changes("same")).isEmpty();
        set("nobody-of-that-name", OFF).isError(404, "NOT_FOUND");
    }

    @Test
    void nobodyDisablesThemselvesNorIsAnAdministratorOfUsersAlone() {
        set("admin", OFF).isError(403, "FORBIDDEN");
        berth.send("GET", "/v2/", "", ADMIN).isStatus(200);
        berth.makeUser("deputy", PASSWORD);
        String deputy = BerthUnderTest.basic("deputy", PASSWORD);
        api.ask("PATCH", "/api/v1/users/admin", OFF, deputy).isError(403, "FORBIDDEN");
        long id = api.ask("GET", "/api/v1/users/deputy", "", ADMIN)
                .json()
                .path("id")
                .asLong();
        berth.api("PUT", "/users/" + id + "/sysadmin", "{\"sysadmin_flag\":true}", ADMIN)
                .isStatus(200);
        api.ask("PATCH", "/api/v1/users/admin", OFF, deputy).isStatus(200);
        api.ask("PATCH", "/api/v1/users/deputy", OFF, deputy).isError(403, "FORBIDDEN");
        berth.send("GET", "/v2/", "", ADMIN).isStatus(401);
        api.ask("PATCH", "/api/v1/users/admin", ON, deputy).isStatus(200);
        set("deputy", OFF).isStatus(200);
    }

    @Test
    void theyAreListedPageByPage() {
        for (int i = 0; i < 5; i++) {
            berth.makeUser("listed" + i, PASSWORD);
        }
        set("listed3", OFF).isStatus(200);
        JsonNode disabled = api.ask("GET", "/api/v1/users?disabled=true", "", ADMIN)
                .isStatus(200)
                .json();
        assertThat(disabled.path("users").findValuesAsText("name"))
                .contains("listed3")
                .doesNotContain("listed2", "admin");
        var all = new java.util.ArrayList<String>();
        String after = "0";
        while (!after.isEmpty()) {
            JsonNode page = api.ask("GET", "/api/v1/users?limit=2&after=" + after, "", ADMIN)
                    .isStatus(200)
                    .json();
            assertThat(page.path("users").size()).isLessThanOrEqualTo(2);
            all.addAll(page.path("users").findValuesAsText("name"));
            after = page.path("after").asText();
        }
        assertThat(all)
                .contains("admin", "listed0", "listed1", "listed2", "listed3", "listed4")
                .doesNotHaveDuplicates();
        api.ask("GET", "/api/v1/users?after=x", "", ADMIN).isStatus(422);
    }
}
