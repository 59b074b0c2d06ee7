package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.identity.AccessVersion;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.Groups;
import io.berth.identity.TestSources;
import io.berth.identity.ldap.LdapKind;
import io.berth.identity.oidc.OidcKind;
import io.berth.oci.Json;
import java.io.IOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logins of a browser at a real OpenID provider, into a whole Berth. */
class OidcLoginTest {
    private static final Change.Origin ROOT = Change.Origin.by("admin");
    private static final Pattern SECRET = Pattern.compile("<pre id=\"secret\">(berth_cli_[0-9A-Za-z]+)</pre>");

    @TempDir
    Path data;

    private OpenIdProvider provider;
    private BerthUnderTest berth;

    @BeforeEach
    void start() throws Exception {
        if (provider != null) {
            provider.close(); // a test starts everything anew
        }
        provider = new OpenIdProvider();
        configure(settings -> settings);
        berth = BerthUnderTest.start(data);
        provider.start("http://localhost:" + berth.port() + "/c/oidc/callback");
    }

    @AfterEach
    void stop() {
        berth.close();
        provider.close();
    }

    private void configure(Function<ObjectNode, ObjectNode> change) throws IOException {
        try (var sources = sources()) {
            ObjectNode settings = Json.MAPPER
                    .createObjectNode()
                    .put("issuer", provider.issuer())
                    .put("title", "Example & Sons")
                    .put("client-id", "berth")
                    .put("groups-claim", "groups")
                    .put("admin-group", "ops");
            sources.get()
                    .identitySources
                    .put(
                            "sso",
                            "OIDC",
                            change.apply(settings),
                            Map.of("client-secret", "client secret: %+"),
                            true,
                            ROOT);
        }
    }

    private record Sources(Database database, TestSources get) implements AutoCloseable {
        @Override
        public void close() {
            get.close();
            database.close();
        }
    }

    // Beside a running Berth only for reading, or before it starts.
    private Sources sources() throws IOException {
        Database database = TestDatabase.SQLITE.open(data, Clock.systemUTC(), new Random());
        return new Sources(
                database, new TestSources(database, data, List.of(new LdapKind(), new OidcKind(Clock.systemUTC()))));
    }

    private Account account(String name) throws IOException {
        try (var sources = sources()) {
            return sources.get().identity.accounts.find(name).orElse(null);
        }
    }

    /** A browser that follows redirects, and is whom the header says at the provider. */
    private static final class Browser {
        private final HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
                .build();
        private final String user;
        private URI last;

        Browser(String user) {
            this.user = user;
        }

        HttpResponse<String> get(URI url, String... headers) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(BerthUnderTest.PATIENCE);
            if (!user.isEmpty()) {
                request.header("X-User", user);
            }
            if (headers.length > 0) {
                request.headers(headers);
            }
            last = url;
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }

