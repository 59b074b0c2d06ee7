package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import io.berth.access.Permissions;
import io.berth.identity.AdminSocket;
import io.berth.oci.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every role, and every action on every resource, in projects and on the system, asked through every door, against one
 * table: the command line, Berth's own API, Harbor's API, and {@code /v2/}; and each operation that needs one of them.
 */
class AccessMatrixTest {
    private static final String PASSWORD = "Matrix-12345";
    private static final String ADMINISTRATOR = "admin";
    private static final String ANYBODY = "stranger";
    private static final String ANONYMOUS = "anonymous";
    private static final String AUDITOR = "auditor";

    /** Who is asked for in a project: the columns of the table. */
    private static final List<String> OF_PROJECT =
            List.of("projectadmin", "maintainer", "developer", "guest", "limitedguest", ANYBODY, AUDITOR, "releaser");

    private static final List<String> OF_SYSTEM = List.of(ADMINISTRATOR, AUDITOR, "operator", ANYBODY);

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static final Map<String, String> IDS = new LinkedHashMap<>();
    private static final AtomicInteger NEW = new AtomicInteger();

    /** By who: what the tables say, {@code resource:action} each. */
    private static final Map<String, Set<String>> PROJECT_TABLE = table("/access-matrix.txt", OF_PROJECT);

    private static final Map<String, Set<String>> SYSTEM_TABLE = table("/access-matrix-system.txt", OF_SYSTEM);

    /** @param where a project, or the system */
    record Cell(String where, String who, Set<String> allowed) {
        boolean ofSystem() {
            return where.equals("system");
        }

        Set<String> all() {
            return names(ofSystem() ? Permissions.ofSystem() : Permissions.ofProjects());
        }

        String what() {
            return ofSystem() ? where : "project:" + where;
        }

        @Override
        public String toString() {
            return who + " in " + where;
        }
    }

    record Operation(String pair, boolean ofSystem, boolean login, String method, String path, String body) {}

    @BeforeAll
    static void start() throws IOException {
        berth = BerthUnderTest.start(data);
        Stream.concat(OF_PROJECT.stream(), OF_SYSTEM.stream())
                .distinct()
                .filter(who -> !who.equals(ADMINISTRATOR))
                .forEach(who -> berth.makeUser(who, PASSWORD));
        api("PUT", "/configurations", "{\"project_creation_restriction\":\"adminonly\"}")
                .isStatus(200);
        JsonNode applied = AdminSocket.request(
                data,
                Map.of(
                        "do",
                        "apply",
                        "yaml",
                        """
                        roles:
                          - {name: releases, permissions: %s}
                          - {name: operations, level: system, permissions: %s}
                        projects:
                          - {name: hidden, public: false, members: [
                              {user: projectadmin, role: projectAdmin}, {user: maintainer, role: maintainer},
                              {user: developer, role: developer}, {user: guest, role: guest},
                              {user: limitedguest, role: limitedGuest}, {user: releaser, role: releases}]}
                          - {name: open, public: true, members: [
                              {user: projectadmin, role: projectAdmin}, {user: maintainer, role: maintainer},
                              {user: developer, role: developer}, {user: guest, role: guest},
                              {user: limitedguest, role: limitedGuest}, {user: releaser, role: releases}]}
                        system:
                          - {user: auditor, role: auditor}
                          - {user: operator, role: operations}
                        """.formatted(quoted(PROJECT_TABLE.get("releaser")), quoted(SYSTEM_TABLE.get("operator"))),
                        "dryRun",
                        false));
        assertThat(applied.has("error")).as(applied.toString()).isFalse();
        for (String project : List.of("hidden", "open")) {
            IDS.put(
                    project,
                    api("GET", "/projects/" + project, "")
                            .isStatus(200)
                            .json()
                            .path("project_id")
                            .asText());
            berth.pushImage(project + "/app", "v1", Content.random(100));
        }
    }

