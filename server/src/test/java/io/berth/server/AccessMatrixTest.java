package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.AdminSocket;
import io.berth.oci.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every role, and every action on every resource, asked through every door, against one table: the command line, Berth's own
 * API, Harbor's API, and {@code /v2/}.
 */
class AccessMatrixTest {
    private static final String PASSWORD = "Matrix-12345";
    private static final Map<String, Integer> NUMBERS = new LinkedHashMap<>();
    private static final String ANYBODY = "stranger";

    static {
        NUMBERS.put("projectadmin", 1);
        NUMBERS.put("maintainer", 4);
        NUMBERS.put("developer", 2);
        NUMBERS.put("guest", 3);
        NUMBERS.put("limitedguest", 5);
    }

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static final Map<String, String> IDS = new LinkedHashMap<>();

    /** By role: what the table says, {@code resource:action} each. */
    private static final Map<String, Set<String>> TABLE = new LinkedHashMap<>();

    private static final Set<String> ALL = new TreeSet<>();

    record Cell(String project, String who, Set<String> allowed) {
        @Override
        public String toString() {
            return who + " in " + project;
        }
    }

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
        NUMBERS.keySet().forEach(AccessMatrixTest::user);
        user(ANYBODY);
        for (String project : List.of("hidden", "open")) {
            String location = api(
                            "POST",
                            "/projects",
                            "{\"project_name\":\"" + project + "\",\"metadata\":{\"public\":\"" + project.equals("open")
                                    + "\"}}")
                    .isStatus(201)
                    .header("Location");
            IDS.put(project, location.substring(location.lastIndexOf('/') + 1));
            NUMBERS.forEach((role, number) -> api(
                            "POST",
                            "/projects/" + project + "/members",
                            "{\"role_id\":" + number + ",\"member_user\":{\"username\":\"" + role + "\"}}")
                    .isStatus(201));
            berth.pushImage(project + "/app", "v1", Content.random(100));
        }
    }

    private static void user(String name) {
        berth.makeUser(name, PASSWORD);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer api(String method, String path, String body) {
        return berth.api(method, path, body, BerthUnderTest.ADMIN);
    }

    private static void read() {
        try (var in = AccessMatrixTest.class.getResourceAsStream("/access-matrix.txt")) {
            List<String> roles =
                    Stream.concat(NUMBERS.keySet().stream(), Stream.of(ANYBODY)).toList();
            roles.forEach(role -> TABLE.put(role, new TreeSet<>()));
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" \\| ", -1))
                    .forEach(row -> {
                        for (int i = 1; i < row.length; i++) {
                            for (String action : row[i].equals("-") ? new String[0] : row[i].split(",")) {
                                TABLE.get(roles.get(i - 1)).add(row[0] + ":" + action);
                            }
                        }
                    });
            TABLE.values().forEach(ALL::addAll);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<Cell> cells() {
        read();
        return TABLE.entrySet().stream()
                .flatMap(role -> Stream.of("hidden", "open")
                        .map(project ->
                                new Cell(project, role.getKey(), allowed(project, role.getKey(), role.getValue()))));
    }

    private static Set<String> allowed(String project, String who, Set<String> own) {
        Set<String> allowed = new TreeSet<>(who.equals(ANYBODY) ? Set.of() : own);
        if (project.equals("open")) {
            allowed.addAll(TABLE.get(ANYBODY));
        }
        return allowed;
    }

    private static String credential(String who) {
        return BerthUnderTest.basic(who, PASSWORD);
    }

    @ParameterizedTest
    @MethodSource("cells")
    void theCommandLineAgreesWithTheTable(Cell cell) throws IOException {
        Set<String> allowed = new TreeSet<>();
        for (String permission : ALL) {
            JsonNode answer = AdminSocket.request(
                    data,
                    Map.of("do", "can", "who", cell.who(), "action", permission, "what", "project:" + cell.project()));
            assertThat(answer.has("error")).as(answer.toString()).isFalse();
            if (answer.path("allowed").asBoolean()) {
                allowed.add(permission);
            }
        }
        assertThat(allowed).isEqualTo(cell.allowed());
    }

    @ParameterizedTest
    @MethodSource("cells")
    void ourApiAgreesWithTheTable(Cell cell) {
        Set<String> allowed = new TreeSet<>();
        for (String permission : ALL) {
            boolean may = berth.send(
                            "POST",
                            "/api/v1/access/check",
                            Json.object("action", permission, "what", "project:" + cell.project()),
                            credential(cell.who()))
                    .isStatus(200)
                    .json()
                    .path("allowed")
                    .asBoolean();
            if (may) {
                allowed.add(permission);
            }
        }
        assertThat(allowed).isEqualTo(cell.allowed());
    }

    @ParameterizedTest
    @MethodSource("cells")
    void harborsApiAgreesWithTheTable(Cell cell) {
        Set<String> allowed = new TreeSet<>();
        berth.api(
                        "GET",
                        "/users/current/permissions?relative=true&scope=/project/" + IDS.get(cell.project()),
                        "",
                        credential(cell.who()))
                .isStatus(200)
                .json()
                .forEach(pair -> {
                    String resource = pair.path("resource").asText();
                    allowed.add((resource.equals(".") ? "project" : resource) + ":"
                            + pair.path("action").asText());
                });
        assertThat(allowed).isEqualTo(cell.allowed());
    }

    @ParameterizedTest
    @MethodSource("cells")
    void theRegistryAgreesWithTheTable(Cell cell) {
        String who = credential(cell.who());
        String repository = "/v2/" + cell.project() + "/app";
        expect(cell, "repository:pull", berth.send("GET", repository + "/manifests/v1", "", who));
        expect(cell, "repository:pull", berth.send("GET", repository + "/tags/list", "", who));
        expect(cell, "repository:push", berth.send("POST", repository + "/blobs/uploads/", "", who));
        // What is to be deleted is not there, so that it is there for the next one.
        expect(cell, "tag:delete", berth.send("DELETE", repository + "/manifests/none", "", who));
        expect(
                cell,
                "artifact:delete",
                berth.send("DELETE", repository + "/manifests/" + Content.sha256(new byte[] {1}), "", who));
        String scope = "repository:" + cell.project() + "/app:pull,push,delete";
        Set<String> granted = new TreeSet<>();
        String token = berth.send("GET", "/service/token?service=berth&scope=" + scope, "", who)
                .isStatus(200)
                .json()
                .path("token")
                .asText();
        claims(token)
                .path("access")
                .forEach(access -> access.path("actions").forEach(action -> granted.add(action.asText())));
        for (String action : List.of("pull", "push")) {
            assertThat(granted.contains(action))
                    .as("%s is in the token of %s", action, cell)
                    .isEqualTo(cell.allowed().contains("repository:" + action));
        }
    }

    private static JsonNode claims(String token) {
        try {
            return Json.MAPPER.readTree(java.util.Base64.getUrlDecoder().decode(token.split("\\.")[1]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // 404 for what is not there is said only to those who may.
    private static void expect(Cell cell, String permission, Answer answer) {
        boolean denied = answer.status() == 401 || answer.status() == 403;
        boolean hidden = answer.status() == 404 && !answer.text().contains("MANIFEST_UNKNOWN");
        assertThat(denied || hidden)
                .as("%s of %s: %s %s", permission, cell, answer.status(), answer.text())
                .isEqualTo(!cell.allowed().contains(permission));
    }
}