        /** Goes on until a page comes, or a URL that {@code until} is part of. */
        HttpResponse<String> follow(URI url, String until) throws Exception {
            HttpResponse<String> answer = get(url);
            while (answer.statusCode() / 100 == 3) {
                URI next = last.resolve(answer.headers().firstValue("Location").orElseThrow());
                if (!until.isEmpty() && next.toString().contains(until)) {
                    last = next;
                    return answer;
                }
                answer = get(next);
            }
            return answer;
        }
    }

    private URI url(String path) {
        return URI.create("http://localhost:" + berth.port() + path);
    }

    private HttpResponse<String> login(String user) throws Exception {
        return new Browser(user).follow(url("/c/oidc/login?provider=sso"), "");
    }

    private static String secret(HttpResponse<String> page) {
        var matcher = SECRET.matcher(page.body());
        assertThat(matcher.find()).as(page.body()).isTrue();
        return matcher.group(1);
    }

    @Test
    void theProviderSendsTheBrowserBackToTheExternalUrl() throws Exception {
        berth.close();
        berth = BerthUnderTest.start(data, "server.external-url=https://registry.example.com/berth");
        HttpResponse<String> sent = new Browser("id-anna").get(url("/c/oidc/login?provider=sso"));
        assertThat(sent.statusCode()).isEqualTo(302);
        assertThat(sent.headers().firstValue("Location").orElseThrow())
                .startsWith(provider.issuer())
                .contains("redirect_uri=https%3A%2F%2Fregistry.example.com%2Fberth%2Fc%2Foidc%2Fcallback");
        assertThat(sent.headers().firstValue("Set-Cookie").orElseThrow()).contains("Secure");
    }

    @Test
    void aLoginGivesASecretThatDockerCanUseAndShowsItOnce() throws Exception {
        HttpResponse<String> page = login("id-anna");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("docker login -u anna localhost:" + berth.port());
        assertThat(page.headers().firstValue("Cache-Control")).contains("no-store");
        String secret = secret(page);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", secret))
                .send()
                .isStatus(200);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("boss", secret))
                .send()
                .isStatus(401);
        Account anna = account("anna");
        assertThat(anna.source()).isEqualTo("sso");
        assertThat(anna.subject()).isEqualTo("id-anna");
        assertThat(anna.realName()).isEqualTo("Anna Arndt");
        assertThat(anna.administrator()).isFalse();
        assertThat(login("id-anna").body()).doesNotContain("berth_cli_").contains("cannot be shown again");
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", secret))
                .send()
                .isStatus(200);
        HttpResponse<String> renewed = new Browser("id-anna").follow(url("/c/oidc/login?provider=sso&renew=true"), "");
        assertThat(secret(renewed)).isNotEqualTo(secret);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", secret))
                .send()
                .isStatus(401);
    }

    private Answer choose(long id, String secret, String authorization) {
        return berth.api("PUT", "/users/" + id + "/cli_secret", "{\"secret\":\"" + secret + "\"}", authorization);
    }

    @Test
    void aSecretForCommandLinesCanBeChosenByItsUserAndByAdministrators() throws Exception {
        String made = BerthUnderTest.basic("anna", secret(login("id-anna")));
        long anna = account("anna").id();
        choose(anna, "tooweak", made).isError(400, "BAD_REQUEST");
        choose(anna, "berth_cli_Abcd1234", made).isError(400, "BAD_REQUEST");
        choose(anna, "Chosen1234", made).isStatus(200);
        berth.call("GET", "/v2/").as(made).send().isStatus(401);
        String chosen = BerthUnderTest.basic("anna", "Chosen1234");
        berth.call("GET", "/v2/").as(chosen).send().isStatus(200);
        choose(1, "Chosen1234", chosen).isError(403, "FORBIDDEN");
        choose(anna, "Another1234", BerthUnderTest.ADMIN).isStatus(200);
        berth.call("GET", "/v2/").as(chosen).send().isStatus(401);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", "Another1234"))
                .send()
                .isStatus(200);
        choose(1, "Chosen1234", BerthUnderTest.ADMIN).isError(412, "PRECONDITION");
    }

    @Test
    void aLoginBeginsTheBrowsersSessionAndEndsTheOneThatItHad() throws Exception {
        var browser = new Browser("id-anna");
        assertThat(browser.get(url("/api/v1/me")).body()).contains("anonymous");
        browser.follow(url("/c/oidc/login?provider=sso"), "");
        HttpResponse<String> me = browser.get(url("/api/v1/me"));
        assertThat(me.statusCode()).isEqualTo(200);
        assertThat(me.body()).contains("\"anna\"");
        browser.follow(url("/c/oidc/login?provider=sso"), "");
        assertThat(browser.get(url("/api/v1/me/sessions")).body().split("\"id\"", -1))
                .as("one session")
                .hasSize(2);
    }

    @Test
    void theGroupsOfAnAdministratorMakeOne() throws Exception {
        long group;
        berth.close();
        try (var sources = sources()) {
            group = new Groups(sources.database(), new AccessVersion())
                    .create("sso", "dev", "Developers", ROOT)
                    .id();
        }
        start();
        assertThat(login("id-boss").statusCode()).isEqualTo(200);
        Account boss = account("boss");
        assertThat(boss.administrator()).isTrue();
        try (var sources = sources()) {
            assertThat(sources.get().identity.groups.of(boss.id()))
                    .extracting(Groups.Group::id)
                    .containsExactly(group);
        }
    }

    @Test
    void theLoginPageListsProvidersInTheReadersLanguage() throws Exception {
        HttpResponse<String> english = new Browser("").get(url("/login"));
        assertThat(english.body()).contains("Example &amp; Sons", "provider=sso", "Log in to Berth");
        assertThat(english.headers().firstValue("Content-Security-Policy").orElseThrow())
                .contains("default-src 'none'");
        assertThat(new Browser("")
                        .get(url("/login"), "Accept-Language", "zh-CN,zh;q=0.9")
                        .body())
                .contains("登录 Berth");
        assertThat(new Browser("").get(url("/c/oidc/login?provider=none")).statusCode())
                .isEqualTo(404);
    }

    @Test
    void aLogoutOfTheProviderIsHeardAndWhatIsNoneIsRefused() throws Exception {
        berth.call("POST", "/c/oidc/logout")
                .anonymous()
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body("logout_token=abc")
                .send()
                .isStatus(400);
        berth.call("GET", "/c/oidc/logout").anonymous().send().isStatus(405);
        berth.call("POST", "/c/oidc/logout")
                .anonymous()
                .body("x".repeat(70_000))
                .send()
                .isStatus(413);
    }

    @Test
    void anAnswerCountsOnlyInTheBrowserThatAskedAndOnlyOnce() throws Exception {
        var browser = new Browser("id-anna");
        browser.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
        URI callback = browser.last;
        // Somebody else's browser, without the cookie: a login that was planted.
        assertThat(new Browser("").get(callback).statusCode()).isEqualTo(400);
        // Another login of another browser.
        var other = new Browser("id-boss");
        other.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
        assertThat(other.get(callback).statusCode()).isEqualTo(400);
        URI wrongState = URI.create(callback.toString().replaceAll("state=[^&]+", "state=" + "A".repeat(43)));
        var tampered = new Browser("id-anna");
        tampered.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
        assertThat(tampered.get(wrongState).statusCode()).isEqualTo(400);
        assertThat(account("anna")).isNull();
        assertThat(browser.get(callback).statusCode()).isEqualTo(200);
        assertThat(browser.get(callback).statusCode()).isEqualTo(400);
    }

    @Test
    void aCodeOfAnotherLoginIsRefusedThoughTheStateIsRight() throws Exception {
        var victim = new Browser("id-boss");
        victim.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
        String stolen = victim.last.toString().replaceAll(".*code=([^&]+).*", "$1");
        var thief = new Browser("id-anna");
        thief.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
        URI mixed = URI.create(thief.last.toString().replaceAll("code=[^&]+", "code=" + stolen));
        assertThat(thief.get(mixed).statusCode()).isEqualTo(401);
        assertThat(account("boss")).isNull();
    }

    @Test
    void whoeverTheProviderDoesNotLetInGetsAPageThatSaysSo() throws Exception {
        assertThat(login("").statusCode()).isEqualTo(401);
    }

    @Test
    void aRedirectThatIsNotRegisteredIsTheProvidersToRefuse() throws Exception {
        HttpResponse<String> answer = new Browser("id-anna")
                .follow(URI.create("http://127.0.0.1:" + berth.port() + "/c/oidc/login?provider=sso"), "");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("redirect_uri");
    }

    @Test
    void nobodyTakesTheNameOfALocalAccountOverNorAReservedOne() throws Exception {
        berth.close();
        try (var sources = sources()) {
            sources.get().identity.accounts.create("lena", "A local passw0rd", Accounts.Profile.EMPTY, true, ROOT);
        }
        start();
        assertThat(login("id-lena").statusCode()).isEqualTo(403);
        assertThat(login("id-admin").statusCode()).isEqualTo(403);
        assertThat(account("lena").isLocal()).isTrue();
        assertThat(account("admin").isLocal()).isTrue();
    }

    @Test
    void withoutOnboardingOnlyThoseComeInWhoHaveAnAccount() throws Exception {
        assertThat(login("id-anna").statusCode()).isEqualTo(200);
        berth.close();
        provider.close();
        configure(settings -> settings.put("auto-onboard", false));
        berth = BerthUnderTest.start(data);
        provider.start("http://localhost:" + berth.port() + "/c/oidc/callback");
        assertThat(login("id-anna").statusCode()).isEqualTo(200);
        assertThat(login("id-boss").statusCode()).isEqualTo(403);
        assertThat(account("boss")).isNull();
    }

    @Test
    void aProviderThatIsAwayIs503AndSecretsGoOn() throws Exception {
        String secret = secret(login("id-anna"));
        provider.close();
        berth.close();
        berth = BerthUnderTest.start(data);
        assertThat(login("id-anna").statusCode()).isEqualTo(503);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", secret))
                .send()
                .isStatus(200);
    }

    @Test
    void aDisabledProviderEndsWhatItsUsersHold() throws Exception {
        String secret = secret(login("id-anna"));
        berth.close();
        try (var sources = sources()) {
            sources.get().identitySources.setEnabled("sso", false, ROOT);
        }
        berth = BerthUnderTest.start(data);
        berth.call("GET", "/v2/")
                .as(BerthUnderTest.basic("anna", secret))
                .send()
                .isStatus(401);
        assertThat(new Browser("").get(url("/login")).body()).contains("No identity provider");
    }

    @Test
    void eachOfTwoProvidersLogsItsOwnPeopleIn() throws Exception {
        try (var second = new OpenIdProvider()) {
            second.start("http://localhost:" + berth.port() + "/c/oidc/callback");
            berth.send(
                            "PUT",
                            "/api/v1/identity-sources/second",
                            "{\"kind\":\"OIDC\",\"settings\":{\"issuer\":\"" + second.issuer()
                                    + "\",\"title\":\"The second\",\"client-id\":\"berth\"},"
                                    + "\"secrets\":{\"client-secret\":\"client secret: %+\"}}",
                            BerthUnderTest.ADMIN)
                    .isStatus(200);
            assertThat(new Browser("").get(url("/login")).body())
                    .contains("provider=sso", "Example &amp; Sons", "provider=second", "The second");
            assertThat(login("id-anna").statusCode()).isEqualTo(200);
            assertThat(new Browser("id-boss")
                            .follow(url("/c/oidc/login?provider=second"), "")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(account("anna").source()).isEqualTo("sso");
            assertThat(account("boss").source()).isEqualTo("second");
            // The same name of the other provider is somebody else's.
            assertThat(new Browser("id-anna")
                            .follow(url("/c/oidc/login?provider=second"), "")
                            .statusCode())
                    .isNotEqualTo(200);
            // A code of one is nothing to the other.
            var victim = new Browser("id-lena");
            victim.follow(url("/c/oidc/login?provider=second"), "/c/oidc/callback");
            String stolen = victim.last.toString().replaceAll(".*code=([^&]+).*", "$1");
            var thief = new Browser("id-anna");
            thief.follow(url("/c/oidc/login?provider=sso"), "/c/oidc/callback");
            URI mixed = URI.create(thief.last.toString().replaceAll("code=[^&]+", "code=" + stolen));
            assertThat(thief.get(mixed).statusCode()).isEqualTo(401);
            assertThat(berth.get("/metrics").text())
                    .contains(
                            "berth_logins_total{result=\"success\",source=\"sso\"} 1.0",
                            "berth_logins_total{result=\"success\",source=\"second\"} 1.0",
                            "berth_logins_total{result=\"failure\",source=\"second\"} 1.0",
                            "berth_logins_total{result=\"failure\",source=\"sso\"} 1.0");
        }
    }
}
