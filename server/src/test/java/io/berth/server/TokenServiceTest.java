package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.PlainHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.berth.oci.Json;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The token service, and tokens that are not what they seem. */
class TokenServiceTest {
    @TempDir
    static Path data;

    private static RunningBerth berth;

    @BeforeAll
    static void start() throws Exception {
        berth = new RunningBerth(data);
        byte[] image = berth.image("team/app", new byte[] {1, 2, 3});
        assertThat(berth.send("PUT", "/v2/team/app/manifests/v1", image, "Content-Type", MANIFEST)
                        .statusCode())
                .isEqualTo(201);
        assertThat(berth.send(
                                "PUT",
                                "/v2/library/open/manifests/v1",
                                berth.image("library/open"),
                                "Content-Type",
                                MANIFEST)
                        .statusCode())
                .isEqualTo(201);
    }

    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    @AfterAll
    static void stop() {
        berth.close();
    }

    @Test
    void clientsAreSentToTheTokenServiceAtTheExternalUrl(@TempDir Path other) throws Exception {
        try (var berth = new RunningBerth(other, "server.external-url", "https://registry.example.com/berth/")) {
            for (String path : List.of("/v2/", "/v2/team/app/manifests/v1")) {
                HttpResponse<byte[]> answer = berth.sendAs(null, "GET", path, null, "X-Forwarded-Proto", "http");
                assertThat(answer.statusCode()).isEqualTo(401);
                assertThat(answer.headers().firstValue("WWW-Authenticate").orElseThrow())
                        .startsWith("Bearer realm=\"https://registry.example.com/berth/service/token\",");
            }
        }
        assertThat(berth.sendAs(null, "GET", "/v2/", null)
                        .headers()
                        .firstValue("WWW-Authenticate")
                        .orElseThrow())
                .startsWith("Bearer realm=\"http://127.0.0.1:" + berth.port() + "/service/token\",");
    }

    private static JsonNode ask(String authorization, String query) throws Exception {
        HttpResponse<byte[]> answer = berth.sendAs(authorization, "GET", "/service/token?service=berth" + query, null);
        assertThat(answer.statusCode()).isEqualTo(200);
        return Json.MAPPER.readTree(answer.body());
    }

    private static String token(String authorization, String scope) throws Exception {
        return ask(authorization, "&scope=" + scope).path("token").asText();
    }

    private static int with(String token, String method, String path) {
        return berth.sendAs("Bearer " + token, method, path, null).statusCode();
    }

    @Test
    void theChallengeSaysWhereToGoAndWhatToAskFor() {
        var answer = berth.sendAs(null, "GET", "/v2/team/app/manifests/v1", null);
        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate"))
                .contains("Bearer realm=\"http://127.0.0.1:" + berth.port()
                        + "/service/token\",service=\"berth\",scope=\"repository:team/app:pull\"");
        assertThat(berth.sendAs(null, "POST", "/v2/team/app/blobs/uploads/", null)
                        .headers()
                        .firstValue("WWW-Authenticate")
                        .orElseThrow())
                .endsWith("scope=\"repository:team/app:pull,push\"");
    }

    @Test
    void aTokenIsGoodForWhatItSaysAndNoMore() throws Exception {
        String pull = token(RunningBerth.BASIC, "repository:team/app:pull");
        assertThat(with(pull, "GET", "/v2/")).isEqualTo(200);
        assertThat(with(pull, "GET", "/v2/team/app/manifests/v1")).isEqualTo(200);
        assertThat(with(pull, "GET", "/v2/team/other/manifests/v1")).isEqualTo(401);
        var push = berth.sendAs("Bearer " + pull, "POST", "/v2/team/app/blobs/uploads/", null);
        assertThat(push.statusCode()).isEqualTo(401);
        assertThat(push.headers().firstValue("WWW-Authenticate").orElseThrow())
                .contains("error=\"insufficient_scope\"");
        assertThat(with(pull, "GET", "/v2/_catalog")).isEqualTo(401);
        assertThat(with(pull, "GET", "/metrics")).isEqualTo(403);
        String both = token(RunningBerth.BASIC, "repository:team/app:pull,push&scope=registry:catalog:*");
        assertThat(with(both, "POST", "/v2/team/app/blobs/uploads/")).isEqualTo(202);
        assertThat(with(both, "GET", "/v2/_catalog")).isEqualTo(200);
    }

    @Test
    void scopesAreAnsweredAsFarAsTheyAreAllowed() throws Exception {
        assertThat(ask(null, "&scope=repository:library/open:pull,push")
                        .path("scope")
                        .asText())
                .isEqualTo("repository:library/open:pull");
        assertThat(ask(null, "&scope=repository:open:pull").path("scope").asText())
                .as("the short name is canonical")
                .isEqualTo("repository:library/open:pull");
        assertThat(ask(null, "&scope=repository:team/app:pull").path("scope").asText())
                .isEmpty();
        for (String hostile : List.of(
                "garbage",
                "repository:team/app:pull:push",
                "repository:TEAM/app:pull",
                "repository:team/../app:pull",
                "repository:team//app:pull",
                "repository::pull",
                "repository:team/*:pull",
                "registry:other:*")) {
            JsonNode answer = ask(RunningBerth.BASIC, "&scope=" + URLEncoder.encode(hostile, StandardCharsets.UTF_8));
            assertThat(answer.path("scope").asText()).as(hostile).doesNotContain("team/app:");
        }
        JsonNode merged = ask(RunningBerth.BASIC, "&scope=repository:a/b:pull%20repository:a/b:push");
        assertThat(merged.path("scope").asText()).isEqualTo("repository:a/b:pull,push");
        assertThat(merged.path("expires_in").asInt()).isEqualTo(1800);
    }

