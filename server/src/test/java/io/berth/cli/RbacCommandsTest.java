package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.Berth;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What `berth export` prints is a file that `berth apply` reads, here and on another server. */
class RbacCommandsTest {
    private static final String FILE = """
            settings:
              audit_retention_days: 30
            roles:
              - name: dev-team
                permissions: ["repository:push", "repository:pull"]
              - name: keeper
                level: system
                description: "looks at people: all of them"
                permissions: ["audit-log:list", "user:list"]
            projects:
              - name: team
                quota: 10MiB
                settings: {auto_scan: "true", audit_pulls: 10}
                members:
                  - user: admin
                    role: dev-team
                    repositories: "app-{a,b}"
                    tags: "re:v[0-9]+(\\\\.[0-9]+)*"
                  - group: "oidc:devs"
                    role: maintainer
                robots:
                  - name: ci
                    days: 30
                    permissions: ["repository:pull", "repository:push"]
                    tags: "*"
                  - name: idle
                    disabled: true
                    days: -1
                    permissions: ["repository:pull"]
                  - name: both
                    days: -1
                    grants:
                      - {permissions: ["repository:pull"]}
                      - {permissions: ["repository:push"], repositories: "dev/**"}
            robots:
              - name: backup
                days: -1
                grants:
                  - {in: projects, permissions: ["repository:pull"]}
                  - {in: "project:team", permissions: ["repository:push"]}
            system:
              - user: admin
                role: keeper
              - group: "oidc:devs"
                role: guest
                in: projects
            """;

    @TempDir
    Path directory;

    private CommandLineRun berth(Path data, String input, String... arguments) throws Exception {
        var all = new java.util.ArrayList<>(java.util.List.of(arguments));
        all.addAll(java.util.List.of("--data", data.toString()));
        CommandLineRun run = CommandLineRun.of(directory, input, all.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
        return run;
    }

    private static void makeGroup(Path data, Berth berth) throws Exception {
        String password = Files.readString(data.resolve("admin-password")).strip();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> made = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + berth.port() + "/api/v2.0/usergroups"))
                            .header("Content-Type", "application/json")
                            .header(
                                    "Authorization",
                                    "Basic "
                                            + Base64.getEncoder()
                                                    .encodeToString(
                                                            ("admin:" + password).getBytes(StandardCharsets.UTF_8)))
                            .POST(HttpRequest.BodyPublishers.ofString("{\"group_name\":\"devs\",\"group_type\":3}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        }
    }

    @Test
    void whatIsExportedIsAppliedAgainAndElsewhere() throws Exception {
        Path here = directory.resolve("here");
        Path there = directory.resolve("there");
        String exported;
        try (Berth berth = CommandLineRun.serve(here)) {
            makeGroup(here, berth);
            assertThat(berth(here, FILE, "apply", "-f", "-").out())
                    .contains("secret of robot$team+ci: berth_robot_", "secret of robot$backup: berth_robot_");
            exported = berth(here, "", "export").out();
            assertThat(exported).contains("in: projects", "group: oidc:devs", "level: system", "disabled: true");
            assertThat(berth(here, exported, "apply", "-f", "-").out()).isEqualTo("nothing to change\n");
            assertThat(berth(here, FILE, "apply", "-f", "-").out()).isEqualTo("nothing to change\n");
        }
        try (Berth berth = CommandLineRun.serve(there)) {
            makeGroup(there, berth);
            berth(there, exported, "apply", "-f", "-");
            assertThat(berth(there, "", "export").out()).isEqualTo(exported);
            assertThat(berth(there, FILE, "apply", "-f", "-").out())
                    .as("all of it has come along")
                    .isEqualTo("nothing to change\n");
        }
    }
}
