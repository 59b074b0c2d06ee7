package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.identity.AdminSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation of a project, for every role, answers as Harbor was seen to; but for what is said below. */
class HarborRolesTest {
    private static final List<String> ROLES = List.of(
            "sysadmin", "projectadmin", "maintainer", "developer", "guest", "limitedguest", "nonmember", "anonymous");
    private static final Map<String, Integer> NUMBERS =
            Map.of("projectadmin", 1, "developer", 2, "guest", 3, "maintainer", 4, "limitedguest", 5);

    /** Features that are not there: who might use them is told so. */
    private static final Set<String> ABSENT =
            Set.of("webhook create", "immutable create", "scan start", "scan stop", "cve export");

    /** What is read by those alone who may change it. */
    private static final Set<String> WRITERS = Set.of("deletable", "scanner candidates");

    private static final String PASSWORD = "Abcd1234";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static final Map<String, Map<String, String>> FACTS = new HashMap<>();

    /** A line of the table. */
    record Operation(String name, String method, String path, String body, String kind, List<String> expected) {
        @Override
        public String toString() {
            return kind + ": " + name;
        }
    }

    @BeforeAll
    static void start() throws Exception {
        berth = BerthUnderTest.start(data, "registry.anonymous-pull=true");
        for (String role : ROLES.subList(1, 7)) {
            berth.makeUser(role, PASSWORD);
        }
        berth.makeUser("extra", PASSWORD);
        berth.makeUser("auditor", PASSWORD);
        AdminSocket.request(
                data, Map.of("do", "apply", "yaml", "system: [{user: auditor, role: auditor}]", "dryRun", false));
        for (String kind : List.of("private", "public")) {
            FACTS.put(kind, project("rm" + kind, kind.equals("public")));
        }
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Map<String, String> project(String name, boolean isPublic) {
        Map<String, String> facts = new HashMap<>();
        facts.put("p", name);
        facts.put(
                "id",
                last(api(
                                "POST",
                                "/projects",
                                "{\"project_name\":\"" + name + "\",\"metadata\":{\"public\":\"" + isPublic + "\"}}")
                        .isStatus(201)));
        NUMBERS.forEach((role, number) -> member(name, role, number));
        facts.put("member", last(member(name, "extra", 3)));
        facts.put(
                "label",
                last(api(
                                "POST",
                                "/labels",
                                "{\"name\":\"base\",\"scope\":\"p\",\"project_id\":" + facts.get("id") + "}")
                        .isStatus(201)));
        facts.put("digest", berth.pushImage(name + "/app", "v1", Content.random(1000)));
        for (String role : ROLES) {
            api("POST", "/projects/" + name + "/repositories/app/artifacts/v1/tags", "{\"name\":\"d-" + role + "\"}")
                    .isStatus(201);
            for (String prefix : List.of("ar-", "del-", "vd-")) {
                api(
                                "POST",
                                "/projects/" + name + "/repositories/" + prefix + role + "/artifacts?from=" + name
                                        + "/app:v1",
                                "")
                        .isStatus(201);
            }
        }
        return facts;
    }

    private static Answer member(String project, String user, int role) {
        return api(
                        "POST",
                        "/projects/" + project + "/members",
                        "{\"role_id\":" + role + ",\"member_user\":{\"username\":\"" + user + "\"}}")
                .isStatus(201);
    }

    private static String last(Answer answer) {
        String location = answer.header("Location");
        return location.substring(location.lastIndexOf('/') + 1);
    }

    private static Answer api(String method, String path, String body) {
        return berth.send(method, "/api/v2.0" + path, body, BerthUnderTest.ADMIN);
    }

    static Stream<Operation> operations() {
        try (var in = HarborRolesTest.class.getResourceAsStream("/harbor/roles.txt")) {
            List<Operation> operations = new ArrayList<>();
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> {
                        String[] parts = line.split(" \\| ?", -1);
                        String[] request = parts[1].split(" ", 2);
                        for (int kind = 0; kind < 2; kind++) {
                            operations.add(new Operation(
                                    parts[0],
                                    request[0],
                                    request[1],
                                    parts[2].strip(),
                                    kind == 0 ? "private" : "public",
                                    List.of(parts[3 + kind].strip().split(" "))));
                        }
                    });
            return operations.stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("operations")
    void everyRoleIsAnsweredAsByHarbor(Operation operation) {
        List<String> seen = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < ROLES.size(); i++) {
            String role = ROLES.get(i);
            expected.add(
                    role + " " + expected(operation, role, operation.expected().get(i)));
            Answer answer = ask(operation, role);
            String count = operation.expected().get(i).contains(":")
                    ? ":" + answer.json().size()
                    : "";
            seen.add(role + " " + answer.status() + count);
            if (operation.name().equals("metadata create") && answer.status() == 200) {
                api("DELETE", "/projects/rm" + operation.kind() + "/metadatas/severity", "")
                        .isStatus(200);
            }
        }
        assertThat(seen).as(operation.toString()).isEqualTo(expected);
    }

    /** Harbor has no such role. */
    @ParameterizedTest
    @MethodSource("operations")
    void theAuditorReadsWhateverThereIsAndNeitherPullsNorChangesAnything(Operation operation) {
        boolean ofContent = operation.name().startsWith("v2");
        boolean reads = operation.method().equals("GET") && !WRITERS.contains(operation.name());
        boolean open = ofContent && operation.kind().equals("public");
        Answer answer = ask(operation, "auditor");
        answer.isStatus(reads && (!ofContent || open) ? 200 : 403);
        if (operation.name().equals("project listed") || operation.name().endsWith("repository list")) {
            assertThat(answer.json()).isNotEmpty();
        }
    }

    @Test
    void theAuditorFindsWhatIsPrivate() {
        String auditor = BerthUnderTest.basic("auditor", PASSWORD);
        assertThat(berth.api("GET", "/repositories?q=name%3Drmprivate/app", "", auditor)
                        .isStatus(200)
                        .json())
                .hasSize(1);
        assertThat(berth.api("GET", "/search?q=rmprivate/app", "", auditor)
                        .isStatus(200)
                        .json()
                        .path("repository"))
                .hasSize(1);
        assertThat(berth.call("GET", "/v2/_catalog")
                        .as(auditor)
                        .send()
                        .isStatus(200)
                        .text())
                .contains("rmprivate/app");
    }

    private static Answer ask(Operation operation, String role) {
        Map<String, String> facts = new HashMap<>(FACTS.get(operation.kind()));
        facts.put("role", role);
        String path = filled(operation.path(), facts);
        String body = filled(operation.body(), facts);
        String authorization = switch (role) {
            case "anonymous" -> null;
            case "sysadmin" -> BerthUnderTest.ADMIN;
            default -> BerthUnderTest.basic(role, PASSWORD);
        };
        return berth.send(operation.method(), path.startsWith("/v2") ? path : "/api/v2.0" + path, body, authorization);
    }

    private static String filled(String template, Map<String, String> facts) {
        String text = template;
        for (Map.Entry<String, String> fact : facts.entrySet()) {
            text = text.replace("{" + fact.getKey() + "}", fact.getValue());
        }
        return text;
    }

    // The departures, each with its reason
    private static String expected(Operation operation, String role, String harbor) {
        boolean granted = harbor.startsWith("2");
        if (ABSENT.contains(operation.name()) && granted) {
            return "501";
        }
        if (operation.name().startsWith("v2") && harbor.equals("401")) {
            // Who has proved who they are is told 403; and anonymous pull needs no token.
            boolean pull =
                    operation.kind().equals("public") && operation.method().equals("GET");
            return role.equals("anonymous") ? pull ? "200" : "401" : "403";
        }
        return harbor;
    }
}