    @Test
    void anonymousTokensPullWhatIsPublic() throws Exception {
        String token = token(null, "repository:library/open:pull");
        assertThat(with(token, "GET", "/v2/library/open/manifests/v1")).isEqualTo(200);
        assertThat(with(token, "GET", "/v2/team/app/manifests/v1")).isEqualTo(401);
        assertThat(with(token, "GET", "/v2/")).isEqualTo(401);
    }

    @Test
    void wrongCredentialsGetNoToken() {
        String wrong = BerthUnderTest.basic("admin", "wrong");
        for (String query : List.of("", "?scope=repository:library/open:pull")) {
            var answer = berth.sendAs(wrong, "GET", "/service/token" + query, null);
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("WWW-Authenticate").orElseThrow())
                    .startsWith("Basic ");
        }
        assertThat(berth.sendAs(null, "GET", "/service/token", null).statusCode())
                .isEqualTo(401);
        assertThat(berth.sendAs(RunningBerth.BASIC, "GET", "/service/token?service=other", null)
                        .statusCode())
                .isEqualTo(400);
        assertThat(berth.sendAs(RunningBerth.BASIC, "PUT", "/service/token", null)
                        .statusCode())
                .isEqualTo(405);
    }

    private static HttpResponse<byte[]> form(String body) {
        return berth.sendAs(
                null,
                "POST",
                "/service/token",
                body.getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/x-www-form-urlencoded");
    }

    @Test
    void oauth2GivesARefreshTokenThatGivesTokens() throws Exception {
        String who = "&username=admin&password=" + URLEncoder.encode(RunningBerth.PASSWORD, StandardCharsets.UTF_8);
        var first = form("grant_type=password&service=berth&client_id=test&access_type=offline" + who);
        assertThat(first.statusCode()).isEqualTo(200);
        String refresh =
                Json.MAPPER.readTree(first.body()).path("refresh_token").asText();
        assertThat(refresh).startsWith("berth_refresh_");
        var second = form(
                "grant_type=refresh_token&service=berth&client_id=test&scope=repository:team/app:pull&refresh_token="
                        + refresh);
        assertThat(second.statusCode()).isEqualTo(200);
        String token = Json.MAPPER.readTree(second.body()).path("access_token").asText();
        assertThat(with(token, "GET", "/v2/team/app/manifests/v1")).isEqualTo(200);
        assertThat(form("grant_type=refresh_token&service=berth&refresh_token=berth_refresh_x")
                        .statusCode())
                .isEqualTo(401);
        assertThat(form("grant_type=password&service=berth&username=admin&password=wrong")
                        .statusCode())
                .isEqualTo(401);
        assertThat(form("grant_type=implicit&service=berth").statusCode()).isEqualTo(400);
        assertThat(form("a=" + "b".repeat(40_000)).statusCode()).isEqualTo(413);
        assertThat(berth.sendAs(BerthUnderTest.basic("admin", refresh), "GET", "/v2/", null)
                        .statusCode())
                .as("a refresh token is no password")
                .isEqualTo(401);
    }

    @Test
    void tokensThatAreNotOursAreRefused() throws Exception {
        SignedJWT ours = SignedJWT.parse(token(RunningBerth.BASIC, "repository:team/app:pull"));
        JWTClaimsSet claims = ours.getJWTClaimsSet();
        String id = ours.getHeader().getKeyID();
        var key = new ECKeyGenerator(Curve.P_256).keyID(id).generate();
        var forged = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(id).build(), claims);
        forged.sign(new ECDSASigner(key));
        var confused = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(id).build(), claims);
        confused.sign(new MACSigner(key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8)));
        String[] parts = ours.serialize().split("\\.");
        String wider = com.nimbusds.jose.util.Base64URL.encode(
                        claims.toString().replace("\"pull\"", "\"pull\",\"push\",\"delete\""))
                .toString();
        assertThat(with(ours.serialize(), "GET", "/v2/team/app/manifests/v1")).isEqualTo(200);
        for (var hostile : Map.of(
                        "another key",
                        forged.serialize(),
                        "HS256 with the public key",
                        confused.serialize(),
                        "no algorithm",
                        new PlainJWT(new PlainHeader(), claims).serialize(),
                        "claims exchanged",
                        parts[0] + "." + wider + "." + parts[2],
                        "no signature",
                        parts[0] + "." + parts[1] + ".",
                        "cut off",
                        ours.serialize().substring(0, ours.serialize().length() - 4),
                        "too long",
                        ours.serialize() + "a".repeat(13_000),
                        "a key that is no key",
                        parts[0].substring(1) + "." + parts[1] + "." + parts[2])
                .entrySet()) {
            assertThat(with(hostile.getValue(), "GET", "/v2/team/app/manifests/v1"))
                    .as(hostile.getKey())
                    .isEqualTo(401);
        }
        assertThat(claims.getAudience()).containsExactly("berth");
        assertThat(claims.getExpirationTime()).isAfter(new Date());
    }
}
