package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.ldap.Slapd;
import io.berth.identity.workload.Issuer;
import io.berth.oci.Json;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Berth's own API, each exchange held against its OpenAPI document. */
class ApiSpecTest {
    private static final String ADMIN = BerthUnderTest.ADMIN;
    private static final String ALICE = BerthUnderTest.basic("alice", "Alice-12345");

    @TempDir
    Path data;

    private BerthUnderTest berth;
    private OpenApiChecked api;

    @BeforeEach
    void start() {
        berth = BerthUnderTest.start(data.resolve("data"));
        api = new OpenApiChecked(berth);
        berth.makeUser("alice", "Alice-12345");
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private static String bearer(String secret) {
        return "Bearer " + secret;
    }

    @Test
    void everyOperationOfTheDocumentIsAnswered() {
        api.ask("GET", "/api/v1/me", "", ADMIN).isStatus(200);
        long token = api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"one\"}", ADMIN)
                .isStatus(201)
                .json()
                .path("id")
                .asLong();
        api.ask("GET", "/api/v1/me/tokens", "", ADMIN).isStatus(200);
        api.ask("DELETE", "/api/v1/me/tokens/" + token, "", ADMIN).isStatus(204);
        berth.loginForm("admin", BerthUnderTest.PASSWORD).send().isStatus(200);
        String session = api.ask("GET", "/api/v1/me/sessions", "", ADMIN)
                .isStatus(200)
                .json()
                .path(0)
                .path("id")
                .asText();
        api.ask("DELETE", "/api/v1/me/sessions/" + session, "", ADMIN).isStatus(204);
        api.ask("DELETE", "/api/v1/me/sessions", "", ADMIN).isStatus(204);
        api.ask("GET", "/api/v1/users", "", ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/users/alice", "", ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/robots", "", ADMIN).isStatus(200);
        api.ask("PATCH", "/api/v1/users/alice", "{\"disabled\":false}", ADMIN).isStatus(200);
        String source =
                "{\"kind\":\"OIDC\",\"settings\":{\"issuer\":\"https://id.example.com\",\"client-id\":\"berth\"},"
                        + "\"secrets\":{\"client-secret\":\"s\"}}";
        api.ask("PUT", "/api/v1/identity-sources/corp", source, ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/identity-sources/corp", "", ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/identity-sources", "", ADMIN).isStatus(200);
        api.ask("PUT", "/api/v1/identity-source-order", "{\"names\":[\"corp\"]}", ADMIN)
                .isStatus(200);
        String access =
                "{\"projects\":[{\"name\":\"ci\",\"robots\":[{\"name\":\"builder\",\"permissions\":[\"repository:push\"]}]}],"
                        + "\"workload-rules\":[{\"name\":\"main\",\"issuer\":\"https://ci.example.com\",\"robot\":\"robot$ci+builder\","
                        + "\"settings\":{\"audience\":\"berth\",\"claims\":{\"sub\":\"x\"}}}]}";
        api.ask("PUT", "/api/v1/access", access, ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/access", "", ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/workload-rules", "", ADMIN).isStatus(200);
        api.ask("GET", "/api/v1/workload-rules/main", "", ADMIN).isStatus(200);
        String rule = "{\"issuer\":\"https://ci.example.com\",\"robot\":\"robot$ci+builder\","
                + "\"settings\":{\"audience\":\"berth\",\"claims\":{\"sub\":\"y\"}}}";
        api.ask("PUT", "/api/v1/workload-rules/main", rule, ADMIN).isStatus(200);
        api.ask("DELETE", "/api/v1/workload-rules/main", "", ADMIN).isStatus(204);
        api.ask("DELETE", "/api/v1/identity-sources/corp", "", ADMIN).isStatus(204);
        String question = "{\"who\":\"robot$ci+builder\",\"action\":\"push\",\"what\":\"ci/app\"}";
        assertThat(api.ask("POST", "/api/v1/access/check", question, ADMIN)
                        .isStatus(200)
                        .json()
                        .path("allowed")
                        .asBoolean())
                .isTrue();
        api.ask("GET", "/api/v1/audit", "", ADMIN).isStatus(200);
        assertThat(api.seen()).isEqualTo(api.operations());
    }

