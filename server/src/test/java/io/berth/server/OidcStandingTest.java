package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether users of a real OpenID provider may still log in there, asked by the refresh tokens that it has given. */
class OidcStandingTest {
    private static final Pattern SECRET = Pattern.compile("<pre id=\"secret\">(berth_cli_[0-9A-Za-z]+)</pre>");
    private static final Duration LATER = Duration.ofMinutes(6);

    @TempDir
    Path data;

    private final SteppedClock clock = new SteppedClock(Instant.now());
    private OpenIdProvider provider;
    private BerthUnderTest berth;

    /** What somebody of the provider holds here; each is a header's value. */
    private record Held(String cli, String personal, String bearer, String cookie) {
        List<String> authorizations() {
            return List.of(cli, personal, bearer);
        }
    }

    @BeforeEach
    void start() throws Exception {
        provider = new OpenIdProvider();
        berth = BerthUnderTest.startAt(clock, data);
        provider.start("http://localhost:" + berth.port() + "/c/oidc/callback");
        configure("openid", "profile", "email", "offline_access");
        // A session that is used is prolonged a little later, and this clock leaps.
        berth.api("PUT", "/configurations", "{\"session_timeout\":600}", BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    @AfterEach
    void stop() {
        berth.close();
        provider.close();
    }

    private void configure(String... scopes) {
        String settings =
                "{\"issuer\":\"" + provider.issuer() + "\",\"client-id\":\"berth\",\"groups-claim\":\"groups\","
                        + "\"scopes\":[\"" + String.join("\",\"", scopes)
                        + "\"],\"extra-parameters\":{\"prompt\":\"consent\"}}";
        berth.send(
                        "PUT",
                        "/api/v1/identity-sources/sso",
                        "{\"kind\":\"OIDC\",\"settings\":" + settings
                                + ",\"secrets\":{\"client-secret\":\"client secret: %+\"}}",
                        BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    /** Logs in with a new browser; returns the page and the browser's cookies. */
    private String[] browse(String user, String more) throws Exception {
        var cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
        try (var client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .cookieHandler(cookies)
                .build()) {
            URI next = URI.create("http://localhost:" + berth.port() + "/c/oidc/login?provider=sso" + more);
            while (true) {
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(next)
                                .timeout(BerthUnderTest.PATIENCE)
                                .header("X-User", user)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() / 100 != 3) {
                    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                    return new String[] {
                        answer.body(),
                        String.join(
                                "; ",
                                cookies.getCookieStore().getCookies().stream()
                                        .map(Object::toString)
                                        .toList())
                    };
                }
                next = next.resolve(answer.headers().firstValue("Location").orElseThrow());
            }
        }
    }

    private Held login() throws Exception {
        String[] page = browse("id-anna", "&renew=true");
        var matcher = SECRET.matcher(page[0]);
        assertThat(matcher.find()).as(page[0]).isTrue();
        String cli = BerthUnderTest.basic("anna", matcher.group(1));
        String personal = berth.send("POST", "/api/v1/me/tokens", "{\"name\":\"" + clock.millis() + "\"}", cli)
                .isStatus(201)
                .json()
                .path("secret")
                .asText();
        return new Held(cli, BerthUnderTest.basic("anna", personal), bearer(cli), page[1]);
    }

    private String bearer(String cli) {
        return "Bearer "
                + berth.call("GET", "/service/token?service=berth")
                        .as(cli)
                        .send()
                        .isStatus(200)
                        .json()
                        .path("token")
                        .asText();
    }

    private int use(String authorization) {
        return berth.call("GET", "/v2/").as(authorization).send().status();
    }

    private int browse(Held held) {
        return berth.call("GET", "/api/v1/me/sessions")
                .anonymous()
                .header("Cookie", held.cookie())
                .send()
                .status();
    }

    private void all(Held held, int status) {
        assertThat(use(held.cli())).as("CLI secret").isEqualTo(status);
        assertThat(use(held.personal())).as("personal token").isEqualTo(status);
        assertThat(use(held.bearer())).as("token of the token service").isEqualTo(status);
        assertThat(browse(held)).as("session").isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0,disable", "1,disable", "2,disable", "3,disable", "0,revoke"})
    void whateverAUserHoldsStopsWhenTheProviderLetsThemInNoMore(int first, String deed) throws Exception {
        Held held = login();
        provider.does(deed, "id-anna");
        all(held, 200);
        clock.advance(LATER);
        // Each finds it out by itself, whichever is used first.
        assertThat(first == 3 ? browse(held) : use(held.authorizations().get(first)))
                .isEqualTo(401);
        all(held, 401);
        assertThat(provider.renewals()).isEqualTo(1);
        Gauges.eventually("it is in the audit", () -> audited("gone").contains("user-gone"));
        assertThat(berth.get("/metrics").text())
                .contains("berth_identity_source_asked_total{result=\"unknown\",source=\"sso\"} 1.0");
    }

    @Test
    void aLaterLoginMakesSecretsGoodAgainButNoSession() throws Exception {
        Held held = login();
        provider.does("disable", "id-anna");
        clock.advance(LATER);
        all(held, 401);
        provider.does("enable", "id-anna");
        all(held, 401);
        browse("id-anna", "");
        assertThat(held.authorizations()).allMatch(one -> use(one) == 200);
        assertThat(browse(held)).isEqualTo(401);
        clock.advance(LATER);
        assertThat(held.authorizations()).allMatch(one -> use(one) == 200);
        assertThat(provider.renewals()).isEqualTo(2);
    }

    @Test
    void aTokenThatTheProviderRotatesIsStoredAndUsedTheNextTime() throws Exception {
        Held held = login();
        for (int i = 1; i <= 3; i++) {
            clock.advance(LATER);
            all(held, 200);
            assertThat(provider.renewals()).isEqualTo(i);
        }
        int port = berth.port();
        berth.close();
        berth = BerthUnderTest.startAt(clock, data, "server.port=" + port);
        clock.advance(LATER);
        all(held, 200);
        assertThat(provider.renewals()).isEqualTo(4);
    }

    @Test
    void aProviderThatIsAwayLeavesWhatWasKnownForAnHour() throws Exception {
        Held held = login();
        provider.close();
        clock.advance(LATER);
        all(held, 200);
        clock.advance(Duration.ofMinutes(53));
        held = new Held(held.cli(), held.personal(), bearer(held.cli()), held.cookie());
        all(held, 200);
        clock.advance(Duration.ofMinutes(2));
        all(held, 503);
        // It has lost all logins when it is back.
        provider.start("http://localhost:" + berth.port() + "/c/oidc/callback");
        all(held, 503);
        clock.advance(Duration.ofMinutes(1));
        all(held, 401);
    }

    @Test
    void manyUsesAtOnceAskTheProviderOnce() throws Exception {
        Held held = login();
        for (int round = 1; round <= 3; round++) {
            clock.advance(LATER);
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                var uses = new ArrayList<Callable<Integer>>();
                for (int i = 0; i < 10; i++) {
                    held.authorizations().forEach(one -> uses.add(() -> use(one)));
                    uses.add(() -> browse(held));
                }
                for (var status : threads.invokeAll(uses)) {
                    assertThat(status.get()).isEqualTo(200);
                }
            }
            assertThat(provider.renewals()).isEqualTo(round);
        }
    }

    @Test
    void theGroupsOfTheProviderAreFollowed() throws Exception {
        String group = "{\"group_name\":\"new\",\"group_type\":3}";
        berth.api("POST", "/usergroups", group, BerthUnderTest.ADMIN).isStatus(201);
        Held held = login();
        provider.does("regroup", "id-anna");
        clock.advance(LATER);
        assertThat(use(held.cli())).isEqualTo(200);
        Gauges.eventually("it is in the audit", () -> audited("update").contains("user-groups"));
    }

    private String audited(String operation) {
        return berth.send("GET", "/api/v1/audit?operation=" + operation + "&actor=sso", "", BerthUnderTest.ADMIN)
                .text();
    }

    @Test
    void withoutARefreshTokenNobodyIsAsked() throws Exception {
        configure("openid", "profile", "email");
        Held held = login();
        provider.does("disable", "id-anna");
        clock.advance(LATER);
        all(held, 200);
        assertThat(provider.renewals()).isZero();
    }
}
