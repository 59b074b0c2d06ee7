package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation that Harbor's clients call is answered: as what is there, or as what is said to be absent. */
class HarborOperationsTest {
    private static final String PASSWORD = "Abcd1234";

    /** What those who have no rights are told as well, nobody in part. */
    private static final Set<String> OPEN = Set.of(
            "/health",
            "/ping",
            "/systeminfo",
            "/search?q=app",
            "/statistics",
            "/projects",
            "/audit-logs",
            "/auditlog-exts",
            "/auditlog-exts/events",
            "/system/CVEAllowlist",
            "/users/current",
            "/labels?scope=g",
            "/labels/1");

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static final Map<String, String> FACTS = new HashMap<>();

    /** A line of the table; statuses of an administrator, a stranger and nobody. */
    private record Operation(String marks, String method, String path, String body, List<Integer> expected) {}

    private record Told(Operation operation, Answer answer) {
        boolean isRead() {
            return operation.method().equals("GET");
        }

        String line() {
            return operation.method() + " " + operation.path() + " -> " + answer.status() + " " + answer.text();
        }
    }

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
        admin("PUT", "/configurations", "{\"project_creation_restriction\":\"adminonly\"}")
                .isStatus(200);
        FACTS.put("project", "ops");
        FACTS.put("id", made("/projects", "{\"project_name\":\"ops\"}"));
        made("/projects", "{\"project_name\":\"doomed\"}");
        berth.makeUser("stranger", PASSWORD);
        berth.makeUser("joining", PASSWORD);
        for (String doomed : List.of("", "doomed-")) {
            String name = doomed + "kept";
            FACTS.put(
                    doomed + "user",
                    made(
                            "/users",
                            "{\"username\":\"%1$s\",\"password\":\"%2$s\",\"email\":\"%1$s@example.com\",\"realname\":\"x\"}"
                                    .formatted(name, PASSWORD)));
            FACTS.put(
                    doomed + "member",
                    made("/projects/ops/members", "{\"role_id\":3,\"member_user\":{\"username\":\"" + name + "\"}}"));
            FACTS.put(doomed + "label", made("/labels", "{\"name\":\"" + name + "\",\"scope\":\"g\"}"));
            FACTS.put(doomed + "group", made("/usergroups", "{\"group_name\":\"" + name + "\",\"group_type\":3}"));
            FACTS.put(
                    doomed + "robot",
                    made(
                            "/robots",
                            "{\"name\":\"" + name
                                    + "\",\"level\":\"system\",\"duration\":1,\"permissions\":[{\"kind\":\"project\","
                                    + "\"namespace\":\"ops\",\"access\":[{\"resource\":\"repository\",\"action\":\"pull\"}]}]}"));
        }
        for (String repository : List.of("ops/app", "ops/doomed", "ops/doomed2")) {
            berth.pushImage(repository, "v1", Content.random(100));
        }
        admin("POST", "/projects/ops/repositories/app/artifacts/v1/tags", "{\"name\":\"doomed\"}")
                .isStatus(201);
        admin(
                        "POST",
                        "/projects/ops/repositories/app/artifacts/v1/labels",
                        "{\"id\":" + FACTS.get("doomed-label") + "}")
                .isStatus(200);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer admin(String method, String path, String body) {
        return berth.api(method, path, body, BerthUnderTest.ADMIN);
    }

    private static String made(String path, String body) {
        String location = admin("POST", path, body).isStatus(201).header("Location");
        return location.substring(location.lastIndexOf('/') + 1);
    }

    private static List<Operation> operations() {
        try (var in = HarborOperationsTest.class.getResourceAsStream("/harbor/operations.txt")) {
            List<Operation> operations = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (!line.startsWith("#")) {
                    String[] parts = line.split(" \\| ", -1);
                    List<Integer> expected = List.of(parts[4].strip().split(" ")).stream()
                            .map(Integer::parseInt)
                            .toList();
                    operations.add(
                            new Operation(parts[0], parts[1], filled(parts[2]), filled(parts[3].strip()), expected));
                }
            }
            return operations;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String filled(String template) {
        String text = template;
        for (Map.Entry<String, String> fact : FACTS.entrySet()) {
            text = text.replace("{" + fact.getKey() + "}", fact.getValue());
        }
        return text;
    }

    private static List<Told> asked(String authorization) {
        return operations().stream()
                .map(one -> new Told(one, berth.api(one.method(), one.path(), one.body(), authorization)))
                .toList();
    }

    private static List<String> others(List<Told> told, int who) {
        return told.stream()
                .filter(one ->
                        one.answer().status() != one.operation().expected().get(who))
                .map(Told::line)
                .toList();
    }

    // Everybody has to be asked before the administrator deletes what they are asked about.
    @Test
    void everyOperationIsThereAndForThoseAloneWhoMay() {
        assertThat(operations()).hasSize(144);
        List<Told> byNobody = asked(null);
        List<Told> byStranger = asked(BerthUnderTest.basic("stranger", PASSWORD));
        List<Told> byAdministrator = asked(BerthUnderTest.ADMIN);
        for (List<Told> all : List.of(byNobody, byStranger, byAdministrator)) {
            assertThat(all).allSatisfy(one -> {
                assertThat(one.answer().status()).as(one.line()).isNotIn(405, 500);
                assertThat(one.answer().text()).as(one.line()).doesNotContain("was not found");
            });
        }
        assertThat(byAdministrator)
                .filteredOn(Told::isRead)
                .allSatisfy(
                        one -> assertThat(one.answer().status()).as(one.line()).isIn(200, 404));
        for (List<Told> all : List.of(byNobody, byStranger)) {
            assertThat(all)
                    .filteredOn(one ->
                            !(one.isRead() && OPEN.contains(one.operation().path())))
                    .allSatisfy(one ->
                            assertThat(one.answer().status()).as(one.line()).isIn(401, 403, 404));
        }
        assertThat(others(byNobody, 2)).as("nobody").isEmpty();
        assertThat(others(byStranger, 1)).as("a stranger").isEmpty();
        assertThat(others(byAdministrator, 0)).as("the administrator").isEmpty();
    }
}
