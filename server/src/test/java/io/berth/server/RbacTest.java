package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.AdminSocket;
import io.berth.oci.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** `berth apply`, `berth export` and `berth can`, and what a robot that was made so may do. */
class RbacTest {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    private static final String FILE = """
            roles:
              - name: dev-team
                permissions: ["repository:push", "repository:pull"]
            projects:
              - name: team
                public: false
                quota: 10MiB
                settings: {auto_scan: "true"}
                members:
                  - user: admin
                    role: dev-team
                    repositories: app
                    tags: dev-*
                  - user: admin
                    role: guest
                robots:
                  - name: ci
                    description: pushes builds
                    days: 30
                    permissions: ["repository:pull", "repository:push"]
                    repositories: app
                    tags: "{dev,test}-*"
            system:
              - user: admin
                role: auditor
            """;

    @TempDir
    Path data;

    private RunningBerth berth;

    @BeforeEach
    void start() throws Exception {
        berth = new RunningBerth(data);
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private JsonNode ask(Map<String, ?> request) throws Exception {
        return AdminSocket.request(data, request);
    }

    private JsonNode apply(String yaml) throws Exception {
        return ask(Map.of("do", "apply", "yaml", yaml, "dryRun", false));
    }

    private static List<String> changes(JsonNode answer) {
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
        return Json.MAPPER.convertValue(
                answer.path("changes"), Json.MAPPER.getTypeFactory().constructCollectionType(List.class, String.class));
    }

    @Test
    void aFileIsAppliedOnceAndShownBefore() throws Exception {
        JsonNode shown = ask(Map.of("do", "apply", "yaml", FILE, "dryRun", true));
        assertThat(changes(shown))
                .containsExactly(
                        "+ role dev-team",
                        "+ project team",
                        "+ dev-team of admin in team, repositories app, tags dev-*",
                        "+ guest of admin in team",
                        "+ robot ci of team",
                        "+ auditor of admin in the system");
        assertThat(shown.path("secrets")).isEmpty();
        JsonNode applied = apply(FILE);
        assertThat(changes(applied)).isEqualTo(changes(shown));
        assertThat(applied.path("secrets").path("robot$team+ci").asText()).startsWith("berth_robot_");
        assertThat(changes(apply(FILE))).isEmpty();
    }

    @Test
    void whatIsExportedChangesNothing() throws Exception {
        apply(FILE);
        JsonNode first = ask(Map.of("do", "export")).path("file");
        assertThat(changes(apply(first.toString()))).isEmpty(); // JSON is YAML
        assertThat(ask(Map.of("do", "export")).path("file")).isEqualTo(first);
        assertThat(first.path("projects").get(1).path("quota").asLong()).isEqualTo(10 << 20);
    }

    @Test
    void whatTheFileDoesNotListGoesAndWhatItDoesNotNameStays() throws Exception {
        apply(FILE);
        assertThat(changes(apply("projects: [{name: team, members: [{user: admin, role: guest}]}]")))
                .containsExactly("- dev-team of admin in team");
        assertThat(changes(apply("projects: [{name: team, quota: -1, public: true, robots: []}]")))
                .containsExactly("~ project team public: true", "~ project team quota: -1", "- robot ci of team");
        assertThat(changes(apply("projects: [{name: team}]"))).isEmpty();
    }

    @Test
    void theShortFormOfARoleSaysWhoHasItWhere() throws Exception {
        assertThat(changes(apply("""
                roles:
                  - name: dev-team
                    permissions: ["repository:push", "repository:pull"]
                    resources: ["project:myapp"]
                    members: [{user: admin}]
                """)))
                .containsExactly("+ role dev-team", "+ project myapp", "+ dev-team of admin in myapp");
    }

    @Test
    void settingsOfTheSiteAreWhatTheFileSays() throws Exception {
        assertThat(changes(apply("settings: {audit_retention_days: 30, read_only: false}")))
                .containsExactly("~ setting audit_retention_days: 30");
        assertThat(changes(apply("settings: {audit_retention_days: '30'}"))).isEmpty();
        JsonNode settings = ask(Map.of("do", "export")).path("file").path("settings");
        assertThat(settings.path("audit_retention_days").asText()).isEqualTo("30");
        assertThat(settings.path("session_timeout").asText()).as("as it was").isEqualTo("60");
    }

    @Test
    void aRobotOfTheSystemHasWhatItsGrantsSay() throws Exception {
        apply("projects: [{name: one}, {name: two}]");
        String file = """
                robots:
                  - name: mover
                    grants:
                      - {in: "project:one", permissions: ["repository:pull"], repositories: app}
                      - {in: "project:two", permissions: ["repository:pull", "repository:push"]}
                      - {in: system, permissions: ["catalog:read"]}
                """;
        JsonNode applied = apply(file);
        assertThat(changes(applied)).containsExactly("+ robot mover of the system");
        assertThat(applied.path("secrets").path("robot$mover").asText()).startsWith("berth_robot_");
        assertThat(changes(apply(file))).isEmpty();
        assertThat(can("robot$mover", "pull", "one/app")).startsWith("true grant");
        assertThat(can("robot$mover", "pull", "one/base")).startsWith("false");
        assertThat(can("robot$mover", "push", "two/app")).startsWith("true grant");
        assertThat(can("robot$mover", "catalog:read", "system")).startsWith("true grant");
        assertThat(changes(apply("robots: []"))).containsExactly("- robot mover of the system");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "projects: [{name: team, members: [{user: nobody, role: guest}]}] | no user 'nobody'",
                "projects: [{name: team, members: [{user: admin, role: nothing}]}] | no role 'nothing'",
                "projects: [{name: TEAM}] | a project's name",
                "projects: [{name: team, publik: true}] | projects[0]: there is no 'publik' here",
                "projects: [{name: team, quota: lots}] | projects[0].quota",
                "roles: [{name: r, permissions: ['repository:fly']}] | no permission 'repository:fly'",
                "roles: [{name: developer, permissions: []}] | built in",
                "projects: [{name: team, members: [{user: admin, role: guest, tags: 're:('}]}] | is no pattern",
                "projects: [{name: team, settings: {auto_scan: maybe}}] | auto_scan is true or false",
                "projects: [{name: team, settings: {severity: awful}}] | severity is one of none, low",
                "projects: [{name: team, settings: {audit_pulls: 0}}] | audit_pulls is all, none or a number",
                "settings: {audit_retention_days: -1} | audit_retention_days is a number from 0 to 36500",
                "settings: {audit_retention: 5} | settings: there is no 'audit_retention' here, but audit_retention_days",
                "settings: {storage_per_project: 0} | storage_per_project is a number of bytes from 1",
                "robots: [{name: r, permissions: ['repository:pull']}] | robots[0]: what it may do is in its grants",
                "robots: [{name: r, grants: [{in: nowhere, permissions: []}]}] | robots[0].grants[0].in: it is system",
                "robots: [{name: r, grants: [{in: 'project:none', permissions: ['repository:pull']}]}] | no project 'none'",
                "projects: {name: team} | projects: a list",
                "'a: [' | no YAML",
                "'a: &a [*a]' | no YAML"
            })
    void aWrongFileNamesItsPlaceAndChangesNothing(String yaml, String message) throws Exception {
        assertThat(apply(yaml).path("error").asText()).contains(message);
        assertThat(ask(Map.of("do", "export")).path("file").path("projects")).hasSize(1);
    }

