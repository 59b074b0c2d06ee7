package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.ldap.Slapd;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Harbor's configuration of how people log in, set through its API and used with a real directory. */
class HarborSourcesTest {
    private static final String CONFIGURATIONS = "/api/v2.0/configurations";
    private static final String PEOPLE = "ou=people," + Slapd.BASE;

    // What Harbor's provider for Terraform sends when it is told nothing, and beside everything that it is told.
    private static final String ZEROS = "\"oidc_verify_cert\":false,\"oidc_auto_onboard\":false,\"oidc_logout\":false,"
            + "\"self_registration\":false,\"scan_all_policy\":{\"parameter\":{}},\"ldap_scope\":0,"
            + "\"ldap_group_search_scope\":0,\"ldap_verify_cert\":false";

    @TempDir
    static Path shared;

    private static Slapd directory;

    @TempDir
    Path data;

    private BerthUnderTest berth;

    @BeforeAll
    static void startDirectory() throws Exception {
        directory = Slapd.start(shared);
    }

    @AfterAll
    static void stopDirectory() throws Exception {
        directory.close();
    }

    @BeforeEach
    void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private Answer put(String members) {
        return send("PUT", CONFIGURATIONS, "{" + members + "}");
    }

    private Answer send(String method, String path, String body) {
        return berth.call(method, path)
                .header("Content-Type", "application/json")
                .body(body)
                .send();
    }

    private String ldap(String... more) {
        return "\"auth_mode\":\"ldap_auth\",\"ldap_url\":\"" + directory.url() + "\",\"ldap_base_dn\":\"" + PEOPLE
                + "\",\"ldap_uid\":\"uid\",\"ldap_search_dn\":\"" + Slapd.ADMIN + "\",\"ldap_search_password\":\""
                + Slapd.PASSWORD + "\",\"ldap_scope\":2"
                + (more.length == 0 ? "" : "," + String.join(",", more));
    }

    private JsonNode configuration() {
        return berth.get(CONFIGURATIONS).isStatus(200).json();
    }

    private String value(String key) {
        return configuration().path(key).path("value").asText();
    }