    @Test
    void whatTheDocumentDoesNotKnowIsNotThere() {
        berth.send("GET", "/api/v1/nothing", "", ADMIN).isError(404, "NOT_FOUND");
        berth.send("PATCH", "/api/v1/me", "{}", ADMIN).isStatus(405);
        for (String operation : api.operations()) {
            String path = operation.split(" ")[1].replaceAll("\\{[a-z]+}", "1");
            for (String method : new String[] {"GET", "PUT", "POST", "PATCH", "DELETE"}) {
                boolean known = api.operations().stream()
                        .anyMatch(one -> one.equals(method + " " + operation.split(" ")[1]));
                int status = berth.send(method, path, "", null).status();
                assertThat(status == 405)
                        .as("%s %s is in the document: %s, and answers %s", method, path, known, status)
                        .isEqualTo(!known);
            }
        }
    }

    @Test
    void nobodyGetsInWithoutALogin() {
        for (String operation : api.operations()) {
            if (operation.equals("GET /api/v1/me")) {
                continue; // says that they are nobody
            }
            String[] parts = operation.split(" ");
            String path = parts[1].replaceAll("\\{[a-z]+}", "1");
            Answer answer = api.ask(parts[0], path, parts[0].startsWith("P") ? "{}" : "", null);
            answer.isError(401, "UNAUTHORIZED").has("WWW-Authenticate", "Basic realm=\"Berth\", charset=\"UTF-8\"");
        }
        assertThat(api.ask("GET", "/api/v1/me", "", null).json().path("kind").asText())
                .isEqualTo("anonymous");
        api.ask("GET", "/api/v1/me", "", BerthUnderTest.basic("alice", "wrong")).isStatus(401);
    }

    @Test
    void whatIsTheAdministratorsIsNobodyElses() {
        for (String operation : api.operations()) {
            String[] parts = operation.split(" ");
            if (!parts[1].startsWith("/api/v1/me") && !parts[1].endsWith("/check")) {
                String path = parts[1].replaceAll("\\{[a-z]+}", "1");
                api.ask(parts[0], path, parts[0].startsWith("P") ? "{}" : "", ALICE)
                        .isError(403, "FORBIDDEN");
            }
        }
        String about = "{\"who\":\"admin\",\"action\":\"pull\",\"what\":\"library/x\"}";
        api.ask("POST", "/api/v1/access/check", about, ALICE).isStatus(403);
        String self = "{\"action\":\"pull\",\"what\":\"library/x\"}";
        assertThat(api.ask("POST", "/api/v1/access/check", self, ALICE)
                        .isStatus(200)
                        .json()
                        .path("who")
                        .asText())
                .isEqualTo("alice");
    }