    @Test
    void aRobotOfATagPatternPushesWhatItMayAndTheRestIsRefused() throws Exception {
        String secret = apply(FILE).path("secrets").path("robot$team+ci").asText();
        String robot = BerthUnderTest.basic("robot$team+ci", secret);
        byte[] image = berth.image("team/app", new byte[] {1}); // its blobs, by admin
        assertThat(berth.sendAs(robot, "PUT", "/v2/team/app/manifests/dev-1", image, "Content-Type", MANIFEST)
                        .statusCode())
                .as("others' blobs")
                .isEqualTo(404);
        for (byte[] blob : List.of("{}".getBytes(StandardCharsets.UTF_8), new byte[] {1})) {
            String upload = "/v2/team/app/blobs/uploads/?digest=" + Content.sha256(blob);
            assertThat(berth.sendAs(robot, "POST", upload, blob).statusCode()).isEqualTo(201);
        }
        assertThat(berth.sendAs(robot, "PUT", "/v2/team/app/manifests/dev-1", image, "Content-Type", MANIFEST)
                        .statusCode())
                .isEqualTo(201);
        assertThat(berth.sendAs(robot, "PUT", "/v2/team/app/manifests/v1", image, "Content-Type", MANIFEST)
                        .statusCode())
                .isEqualTo(403);
        assertThat(berth.sendAs(robot, "POST", "/v2/team/other/blobs/uploads/", null)
                        .statusCode())
                .isEqualTo(403);
        assertThat(berth.sendAs(robot, "DELETE", "/v2/team/app/manifests/dev-1", null)
                        .statusCode())
                .isEqualTo(403);
        assertThat(berth.send(
                                "PUT",
                                "/v2/team/app/manifests/v1",
                                berth.image("team/app", new byte[] {2}),
                                "Content-Type",
                                MANIFEST)
                        .statusCode())
                .isEqualTo(201);
        var tags = berth.sendAs(robot, "GET", "/v2/team/app/tags/list", null);
        assertThat(new String(tags.body(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo("{\"name\":\"team/app\",\"tags\":[\"dev-1\"]}");
        // By digest: through the tag that reaches it
        String dev = digest("dev-1");
        String prod = digest("v1");
        assertThat(berth.sendAs(robot, "GET", "/v2/team/app/manifests/" + dev, null)
                        .statusCode())
                .isEqualTo(200);
        assertThat(berth.sendAs(robot, "GET", "/v2/team/app/manifests/" + prod, null)
                        .statusCode())
                .as("as if it were not there")
                .isEqualTo(404);
        var referrers = berth.sendAs(robot, "GET", "/v2/team/app/referrers/" + prod, null);
        assertThat(referrers.statusCode()).isEqualTo(200);
        assertThat(Json.MAPPER.readTree(referrers.body()).path("manifests")).isEmpty();
        String layer = io.berth.oci.Digest.of(io.berth.oci.Digest.Algorithm.SHA256, new byte[] {2})
                .toString();
        assertThat(berth.sendAs(robot, "GET", "/v2/team/app/blobs/" + layer, null)
                        .statusCode())
                .isEqualTo(404);
        layer = io.berth.oci.Digest.of(io.berth.oci.Digest.Algorithm.SHA256, new byte[] {1})
                .toString();
        assertThat(berth.sendAs(robot, "GET", "/v2/team/app/blobs/" + layer, null)
                        .statusCode())
                .isEqualTo(200);
        // A tag that was moved leads to what it named for a while, so that a running pull can end.
        assertThat(berth.send(
                                "PUT",
                                "/v2/team/app/manifests/dev-1",
                                berth.image("team/app", new byte[] {3}),
                                "Content-Type",
                                MANIFEST)
                        .statusCode())
                .isEqualTo(201);
        assertThat(berth.sendAs(robot, "GET", "/v2/team/app/manifests/" + dev, null)
                        .statusCode())
                .isEqualTo(200);
    }

    private String digest(String tag) {
        return berth.get("/v2/team/app/manifests/" + tag, "Accept", MANIFEST)
                .headers()
                .firstValue("Docker-Content-Digest")
                .orElseThrow();
    }

    @Test
    void aQuotaIsRefusedWithItsFigures() throws Exception {
        apply("projects: [{name: small, quota: 1000}]");
        byte[] blob = new byte[900];
        berth.blob("small/app", blob);
        byte[] more = new byte[200];
        var refused = berth.send(
                "POST",
                "/v2/small/app/blobs/uploads/?digest="
                        + io.berth.oci.Digest.of(io.berth.oci.Digest.Algorithm.SHA256, more),
                more);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(new String(refused.body(), java.nio.charset.StandardCharsets.UTF_8))
                .contains("\"code\":\"DENIED\"", "900 of 1000 bytes", "200 more");
    }

    @Test
    void aDecisionIsExplained() throws Exception {
        apply(FILE);
        assertThat(can("robot$team+ci", "push", "team/app:dev-1")).startsWith("true grant");
        assertThat(can("robot$team+ci", "push", "team/app:v1")).isEqualTo("false no rule allows it");
        assertThat(can("anonymous", "pull", "library/app")).isEqualTo("true the project is public");
        assertThat(can("admin", "member:create", "project:team")).isEqualTo("true administrator");
        assertThat(ask(Map.of("do", "can", "who", "nobody", "action", "pull", "what", "a/b"))
                        .path("error")
                        .asText())
                .contains("nobody");
    }

    private String can(String who, String action, String what) throws Exception {
        JsonNode answer = ask(Map.of("do", "can", "who", who, "action", action, "what", what));
        return answer.path("allowed").asBoolean() + " " + answer.path("rule").asText();
    }
}
