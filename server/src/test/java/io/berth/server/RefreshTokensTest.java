package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.SteppedClock;
import io.berth.oci.Json;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a refresh token ends, and who gets one. */
class RefreshTokensTest {
    private static final String ALICE = BerthUnderTest.basic("alice", "Alice-12345");

    @TempDir
    Path data;

    private final SteppedClock clock = new SteppedClock(Instant.parse("2030-01-01T00:00:00Z"));
    private RunningBerth berth;

    @BeforeEach
    void start() throws Exception {
        berth = new RunningBerth(data, clock);
        json(
                201,
                "POST",
                "/api/v2.0/users",
                "{\"username\":\"alice\",\"password\":\"Alice-12345\",\"email\":\"a@example.com\",\"realname\":\"a\"}");
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private HttpResponse<byte[]> json(int status, String method, String path, String body) {
        return RunningBerth.expect(
                status,
                berth.send(method, path, body.getBytes(StandardCharsets.UTF_8), "Content-Type", "application/json"));
    }

    private String id() throws Exception {
        var me = RunningBerth.expect(200, berth.sendAs(ALICE, "GET", "/api/v2.0/users/current", null));
        return Json.MAPPER.readTree(me.body()).path("user_id").asText();
    }

    private JsonNode token(String authorization, String query) throws Exception {
        var answer = berth.sendAs(authorization, "GET", "/service/token?service=berth" + query, null);
        return Json.MAPPER.readTree(RunningBerth.expect(200, answer).body());
    }

    private String refreshToken() throws Exception {
        return token(ALICE, "&offline_token=true").path("refresh_token").asText();
    }

    private HttpResponse<byte[]> refresh(String secret) {
        return berth.sendAs(
                null,
                "POST",
                "/service/token",
                ("grant_type=refresh_token&service=berth&refresh_token=" + secret).getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/x-www-form-urlencoded");
    }

    @Test
    void whoLogsInByPasswordGetsOneWhenItIsAskedFor() throws Exception {
        assertThat(token(ALICE, "").has("refresh_token")).isFalse();
        assertThat(token(ALICE, "&offline_token=false").has("refresh_token")).isFalse();
        String secret = refreshToken();
        assertThat(secret).startsWith("berth_refresh_");
        JsonNode refreshed =
                Json.MAPPER.readTree(RunningBerth.expect(200, refresh(secret)).body());
        RunningBerth.expect(
                200, berth.sendAs("Bearer " + refreshed.path("access_token").asText(), "GET", "/v2/", null));
        var made = RunningBerth.expect(
                201,
                berth.sendAs(
                        ALICE,
                        "POST",
                        "/api/v1/me/tokens",
                        "{\"name\":\"laptop\"}".getBytes(StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/json"));
        String personal = Json.MAPPER.readTree(made.body()).path("secret").asText();
        assertThat(token(BerthUnderTest.basic("alice", personal), "&offline_token=true")
                        .has("refresh_token"))
                .as("a token's holder has one")
                .isFalse();
    }

    @Test
    void aTokenIsNotGivenForAnotherToken() throws Exception {
        String narrow =
                token(ALICE, "&scope=repository:library/x:pull").path("token").asText();
        for (String query : new String[] {"", "&offline_token=true", "&scope=repository:library/x:pull"}) {
            var answer = berth.sendAs("Bearer " + narrow, "GET", "/service/token?service=berth" + query, null);
            assertThat(answer.statusCode()).as(query).isEqualTo(401);
            assertThat(new String(answer.body(), StandardCharsets.UTF_8)).doesNotContain("token\":");
        }
    }

    @Test
    void aTokenOfALimitedTokenIsLimitedAsThatIs() throws Exception {
        var made = RunningBerth.expect(
                201,
                berth.sendAs(
                        ALICE,
                        "POST",
                        "/api/v1/me/tokens",
                        "{\"name\":\"narrow\",\"scopes\":[\"repository:library/x:pull\"]}"
                                .getBytes(StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/json"));
        String personal = BerthUnderTest.basic(
                "alice", Json.MAPPER.readTree(made.body()).path("secret").asText());
        assertThat(berth.sendAs(personal, "GET", "/v2/_catalog", null).statusCode())
                .isEqualTo(403);
        String catalog =
                token(personal, "&scope=registry:catalog:*").path("token").asText();
        assertThat(berth.sendAs("Bearer " + catalog, "GET", "/v2/_catalog", null)
                        .statusCode())
                .isIn(401, 403);
    }

    @Test
    void itEndsAfterThirtyDaysAndWhatItGivesNoLater() throws Exception {
        String secret = refreshToken();
        clock.advance(Duration.ofDays(30).minusMinutes(10));
        JsonNode last =
                Json.MAPPER.readTree(RunningBerth.expect(200, refresh(secret)).body());
        assertThat(last.path("expires_in").asInt()).isEqualTo(600);
        clock.advance(Duration.ofMinutes(10));
        RunningBerth.expect(401, refresh(secret));
        RunningBerth.expect(
                401, berth.sendAs("Bearer " + last.path("access_token").asText(), "GET", "/v2/", null));
    }

    @Test
    void itEndsWithItsPassword() throws Exception {
        String secret = refreshToken();
        String token = Json.MAPPER
                .readTree(RunningBerth.expect(200, refresh(secret)).body())
                .path("access_token")
                .asText();
        json(200, "PUT", "/api/v2.0/users/" + id() + "/password", "{\"new_password\":\"Alice-67890\"}");
        RunningBerth.expect(401, refresh(secret));
        RunningBerth.expect(401, berth.sendAs("Bearer " + token, "GET", "/v2/", null));
    }

    @Test
    void itIsNothingToADisabledUser() throws Exception {
        String secret = refreshToken();
        try (var database = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("berth.db"));
                var statement = database.createStatement()) {
            statement.execute("PRAGMA busy_timeout=10000");
            assertThat(statement.executeUpdate("UPDATE account SET disabled = 1 WHERE name = 'alice'"))
                    .isOne();
        }
        RunningBerth.expect(401, refresh(secret));
    }

    @Test
    void itEndsWithItsUser() throws Exception {
        String secret = refreshToken();
        json(200, "DELETE", "/api/v2.0/users/" + id(), "");
        RunningBerth.expect(401, refresh(secret));
    }
}