    @Test
    void aPersonalTokenIsGoodForItsScopesAndNoMore() {
        byte[] layer = Content.random(100);
        berth.pushImage("team/app", "v1", layer);
        berth.pushImage("other/app", "v1", layer);
        JsonNode made = api.ask(
                        "POST",
                        "/api/v1/me/tokens",
                        "{\"name\":\"pulls\",\"scopes\":[\"repository:team/*:pull\",\"api::read\"],\"days\":30}",
                        ADMIN)
                .isStatus(201)
                .json();
        String secret = made.path("secret").asText();
        String asPassword = BerthUnderTest.basic("admin", secret);
        berth.send("GET", "/v2/team/app/manifests/v1", "", asPassword).isStatus(200);
        assertThat(berth.send("GET", "/v2/other/app/manifests/v1", "", asPassword)
                        .status())
                .isIn(401, 403, 404);
        assertThat(berth.send("DELETE", "/v2/team/app/manifests/v1", "", asPassword)
                        .status())
                .isIn(401, 403);
        assertThat(api.ask("GET", "/api/v1/me", "", asPassword)
                        .isStatus(200)
                        .json()
                        .path("scopes")
                        .size())
                .isEqualTo(2);
        berth.send("GET", "/v2/team/app/manifests/v1", "", bearer(secret)).isStatus(200);
        // It reads, and does not write, and does not make itself a wider one.
        api.ask("GET", "/api/v1/me/tokens", "", asPassword).isStatus(200);
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"wider\"}", asPassword).isStatus(401);
        String writes = api.ask(
                        "POST", "/api/v1/me/tokens", "{\"name\":\"writes\",\"scopes\":[\"api::read,write\"]}", ADMIN)
                .json()
                .path("secret")
                .asText();
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"wider\"}", BerthUnderTest.basic("admin", writes))
                .isError(403, "FORBIDDEN");
        api.ask("DELETE", "/api/v1/me/tokens/" + made.path("id").asLong(), "", ADMIN)
                .isStatus(204);
        berth.send("GET", "/v2/team/app/manifests/v1", "", asPassword).isStatus(401);
    }

    @Test
    void tokensThatCannotBeAreRefused() {
        for (String body : new String[] {
            "{\"name\":\"\"}",
            "{\"name\":\"x\",\"days\":0}",
            "{\"name\":\"x\",\"days\":999999}",
            "{\"name\":\"x\",\"scopes\":[\"all\"]}",
            "{\"name\":\"x\",\"scopes\":[\"host:x:pull\"]}",
            "{\"name\":\"x\",\"scopes\":[\"repository:a:\"]}",
            "{\"name\":\"x\",\"scopes\":[\"repository:a:pull repository:b:push\"]}"
        }) {
            api.ask("POST", "/api/v1/me/tokens", body, ALICE).isError(400, "BAD_REQUEST");
        }
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"x\",\"scope\":[]}", ALICE)
                .isStatus(422);
        api.ask("POST", "/api/v1/me/tokens", "[]", ALICE).isStatus(422);
        api.ask("POST", "/api/v1/me/tokens", "{", ALICE).isStatus(422);
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"x\"}", ALICE).isStatus(201);
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"x\"}", ALICE).isStatus(409);
        // Somebody else's is none of mine.
        long hers = api.ask("GET", "/api/v1/me/tokens", "", ALICE)
                .json()
                .path(0)
                .path("id")
                .asLong();
        api.ask("DELETE", "/api/v1/me/tokens/" + hers, "", ADMIN).isStatus(404);
        api.ask("DELETE", "/api/v1/me/tokens/x", "", ADMIN).isStatus(422);
    }

    @Test
    void aDirectoryThatIsAddedLogsItsPeopleInWithTheNextRequest() throws Exception {
        try (Slapd slapd = Slapd.start(data.resolve("slapd"))) {
            String bob = BerthUnderTest.basic("bob", "bob password");
            berth.send("GET", "/v2/", "", bob).isStatus(401);
            String source = Json.object(
                    "kind",
                    "LDAP",
                    "settings",
                    Map.of("urls", java.util.List.of(slapd.url()), "base-dn", Slapd.BASE, "bind-dn", Slapd.ADMIN),
                    "secrets",
                    Map.of("password", Slapd.PASSWORD));
            JsonNode made = api.ask("PUT", "/api/v1/identity-sources/corp", source, ADMIN)
                    .isStatus(200)
                    .json();
            assertThat(made.path("secrets").toString()).isEqualTo("[\"password\"]");
            assertThat(made.toString()).doesNotContain(Slapd.PASSWORD);
            berth.send("GET", "/v2/", "", bob).isStatus(200);
            assertThat(api.ask("GET", "/api/v1/me", "", bob)
                            .json()
                            .path("source")
                            .asText())
                    .isEqualTo("corp");
            // Disabled, with its secret kept; and what it let in is over.
            String off = Json.object("kind", "LDAP", "enabled", false, "settings", made.path("settings"));
            api.ask("PUT", "/api/v1/identity-sources/corp", off, ADMIN).isStatus(200);
            berth.send("GET", "/v2/", "", bob).isStatus(401);
            Gauges.eventually(
                    "both are in the audit log",
                    () -> ask("/api/v1/audit?resource=corp").size() >= 2);
            assertThat(ask("/api/v1/audit?resource=corp").toString())
                    .contains("source-created", "source-updated")
                    .doesNotContain(Slapd.PASSWORD);
        }
    }

    private JsonNode ask(String path) {
        return api.ask("GET", path, "", ADMIN).isStatus(200).json().path("entries");
    }

    @Test
    void sourcesThatCannotBeAreRefusedInWords() {
        api.ask("PUT", "/api/v1/identity-sources/Local!", "{\"kind\":\"LDAP\"}", ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/identity-sources/local", "{\"kind\":\"LDAP\"}", ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/identity-sources/x", "{\"kind\":\"NIS\"}", ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/identity-sources/x", "{\"kind\":\"LDAP\",\"settings\":{\"url\":\"x\"}}", ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/identity-sources/x", "{\"kind\":\"LDAP\",\"setings\":{}}", ADMIN)
                .isStatus(422);
        api.ask("GET", "/api/v1/identity-sources/x", "", ADMIN).isStatus(404);
        api.ask("DELETE", "/api/v1/identity-sources/x", "", ADMIN).isStatus(404);
        api.ask("PUT", "/api/v1/identity-source-order", "{\"names\":[\"x\"]}", ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/workload-rules/x", "{\"issuer\":\"https://x\",\"robot\":\"robot$no\"}", ADMIN)
                .isStatus(400);
        api.ask("DELETE", "/api/v1/workload-rules/x", "", ADMIN).isStatus(404);
    }

    @Test
    void aJobPushesAsSoonAsThereIsARuleForIt() throws Exception {
        try (var issuer = new Issuer()) {
            String job = BerthUnderTest.basic(
                    "job", issuer.token("berth", Map.of("project_path", "group/app", "ref", "main")));
            berth.send("GET", "/v2/", "", job).isStatus(401);
            String file = """
                    projects:
                      - name: ci
                        robots:
                          - {name: builder, permissions: ["repository:push", "repository:pull"]}
                    workload-rules:
                      - name: app
                        issuer: %s
                        robot: robot$ci+builder
                        settings: {audience: berth, claims: {project_path: group/app}}
                    """.formatted(issuer.url());
            Answer applied = berth.call("PUT", "/api/v1/access")
                    .header("Content-Type", "application/yaml")
                    .body(file)
                    .send()
                    .isStatus(200);
            assertThat(applied.json().path("changes").toString()).contains("+ workload rule app");
            byte[] layer = Content.random(500);
            berth.call("POST", "/v2/ci/app/blobs/uploads/?digest=" + Content.sha256(layer))
                    .as(job)
                    .body(layer)
                    .send()
                    .isStatus(201);
            // The same again changes nothing, nor does what is exported.
            assertThat(berth.call("PUT", "/api/v1/access")
                            .body(file)
                            .send()
                            .json()
                            .path("changes"))
                    .isEmpty();
            String exported = api.ask("GET", "/api/v1/access", "", ADMIN).text();
            assertThat(exported).contains("\"workload-rules\":[{\"name\":\"app\"");
            assertThat(api.ask("PUT", "/api/v1/access?dry_run=true", exported, ADMIN)
                            .json()
                            .path("changes"))
                    .isEmpty();
            JsonNode gone = api.ask("PUT", "/api/v1/access?dry_run=true", "{\"workload-rules\":[]}", ADMIN)
                    .json();
            assertThat(gone.path("changes").toString()).isEqualTo("[\"- workload rule app\"]");
            berth.send("GET", "/v2/", "", job).isStatus(200);
            api.ask("DELETE", "/api/v1/workload-rules/app", "", ADMIN).isStatus(204);
            berth.send("GET", "/v2/", "", job).isStatus(401);
        }
    }

    @Test
    void sourcesAreAppliedInTheirOrderAndWithTheirSecrets() {
        String file = "{\"sources\":[%s]}";
        String one = source("one", ",\"secrets\":{\"client-secret\":\"first\"}");
        assertThat(changes(file.formatted(one + "," + source("two", ""))))
                .isEqualTo("[\"+ source one\",\"+ source two\"]");
        assertThat(changes(file.formatted(one + "," + source("two", "")))).isEqualTo("[]");
        assertThat(changes(file.formatted(source("two", "") + "," + source("one", ""))))
                .isEqualTo("[\"~ order of sources: two, one\"]");
        assertThat(changes(file.formatted(
                        source("two", "") + "," + source("one", ",\"secrets\":{\"client-secret\":\"second\"}"))))
                .isEqualTo("[\"~ source one\"]");
        String exported = api.ask("GET", "/api/v1/access", "", ADMIN).text();
        assertThat(exported).doesNotContain("second");
        assertThat(changes(exported)).isEqualTo("[]");
        assertThat(changes(file.formatted(source("two", "")))).isEqualTo("[\"- source one\"]");
        api.ask("PUT", "/api/v1/access", file.formatted(source("two", "") + "," + source("two", "")), ADMIN)
                .isStatus(400);
        api.ask("PUT", "/api/v1/access", "{\"sources\":[{\"name\":\"x\",\"kind\":\"LDAP\",\"password\":\"x\"}]}", ADMIN)
                .isStatus(400);
        // All of it or nothing
        assertThat(api.ask(
                                "PUT",
                                "/api/v1/access",
                                file.formatted(source("three", "") + ",{\"name\":\"bad\",\"kind\":\"X\"}"),
                                ADMIN)
                        .status())
                .isEqualTo(400);
        api.ask("GET", "/api/v1/identity-sources/three", "", ADMIN).isStatus(404);
    }

    private static String source(String name, String more) {
        return "{\"name\":\"" + name + "\",\"kind\":\"OIDC\",\"settings\":{\"issuer\":\"https://" + name
                + ".example.com\",\"client-id\":\"berth\"}" + more + "}";
    }

    private String changes(String file) {
        return api.ask("PUT", "/api/v1/access", file, ADMIN)
                .isStatus(200)
                .json()
                .path("changes")
                .toString();
    }

    @Test
    void theAuditLogIsReadPageByPage() {
        for (int i = 0; i < 5; i++) {
            api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"t" + i + "\"}", ADMIN)
                    .isStatus(201);
        }
        Gauges.eventually(
                "all are written",
                () -> api.ask("GET", "/api/v1/audit?resource_type=access-token", "", ADMIN)
                                .json()
                                .path("entries")
                                .size()
                        == 5);
        JsonNode first = api.ask("GET", "/api/v1/audit?resource_type=access-token&limit=3", "", ADMIN)
                .json();
        assertThat(first.path("entries")).hasSize(3);
        JsonNode second = api.ask(
                        "GET",
                        "/api/v1/audit?resource_type=access-token&limit=3&after="
                                + first.path("after").asText(),
                        "",
                        ADMIN)
                .json();
        assertThat(second.path("entries")).hasSize(2);
        assertThat(second.has("after")).isFalse();
        api.ask("GET", "/api/v1/audit?after=x", "", ADMIN).isStatus(400);
        api.ask("GET", "/api/v1/audit?colour=x", "", ADMIN).isStatus(400);
        api.ask("GET", "/api/v1/audit?from=yesterday", "", ADMIN).isStatus(400);
    }

    @Test
    void aSessionHasToProveThatItIsNotForged() {
        Answer login = berth.loginForm("alice", "Alice-12345").send().isStatus(200);
        String cookie = login.header("Set-Cookie").split(";")[0];
        String csrf = login.header("X-Harbor-CSRF-Token");
        String body = "{\"name\":\"by browser\"}";
        berth.call("POST", "/api/v1/me/tokens")
                .anonymous()
                .header("Cookie", cookie)
                .header("Content-Type", "application/json")
                .body(body)
                .send()
                .isError(403, "FORBIDDEN");
        berth.call("POST", "/api/v1/me/tokens")
                .anonymous()
                .header("Cookie", cookie)
                .header("X-Harbor-CSRF-Token", csrf)
                .header("Content-Type", "application/json")
                .body(body)
                .send()
                .isStatus(201);
    }

    @Test
    void readOnlyModeKeepsEverything() {
        berth.close();
        berth = BerthUnderTest.start(data.resolve("data"), "registry.read-only=true");
        api = new OpenApiChecked(berth);
        api.ask("GET", "/api/v1/me/tokens", "", ADMIN).isStatus(200);
        api.ask("POST", "/api/v1/me/tokens", "{\"name\":\"x\"}", ADMIN).isStatus(403);
    }

    @Test
    void theExplorerIsAPageWithoutAnythingFromElsewhere() {
        String page = berth.call("GET", "/api/explorer/")
                .anonymous()
                .send()
                .isStatus(200)
                .text();
        assertThat(page).contains("swagger-ui-bundle.js").doesNotContain("http://", "https://");
        for (String file : new String[] {"swagger-ui-bundle.js", "swagger-ui.css", "start.js"}) {
            assertThat(berth.call("GET", "/api/explorer/" + file)
                            .anonymous()
                            .send()
                            .isStatus(200)
                            .body())
                    .isNotEmpty();
        }
        berth.call("GET", "/api/explorer").anonymous().send().isStatus(302).has("Location", "/api/explorer/");
        berth.call("GET", "/api/explorer/../openapi.yaml").anonymous().send().isStatus(404);
        berth.call("GET", "/api/explorer/openapi.yaml").anonymous().send().isStatus(404);
        berth.call("POST", "/api/openapi.json").anonymous().send().isStatus(405);
    }
}
