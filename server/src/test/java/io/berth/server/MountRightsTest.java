package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.identity.AdminSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose rights a mount needs: those of the credential, now, and not what its token was issued for. */
class MountRightsTest {
    private static final String PASSWORD = "Abcd12345";
    private static final String DEV = BerthUnderTest.basic("dev", PASSWORD);
    private static final String TARGET_ALONE = "repository:target/app:pull,push";

    private static final String RIGHTS = """
            projects:
              - name: target
                members: [{user: dev, role: developer}]
              - name: shared
                members: [{user: dev, role: limitedGuest}]
              - name: hidden
              - name: tagged
                members: [{user: dev, role: guest, tags: "dev-*"}]
            """;

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() throws Exception {
        berth = BerthUnderTest.start(data);
        berth.makeUser("dev", PASSWORD);
        apply(RIGHTS);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static void apply(String yaml) throws Exception {
        var answer = AdminSocket.request(data, Map.of("do", "apply", "yaml", yaml, "dryRun", false));
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
    }

    private static Answer mount(String authorization, String digest, String from) {
        String query = "?mount=" + digest + (from.isEmpty() ? "" : "&from=" + from);
        return berth.call("POST", "/v2/target/app/blobs/uploads/" + query)
                .as(authorization)
                .send();
    }

    private static void isMounted(Answer answer, String digest) {
        answer.isStatus(201);
        berth.head("/v2/target/app/blobs/" + digest).isStatus(200);
    }

    private static void isNot(Answer answer, String digest) {
        answer.isStatus(202).has("Range", "0-0").hasNo("Docker-Content-Digest");
        berth.head("/v2/target/app/blobs/" + digest).isStatus(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shared/app", ""})
    void aBlobIsMountedFromWhereTheCallerMayPull(String from) {
        String digest = berth.pushBlob("shared/app", Content.random(300));
        isMounted(mount(DEV, digest, from), digest);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hidden/app", "hidden/absent", "shared/app", ""})
    void aBlobThatTheCallerMayNotPullIsUnknown(String from) {
        String digest = berth.pushBlob("hidden/app", Content.random(300));
        isNot(mount(DEV, digest, from), digest);
    }

    @Test
    void ofTheRepositoriesThatHaveItOneThatMayBePulledIsTaken() {
        byte[] content = Content.random(300);
        String digest = berth.pushBlob("hidden/app", content);
        berth.pushBlob("shared/app", content);
        isNot(mount(DEV, digest, "hidden/app"), digest);
        isMounted(mount(DEV, digest, ""), digest);
    }

    @Test
    void whoMayPullSomeTagsMountsWhatTheyReach() {
        byte[] reached = Content.random(300);
        byte[] other = Content.random(300);
        berth.pushImage("tagged/app", "dev-1", reached);
        berth.pushImage("tagged/app", "v1", other);
        isNot(mount(DEV, Content.sha256(other), "tagged/app"), Content.sha256(other));
        isNot(mount(DEV, Content.sha256(other), ""), Content.sha256(other));
        isMounted(mount(DEV, Content.sha256(reached), "tagged/app"), Content.sha256(reached));
    }

    private static String bearer(String authorization, String scope) {
        return "Bearer "
                + berth.call("GET", "/service/token?service=berth&scope=" + scope)
                        .as(authorization)
                        .send()
                        .isStatus(200)
                        .json()
                        .path("token")
                        .asText();
    }

    @Test
    void aTokenForTheTargetAloneMountsFromWhereItsOwnerMayPullNow() throws Exception {
        String digest = berth.pushBlob("shared/app", Content.random(300));
        String hidden = berth.pushBlob("hidden/app", Content.random(300));
        String token = bearer(DEV, TARGET_ALONE);
        isNot(mount(token, hidden, "hidden/app"), hidden);
        apply("projects: [{name: shared, members: []}]");
        try {
            isNot(mount(token, digest, "shared/app"), digest);
            isNot(mount(token, digest, ""), digest);
        } finally {
            apply(RIGHTS);
        }
        isMounted(mount(token, digest, "shared/app"), digest);
        String later = berth.pushBlob("shared/app", Content.random(300));
        isMounted(mount(token, later, ""), later);
    }

    private static String personal(String name, String scopes) {
        String body = "{\"name\":\"" + name + "\",\"scopes\":[" + scopes + "],\"days\":30}";
        return BerthUnderTest.basic(
                "dev",
                berth.send("POST", "/api/v1/me/tokens", body, DEV)
                        .isStatus(201)
                        .json()
                        .path("secret")
                        .asText());
    }

    @Test
    void theLimitsOfAPersonalTokenLimitWhatItMountsFromAndItsTokensScopeDoesNot() {
        String digest = berth.pushBlob("shared/app", Content.random(300));
        String narrow = personal("narrow", "\"repository:target/*:pull,push\"");
        isNot(mount(narrow, digest, "shared/app"), digest);
        isNot(mount(bearer(narrow, TARGET_ALONE), digest, "shared/app"), digest);
        String wide = personal("wide", "\"repository:target/*:pull,push\",\"repository:shared/*:pull\"");
        isMounted(mount(bearer(wide, TARGET_ALONE), digest, "shared/app"), digest);
        String unlimited = personal("unlimited", "");
        String other = berth.pushBlob("shared/app", Content.random(300));
        isMounted(mount(bearer(unlimited, TARGET_ALONE), other, "shared/app"), other);
    }

    @Test
    void aRefreshTokensTokenMountsAsThePasswordsDoes() {
        String digest = berth.pushBlob("shared/app", Content.random(300));
        String refresh = berth.call("GET", "/service/token?service=berth&offline_token=true&scope=" + TARGET_ALONE)
                .as(DEV)
                .send()
                .isStatus(200)
                .json()
                .path("refresh_token")
                .asText();
        String token = berth.call("POST", "/service/token")
                .anonymous()
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body("grant_type=refresh_token&service=berth&scope=" + TARGET_ALONE + "&refresh_token=" + refresh)
                .send()
                .isStatus(200)
                .json()
                .path("access_token")
                .asText();
        isMounted(mount("Bearer " + token, digest, "shared/app"), digest);
    }
}