    private int login(String user, String password) {
        return berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic(user, password))
                .send()
                .status();
    }

    @Test
    void aDirectorySetHereLogsPeopleIn() {
        assertThat(login("alice", "alice password")).isEqualTo(401);
        put(ldap(
                        "\"ldap_group_base_dn\":\"ou=groups," + Slapd.BASE + "\"",
                        "\"ldap_group_admin_dn\":\"cn=admins,ou=groups," + Slapd.BASE + "\"",
                        "\"ldap_group_membership_attribute\":\"memberof\""))
                .isStatus(200);

        assertThat(login("alice", "alice password")).isEqualTo(200);
        assertThat(login("alice", "another password")).isEqualTo(401);
        assertThat(berth.call("GET", "/api/v2.0/users/current")
                        .as(BerthUnderTest.basic("carol", "carol password"))
                        .send()
                        .isStatus(200)
                        .json()
                        .path("sysadmin_flag")
                        .asBoolean())
                .as("a member of the administrators' group")
                .isTrue();
        assertThat(login("admin", BerthUnderTest.PASSWORD))
                .as("local accounts beside it")
                .isEqualTo(200);
        assertThat(value("auth_mode")).isEqualTo("ldap_auth");
        assertThat(value("ldap_url")).isEqualTo(directory.url());
        assertThat(value("ldap_search_dn")).isEqualTo(Slapd.ADMIN);
        assertThat(configuration().has("ldap_search_password")).as("the secret").isFalse();
        assertThat(configuration().toString()).doesNotContain(Slapd.PASSWORD);
        assertThat(berth.get("/api/v2.0/systeminfo").json().path("auth_mode").asText())
                .isEqualTo("ldap_auth");
        assertThat(berth.get("/api/v1/identity-sources/ldap")
                        .isStatus(200)
                        .json()
                        .path("enabled")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void whatIsSetTwiceChangesNothing() {
        put(ldap()).isStatus(200);
        String before = berth.get("/api/v1/identity-sources/ldap").text();
        put(ldap() + "," + "\"oidc_verify_cert\":false,\"oidc_auto_onboard\":false")
                .isStatus(200);
        assertThat(berth.get("/api/v1/identity-sources/ldap").text()).isEqualTo(before);
        assertThat(value("oidc_verify_cert"))
                .as("zeros of what the body is not about")
                .isEqualTo("true");
    }

    @Test
    void aBodyOfZerosIsNoWish() {
        put(ldap("\"ldap_verify_cert\":true")).isStatus(200);
        put(ZEROS).isStatus(200);
        assertThat(value("ldap_verify_cert")).isEqualTo("true");
        assertThat(value("ldap_scope")).isEqualTo("2");
        assertThat(value("auth_mode")).isEqualTo("ldap_auth");
        put("\"ldap_verify_cert\":false").isStatus(200);
        assertThat(value("ldap_verify_cert")).as("one key alone is meant").isEqualTo("false");
    }

    @Test
    void theModeTurnsOnAndOffWhatItNames() {
        put(ldap()).isStatus(200);
        put("\"auth_mode\":\"oidc_auth\",\"oidc_name\":\"Example\",\"oidc_endpoint\":\"https://id.example.com\","
                        + "\"oidc_client_id\":\"berth\",\"oidc_client_secret\":\"s3cret\",\"oidc_scope\":\"openid,email\","
                        + "\"oidc_user_claim\":\"name\",\"oidc_group_filter\":\"^team-\","
                        + "\"oidc_extra_redirect_parms\":\"{\\\"prompt\\\":\\\"login\\\"}\"," + ZEROS)
                .isStatus(200);
        assertThat(value("auth_mode")).isEqualTo("oidc_auth");
        assertThat(login("alice", "alice password")).as("the mode before it").isEqualTo(401);
        assertThat(value("oidc_scope")).isEqualTo("openid,email");
        assertThat(value("oidc_verify_cert")).as("the body is about it").isEqualTo("false");
        assertThat(value("oidc_group_filter")).isEqualTo("^team-");
        assertThat(value("oidc_extra_redirect_parms")).isEqualTo("{\"prompt\":\"login\"}");
        assertThat(value("ldap_url")).as("kept for the next time").isEqualTo(directory.url());
        JsonNode info = berth.get("/api/v2.0/systeminfo").json();
        assertThat(info.path("auth_mode").asText()).isEqualTo("oidc_auth");
        assertThat(info.path("oidc_provider_name").asText()).isEqualTo("Example");

        put("\"auth_mode\":\"ldap_auth\"").isStatus(200);
        assertThat(login("alice", "alice password")).isEqualTo(200);
        put("\"auth_mode\":\"db_auth\"").isStatus(200);
        assertThat(login("alice", "alice password")).isEqualTo(401);
        assertThat(value("auth_mode")).isEqualTo("db_auth");
    }

    @Test
    void sourcesSetElsewhereAreAskedBesideTheMode() {
        send("PUT", "/api/v1/identity-sources/people", """
                {"kind": "LDAP", "secrets": {"password": "%s"},
                 "settings": {"urls": ["%s"], "base-dn": "%s", "bind-dn": "%s"}}
                """.formatted(
                                Slapd.PASSWORD, directory.url(), PEOPLE, Slapd.ADMIN))
                .isStatus(200);
        put("\"auth_mode\":\"oidc_auth\",\"oidc_endpoint\":\"https://id.example.com\",\"oidc_client_id\":\"berth\","
                        + "\"oidc_scope\":\"openid\"")
                .isStatus(200);
        assertThat(login("bob", "bob password")).isEqualTo(200);
        assertThat(value("ldap_base_dn")).isEqualTo(PEOPLE);
    }

    @Test
    void whatCannotBeIsRefusedAndChangesNothing() {
        put("\"auth_mode\":\"banana\"").isStatus(400);
        put("\"auth_mode\":\"ldap_auth\"").isStatus(400);
        assertThat(put("\"auth_mode\":\"ldap_auth\",\"ldap_url\":\"ldap://a\"")
                        .isStatus(400)
                        .complaint())
                .contains("ldap_base_dn");
        put(ldap("\"ldap_filter\":\"(uid=\"")).isStatus(400);
        put(ldap("\"ldap_scope\":7")).isStatus(400);
        put(ldap("\"ldap_timeout\":0")).isStatus(400);
        put("\"auth_mode\":\"oidc_auth\",\"oidc_endpoint\":\"https://id.example.com\",\"oidc_client_id\":\"b\","
                        + "\"oidc_scope\":\"openid\",\"oidc_group_filter\":\"(\"")
                .isStatus(400);
        put("\"oidc_logout\":true").isStatus(501);
        put("\"token_expiration\":31," + ldap("\"ldap_base_dn\":\"no dn\"")).isStatus(400);
        assertThat(value("token_expiration")).as("all or nothing").isEqualTo("30");
        assertThat(value("auth_mode")).isEqualTo("db_auth");
        assertThat(berth.get("/api/v1/identity-sources").json()).isEmpty();
    }

    @Test
    void onlyAnAdministratorSetsWhoIsWho() {
        berth.makeUser("dave", "Dave-12345");
        String dave = BerthUnderTest.basic("dave", "Dave-12345");
        berth.call("PUT", CONFIGURATIONS)
                .as(dave)
                .header("Content-Type", "application/json")
                .body("{\"session_timeout\":62," + ldap() + "}")
                .send()
                .isStatus(403);
        assertThat(value("session_timeout")).isEqualTo("60");
        assertThat(value("auth_mode")).isEqualTo("db_auth");
    }

    @Test
    void theDirectoryIsTriedSearchedAndImportedFrom() {
        assertThat(send("POST", "/api/v2.0/ldap/ping", "{}")
                        .isStatus(200)
                        .json()
                        .path("success")
                        .asBoolean())
                .as("nothing configured")
                .isFalse();
        String given = "{\"ldap_url\":\"" + directory.url() + "\",\"ldap_base_dn\":\"" + PEOPLE
                + "\",\"ldap_uid\":\"uid\",\"ldap_search_dn\":\"" + Slapd.ADMIN + "\"%s}";
        assertThat(send(
                                "POST",
                                "/api/v2.0/ldap/ping",
                                given.formatted(",\"ldap_search_password\":\"" + Slapd.PASSWORD + "\""))
                        .isStatus(200)
                        .text())
                .isEqualTo("{\"success\":true}\n");
        assertThat(send("POST", "/api/v2.0/ldap/ping", given.formatted(""))
                        .json()
                        .path("message")
                        .asText())
                .as("without the password")
                .startsWith("error: ");

        put(ldap()).isStatus(200);
        assertThat(send("POST", "/api/v2.0/ldap/ping", "{}")
                        .json()
                        .path("success")
                        .asBoolean())
                .isTrue();
        assertThat(berth.get("/api/v2.0/ldap/users/search?username=ali")
                        .isStatus(200)
                        .json()
                        .toString())
                .isEqualTo("[{\"email\":\"alice@example.org\",\"realname\":\"Alice Ahlgren\",\"username\":\"alice\"}]");
        assertThat(berth.get("/api/v2.0/ldap/groups/search?groupname=develop")
                        .isStatus(200)
                        .json())
                .as("groups lie elsewhere")
                .isEmpty();
        String dn = "cn=developers,ou=groups," + Slapd.BASE;
        put("\"ldap_group_base_dn\":\"ou=groups," + Slapd.BASE + "\"").isStatus(200);
        for (String query : List.of("groupname=develop", "groupdn=" + dn.replace("=", "%3D"))) {
            assertThat(berth.get("/api/v2.0/ldap/groups/search?" + query)
                            .isStatus(200)
                            .json()
                            .path(0)
                            .path("ldap_group_dn")
                            .asText())
                    .isEqualTo(dn);
        }

        send("POST", "/api/v2.0/ldap/users/import", "{\"ldap_uid_list\":[\"alice\",\"bob\"]}")
                .isStatus(200);
        assertThat(berth.get("/api/v2.0/users/search?username=bob").json()).hasSize(1);
        JsonNode failed = send("POST", "/api/v2.0/ldap/users/import", "{\"ldap_uid_list\":[\"alice\",\"nobody\"]}")
                .isStatus(404)
                .json();
        assertThat(failed).hasSize(1);
        assertThat(failed.path(0).path("uid").asText()).isEqualTo("nobody");
    }

    @Test
    void theStoredPasswordGoesNowhereElse() throws Exception {
        put(ldap()).isStatus(200);
        try (var listener = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            var heard = new java.util.concurrent.CompletableFuture<String>();
            Thread.ofVirtual().start(() -> {
                try (var socket = listener.accept()) {
                    var bytes = new byte[4096];
                    int count = socket.getInputStream().read(bytes);
                    heard.complete(
                            new String(bytes, 0, Math.max(0, count), java.nio.charset.StandardCharsets.ISO_8859_1));
                } catch (java.io.IOException e) {
                    heard.completeExceptionally(e);
                }
            });
            String elsewhere = "{\"ldap_url\":\"ldap://127.0.0.1:" + listener.getLocalPort() + "\",\"ldap_base_dn\":\""
                    + PEOPLE + "\",\"ldap_search_dn\":\"" + Slapd.ADMIN
                    + "\",\"ldap_verify_cert\":true,\"ldap_connection_timeout\":1}";
            send("POST", "/api/v2.0/ldap/ping", elsewhere).isStatus(200);
            assertThat(heard.get(20, java.util.concurrent.TimeUnit.SECONDS)).doesNotContain(Slapd.PASSWORD);
        }
    }

    @Test
    void othersAskNothing() {
        berth.makeUser("dave", "Dave-12345");
        for (String[] one : new String[][] {
            {"POST", "/api/v2.0/ldap/ping", "{}"},
            {"GET", "/api/v2.0/ldap/users/search?username=a", ""},
            {"GET", "/api/v2.0/ldap/groups/search?groupname=a", ""},
            {"POST", "/api/v2.0/ldap/users/import", "{\"ldap_uid_list\":[\"alice\"]}"},
            {"POST", "/api/v2.0/system/oidc/ping", "{\"url\":\"http://127.0.0.1:1\"}"}
        }) {
            var call = berth.call(one[0], one[1])
                    .as(BerthUnderTest.basic("dave", "Dave-12345"))
                    .header("Content-Type", "application/json");
            (one[2].isEmpty() ? call : call.body(one[2])).send().isStatus(403);
        }
    }

    @Test
    void anIdentityProviderIsTried() throws Exception {
        try (var provider = new OpenIdProvider()) {
            provider.start("http://localhost:" + berth.port() + "/c/oidc/callback");
            send("POST", "/api/v2.0/system/oidc/ping", "{\"url\":\"" + provider.issuer() + "\",\"verify_cert\":true}")
                    .isStatus(200);
        }
        send("POST", "/api/v2.0/system/oidc/ping", "{\"url\":\"http://127.0.0.1:1\",\"verify_cert\":true}")
                .isStatus(400);
        send("POST", "/api/v2.0/system/oidc/ping", "{\"url\":\"no url\"}").isStatus(400);
    }
}