    private static String quoted(Set<String> pairs) {
        return pairs.stream().collect(Collectors.joining("\", \"", "[\"", "\"]"));
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer api(String method, String path, String body) {
        return berth.api(method, path, body, BerthUnderTest.ADMIN);
    }

    private static Stream<String> lines(String file) {
        try (var in = AccessMatrixTest.class.getResourceAsStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Set<String>> table(String file, List<String> columns) {
        Map<String, Set<String>> table = new TreeMap<>();
        columns.forEach(who -> table.put(who, new TreeSet<>()));
        lines(file).map(line -> line.split(" \\| ", -1)).forEach(row -> {
            for (int i = 1; i < row.length; i++) {
                for (String action : row[i].equals("-") ? new String[0] : row[i].split(",")) {
                    table.get(columns.get(i - 1)).add(row[0] + ":" + action);
                }
            }
        });
        return table;
    }

    private static Set<String> names(Set<Permission> permissions) {
        return permissions.stream().map(Permission::toString).collect(Collectors.toCollection(TreeSet::new));
    }

    static Stream<Cell> cells() {
        List<Cell> cells = new ArrayList<>();
        for (String project : List.of("hidden", "open")) {
            for (String who : OF_PROJECT) {
                Set<String> allowed = new TreeSet<>(who.equals(ANYBODY) ? Set.of() : PROJECT_TABLE.get(who));
                allowed.addAll(project.equals("open") ? PROJECT_TABLE.get(ANYBODY) : Set.of());
                cells.add(new Cell(project, who, allowed));
            }
            cells.add(new Cell(project, ANONYMOUS, project.equals("open") ? PROJECT_TABLE.get(ANYBODY) : Set.of()));
            cells.add(new Cell(project, ADMINISTRATOR, names(Permissions.ofProjects())));
        }
        OF_SYSTEM.forEach(who -> cells.add(new Cell("system", who, SYSTEM_TABLE.get(who))));
        cells.add(new Cell("system", "projectadmin", SYSTEM_TABLE.get(ANYBODY)));
        cells.add(new Cell("system", ANONYMOUS, SYSTEM_TABLE.get(ANYBODY)));
        return cells.stream();
    }

    private static String credential(String who) {
        return switch (who) {
            case ANONYMOUS -> null;
            case ADMINISTRATOR -> BerthUnderTest.ADMIN;
            default -> BerthUnderTest.basic(who, PASSWORD);
        };
    }

    @Test
    void theTablesHaveEveryPairThatThereIs() {
        Set<String> ofProjects = new TreeSet<>();
        PROJECT_TABLE.values().forEach(ofProjects::addAll);
        assertThat(names(Permissions.ofProjects())).containsAll(ofProjects);
        assertThat(lines("/access-matrix.txt").map(line -> line.split(" ")[0]))
                .containsExactlyInAnyOrderElementsOf(resources(Permissions.ofProjects()));
        assertThat(SYSTEM_TABLE.get(ADMINISTRATOR)).isEqualTo(names(Permissions.ofSystem()));
        Set<String> asked = lines("/access-operations.txt")
                .map(line -> line.split(" ")[0])
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> all = names(Permissions.ofProjects());
        all.addAll(names(Permissions.ofSystem()));
        assertThat(asked).isEqualTo(all);
    }

    private static Set<String> resources(Set<Permission> permissions) {
        return permissions.stream().map(Permission::resource).collect(Collectors.toSet());
    }

    @ParameterizedTest
    @MethodSource("cells")
    void theCommandLineAgreesWithTheTable(Cell cell) throws IOException {
        Set<String> allowed = new TreeSet<>();
        for (String permission : cell.all()) {
            JsonNode answer = AdminSocket.request(
                    data, Map.of("do", "can", "who", cell.who(), "action", permission, "what", cell.what()));
            assertThat(answer.has("error")).as(answer.toString()).isFalse();
            if (answer.path("allowed").asBoolean()) {
                allowed.add(permission);
            }
        }
        assertThat(allowed).isEqualTo(cell.allowed());
    }

    // Nobody asks about themselves without being somebody; an administrator asks about anybody.
    @ParameterizedTest
    @MethodSource("cells")
    void ourApiAgreesWithTheTable(Cell cell) {
        boolean self = !cell.who().equals(ANONYMOUS);
        Set<String> allowed = new TreeSet<>();
        for (String permission : cell.all()) {
            Map<String, Object> question = new TreeMap<>(Map.of("action", permission, "what", cell.what()));
            if (!self) {
                question.put("who", cell.who());
            }
            boolean may = berth.send(
                            "POST",
                            "/api/v1/access/check",
                            Json.write(question),
                            self ? credential(cell.who()) : BerthUnderTest.ADMIN)
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
        String scope = cell.ofSystem() ? "/" : "/project/" + IDS.get(cell.where());
        Answer answer =
                berth.api("GET", "/users/current/permissions?relative=true&scope=" + scope, "", credential(cell.who()));
        if (cell.who().equals(ANONYMOUS)) {
            answer.isStatus(401);
            return;
        }
        Set<String> allowed = new TreeSet<>();
        answer.isStatus(200).json().forEach(pair -> {
            String resource = pair.path("resource").asText().replace("/system/", "");
            allowed.add((resource.equals(".") ? "project" : resource) + ":"
                    + pair.path("action").asText());
        });
        assertThat(allowed).isEqualTo(cell.allowed());
    }

    @ParameterizedTest
    @MethodSource("cells")
    void theRegistryAgreesWithTheTable(Cell cell) {
        if (cell.ofSystem()) {
            // A member sees what is theirs, and whoever may read the catalog sees everything.
            boolean member = cell.who().equals("projectadmin");
            assertThat(berth.send("GET", "/v2/_catalog", "", credential(cell.who()))
                            .text()
                            .contains("hidden/app"))
                    .as("the catalog of %s", cell)
                    .isEqualTo(member || cell.allowed().contains("catalog:read"));
            return;
        }
        String who = credential(cell.who());
        String repository = "/v2/" + cell.where() + "/app";
        expect(cell, "repository:pull", berth.send("GET", repository + "/manifests/v1", "", who));
        expect(cell, "repository:pull", berth.send("GET", repository + "/tags/list", "", who));
        expect(cell, "repository:push", berth.send("POST", repository + "/blobs/uploads/", "", who));
        // What is to be deleted is not there, so that it is there for the next one.
        expect(cell, "tag:delete", berth.send("DELETE", repository + "/manifests/none", "", who));
        expect(
                cell,
                "artifact:delete",
                berth.send("DELETE", repository + "/manifests/" + Content.sha256(new byte[] {1}), "", who));
        Set<String> granted = granted(cell, "repository:" + cell.where() + "/app:pull,push,delete");
        for (String action : List.of("pull", "push")) {
            assertThat(granted.contains(action))
                    .as("%s is in the token of %s", action, cell)
                    .isEqualTo(cell.allowed().contains("repository:" + action));
        }
        assertThat(granted.contains("delete"))
                .as("delete is in the token of %s", cell)
                .isEqualTo(cell.allowed().contains("artifact:delete"));
    }

    private static Set<String> granted(Cell cell, String scope) {
        String token = berth.send("GET", "/service/token?service=berth&scope=" + scope, "", credential(cell.who()))
                .isStatus(200)
                .json()
                .path("token")
                .asText();
        Set<String> granted = new TreeSet<>();
        claims(token)
                .path("access")
                .forEach(access -> access.path("actions").forEach(action -> granted.add(action.asText())));
        return granted;
    }

    private static JsonNode claims(String token) {
        try {
            return Json.MAPPER.readTree(Base64.getUrlDecoder().decode(token.split("\\.")[1]));
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

    static List<Operation> operations() {
        return lines("/access-operations.txt")
                .map(line -> line.split(" \\| ?", -1))
                .filter(parts -> !parts[1].equals("none"))
                .map(parts -> {
                    String[] request = parts[2].split(" ", 2);
                    return new Operation(
                            parts[0],
                            parts[1].equals("system"),
                            parts[1].endsWith("login"),
                            request[0],
                            request[1],
                            parts[3].strip());
                })
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cells")
    void eachOperationAgreesWithTheTable(Cell cell) {
        Map<String, String> wrong = new TreeMap<>();
        for (Operation operation : operations()) {
            if (operation.ofSystem() != cell.ofSystem()
                    || operation.login() && cell.who().equals(ANONYMOUS)) {
                continue;
            }
            Answer answer = berth.send(
                    operation.method(),
                    filled(operation.path(), operation, cell),
                    filled(operation.body(), operation, cell),
                    credential(cell.who()));
            boolean denied = answer.status() == 401 || answer.status() == 403;
            if (denied == cell.allowed().contains(operation.pair())) {
                wrong.put(operation.pair(), answer.status() + " " + answer.text());
            }
        }
        assertThat(wrong).as(cell.toString()).isEmpty();
    }

    private static String filled(String template, Operation operation, Cell cell) {
        String project = cell.ofSystem() ? "hidden" : cell.where();
        String text = template.replace("{p}", project)
                .replace("{id}", IDS.get(project))
                .replace("{who}", cell.who())
                .replace("{new}", Integer.toString(NEW.incrementAndGet()));
        if (text.contains("{label}")) {
            String scope =
                    operation.ofSystem() ? "\"scope\":\"g\"" : "\"scope\":\"p\",\"project_id\":" + IDS.get(project);
            text = text.replace(
                    "{label}", made("/labels", "{\"name\":\"m" + NEW.incrementAndGet() + "\"," + scope + "}"));
        }
        if (text.contains("{robot}")) {
            text = text.replace(
                    "{robot}",
                    made(
                            "/robots",
                            "{\"name\":\"m" + NEW.incrementAndGet() + "\",\"duration\":1,\"level\":\""
                                    + (operation.ofSystem() ? "system" : "project")
                                    + "\",\"permissions\":[{\"kind\":\"project\",\"namespace\":\"" + project
                                    + "\",\"access\":[{\"resource\":\"repository\",\"action\":\"pull\"}]}]}"));
        }
        return text;
    }

    private static String made(String path, String body) {
        String location = api("POST", path, body).isStatus(201).header("Location");
        return location.substring(location.lastIndexOf('/') + 1);
    }
}
