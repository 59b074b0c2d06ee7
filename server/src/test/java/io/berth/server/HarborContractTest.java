package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where Berth is not as Harbor is, and what a browser's session needs. */
class HarborContractTest {
    private static final String PASSWORD = "Abcd1234";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    @Test
    void pagesAreLinkedAsHarborLinksThem(@TempDir Path elsewhere) {
        try (var other = BerthUnderTest.start(elsewhere)) {
            for (String name : List.of("a1", "a2")) {
                other.call("POST", "/api/v2.0/projects")
                        .header("Content-Type", "application/json")
                        .body(("{\"project_name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8))
                        .send()
                        .isStatus(201);
            }
            other.get("/api/v2.0/projects?page=2&page_size=1&sort=-name")
                    .isStatus(200)
                    .has("X-Total-Count", "3")
                    .has(
                            "Link",
                            "</api/v2.0/projects?page=1&page_size=1&sort=-name>; rel=\"prev\" , "
                                    + "</api/v2.0/projects?page=3&page_size=1&sort=-name>; rel=\"next\"");
            other.get("/api/v2.0/projects?page_size=0").isStatus(200).hasNo("Link");
            other.get("/api/v2.0/projects?page_size=-1").isStatus(400);
            other.get("/api/v2.0/projects?q=project_id=abc").isStatus(400);
        }
    }

    @Test
    void wrongCredentialsAreNobodys() {
        for (String path : List.of("/ping", "/projects", "/systeminfo", "/users/current")) {
            berth.api("GET", path, "", BerthUnderTest.basic("admin", "wrong")).isError(401, "UNAUTHORIZED");
        }
        berth.call("GET", "/api/v2.0/ping").anonymous().send().isStatus(200).hasNo("Set-Cookie");
    }

    @Test
    void aFormIsNoJson() {
        berth.call("POST", "/api/v2.0/projects")
                .header("Content-Type", "text/plain")
                .body("{\"project_name\":\"x\"}".getBytes(StandardCharsets.UTF_8))
                .send()
                .isError(422, "UNPROCESSABLE_ENTITY");
    }

    @Test
    void theLastAdministratorStaysOne() {
        berth.api("PUT", "/users/1/sysadmin", "{\"sysadmin_flag\":false}", BerthUnderTest.ADMIN)
                .isError(412, "PRECONDITION");
        berth.api("GET", "/users", "", BerthUnderTest.ADMIN).isStatus(200);
    }

    @Test
    void aSessionBeginsAtALoginAndItsWritesNeedAToken() {
        login("admin", "wrong").isError(401, "UNAUTHORIZED").hasNo("Set-Cookie");
        Answer login = login("admin", BerthUnderTest.PASSWORD).isStatus(200);
        String cookie = login.header("Set-Cookie").split(";")[0];
        assertThat(login.header("Set-Cookie")).contains("HttpOnly").contains("SameSite=Lax");
        String token = login.header("X-Harbor-CSRF-Token");
        Answer read = inSession("GET", "/api/v2.0/users/current", cookie, null).isStatus(200);
        assertThat(read.json().path("username").asText()).isEqualTo("admin");
        assertThat(read.header("X-Harbor-CSRF-Token")).isEqualTo(token);
        inSession("DELETE", "/api/v2.0/labels/99", cookie, null).isError(403, "FORBIDDEN");
        inSession("DELETE", "/api/v2.0/labels/99", cookie, "x" + token).isError(403, "FORBIDDEN");
        inSession("DELETE", "/api/v2.0/labels/99", cookie, token).isError(404, "NOT_FOUND");
        inSession("GET", "/v2/_catalog", cookie, token).isError(401, "UNAUTHORIZED");
        inSession("GET", "/c/log_out", cookie, null).isStatus(200);
        inSession("GET", "/api/v2.0/users/current", cookie, null).isError(401, "UNAUTHORIZED");
        assertThat(cookieOf(login("admin", BerthUnderTest.PASSWORD))).isNotEqualTo(cookie);
    }

    @Test
    void anotherSiteLogsNobodyIn() {
        for (Map.Entry<String, String> header : Map.of("Sec-Fetch-Site", "cross-site", "Origin", "https://example.com")
                .entrySet()) {
            berth.call("POST", "/c/login")
                    .anonymous()
                    .header(header.getKey(), header.getValue())
                    .body(("principal=admin&password=" + BerthUnderTest.PASSWORD).getBytes(StandardCharsets.UTF_8))
                    .send()
                    .isError(403, "FORBIDDEN");
        }
    }

    @Test
    void aNewPasswordEndsTheSessionsOfTheOldOne() {
        berth.makeUser("changer", PASSWORD);
        String cookie = cookieOf(login("changer", PASSWORD).isStatus(200));
        Answer current =
                inSession("GET", "/api/v2.0/users/current", cookie, null).isStatus(200);
        berth.api(
                        "PUT",
                        "/users/" + current.json().path("user_id").asText() + "/password",
                        "{\"new_password\":\"Abcd12345\"}",
                        BerthUnderTest.ADMIN)
                .isStatus(200);
        inSession("GET", "/api/v2.0/users/current", cookie, null).isError(401, "UNAUTHORIZED");
        berth.api("DELETE", "/users/" + current.json().path("user_id").asText(), "", BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    @Test
    void aRobotNeitherMakesNorBecomesOneThatMayDoMore() {
        berth.api("POST", "/projects", "{\"project_name\":\"robots\"}", BerthUnderTest.ADMIN)
                .isStatus(201);
        Answer keeper = robot(
                        "keeper",
                        "{\"resource\":\"robot\",\"action\":\"create\"},"
                                + "{\"resource\":\"robot\",\"action\":\"update\"},{\"resource\":\"robot\",\"action\":\"read\"}",
                        BerthUnderTest.ADMIN)
                .isStatus(201);
        Answer pusher = robot("pusher", "{\"resource\":\"repository\",\"action\":\"push\"}", BerthUnderTest.ADMIN)
                .isStatus(201);
        String asKeeper = BerthUnderTest.basic(
                keeper.json().path("name").asText(),
                keeper.json().path("secret").asText());
        robot("helper", "{\"resource\":\"robot\",\"action\":\"read\"}", asKeeper)
                .isStatus(201);
        robot("stronger", "{\"resource\":\"repository\",\"action\":\"push\"}", asKeeper)
                .isError(403, "FORBIDDEN");
        berth.api("PATCH", "/robots/" + pusher.json().path("id").asText(), "{\"secret\":\"Abcd1234\"}", asKeeper)
                .isError(403, "FORBIDDEN");
        berth.api("DELETE", "/projects/robots", "", BerthUnderTest.ADMIN).isStatus(200);
    }

    private static Answer robot(String name, String access, String authorization) {
        return berth.api(
                "POST",
                "/robots",
                "{\"name\":\"" + name + "\",\"level\":\"project\",\"duration\":1,\"permissions\":[{"
                        + "\"kind\":\"project\",\"namespace\":\"robots\",\"access\":[" + access + "]}]}",
                authorization);
    }

    private static String cookieOf(Answer login) {
        return login.header("Set-Cookie").split(";")[0];
    }

    private static Answer login(String name, String password) {
        return berth.loginForm(name, password).send();
    }

    private static Answer inSession(String method, String path, String cookie, String token) {
        var call = berth.call(method, path).anonymous().header("Cookie", cookie);
        if (token != null) {
            call.header("X-Harbor-CSRF-Token", token);
        }
        return call.send();
    }
}
