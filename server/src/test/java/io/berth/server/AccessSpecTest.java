package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may: the ping, challenges, anonymous pull, read-only mode, and names. */
class AccessSpecTest {
    private static final String CHALLENGE = "Basic realm=\"Berth\", charset=\"UTF-8\"";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(
                data.resolve("closed"), "registry.challenge=basic", "registry.anonymous-pull=false");
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    @Test
    void thePingAnswersWhoHasACredentialAndChallengesWhoHasNone() {
        for (String path : List.of("/v2/", "/v2")) {
            berth.get(path)
                    .isStatus(200)
                    .has("Content-Type", "application/json")
                    .has("Docker-Distribution-Api-Version", "registry/2.0");
            berth.head(path).isStatus(200);
            berth.call("GET", path)
                    .anonymous()
                    .send()
                    .isError(401, "UNAUTHORIZED")
                    .has("WWW-Authenticate", CHALLENGE)
                    .has("Docker-Distribution-Api-Version", "registry/2.0");
        }
        for (String method : List.of("POST", "PUT", "DELETE", "PATCH")) {
            berth.call(method, "/v2/").send().isError(405, "UNSUPPORTED").has("Allow", "GET, HEAD");
        }
    }

    @Test
    void aWrongCredentialIs401Everywhere() {
        for (String credential : List.of(
                BerthUnderTest.basic("admin", "wrong"),
                BerthUnderTest.basic("nobody", BerthUnderTest.PASSWORD),
                BerthUnderTest.basic("", ""),
                "Basic",
                "Basic !!!",
                "Basic " + "QQ==".repeat(2000),
                "Bearer abc",
                "nonsense")) {
            for (String path : List.of("/v2/", "/v2/_catalog", "/v2/a/b/manifests/latest", "/metrics")) {
                berth.call("GET", path)
                        .as(credential)
                        .send()
                        .isError(401, "UNAUTHORIZED")
                        .has("WWW-Authenticate", CHALLENGE);
            }
        }
    }

    @Test
    void guessingIsSlowedDownForTheGuesserAlone(@TempDir Path elsewhere) {
        try (var guessed = BerthUnderTest.start(elsewhere)) {
            for (int i = 0; i < 20; i++) {
                guessed.call("GET", "/v2/")
                        .as(BerthUnderTest.basic("admin2", "guess" + i))
                        .send()
                        .isError(401, "UNAUTHORIZED");
            }
            guessed.call("GET", "/v2/")
                    .as(BerthUnderTest.basic("admin2", "guess"))
                    .send()
                    .isError(429, "TOO_MANY_REQUESTS")
                    .has("Retry-After", "1");
            guessed.get("/v2/").isStatus(200);
        }
    }

    @Test
    void withoutACredentialEverythingIsChallengedAndTheUnknownLooksLikeTheKnown() {
        byte[] blob = Content.random(10);
        String digest = berth.pushBlob("access/there", blob);
        berth.pushImage("access/there", "latest");
        for (String repository : List.of("access/there", "access/absent")) {
            String prefix = "/v2/" + repository;
            for (String request : List.of(
                    "GET " + prefix + "/manifests/latest",
                    "HEAD " + prefix + "/manifests/latest",
                    "PUT " + prefix + "/manifests/latest",
                    "DELETE " + prefix + "/manifests/latest",
                    "GET " + prefix + "/blobs/" + digest,
                    "HEAD " + prefix + "/blobs/" + digest,
                    "DELETE " + prefix + "/blobs/" + digest,
                    "POST " + prefix + "/blobs/uploads/",
                    "POST " + prefix + "/blobs/uploads/?mount=" + digest + "&from=access/there",
                    "PATCH " + prefix + "/blobs/uploads/123",
                    "PUT " + prefix + "/blobs/uploads/123?digest=" + digest,
                    "GET " + prefix + "/tags/list",
                    "GET " + prefix + "/referrers/" + digest,
                    "GET /v2/_catalog",
                    "GET /metrics")) {
                String[] parts = request.split(" ");
                berth.call(parts[0], parts[1])
                        .anonymous()
                        .send()
                        .isError(401, "UNAUTHORIZED")
                        .has("WWW-Authenticate", CHALLENGE);
            }
        }
    }

    @Test
    void anonymousPullOpensReadingAndNothingElse(@TempDir Path open) {
        try (var berth = BerthUnderTest.start(open, "projects.pushed-are-public=true", "registry.challenge=basic")) {
            byte[] blob = Content.random(30_000);
            String manifest = berth.pushImage("open/image", "latest", blob);
            String prefix = "/v2/open/image";
            berth.call("GET", prefix + "/manifests/latest")
                    .anonymous()
                    .send()
                    .isStatus(200)
                    .has("Cache-Control", "public, no-cache");
            berth.call("GET", prefix + "/manifests/" + manifest)
                    .anonymous()
                    .send()
                    .isStatus(200)
                    .has("Cache-Control", "public, max-age=31536000, immutable");
            berth.call("GET", prefix + "/blobs/" + Content.sha256(blob))
                    .anonymous()
                    .send()
                    .isStatus(200)
                    .has("Cache-Control", "public, max-age=31536000, immutable");
            for (String path : List.of(prefix + "/tags/list", "/v2/_catalog", prefix + "/referrers/" + manifest)) {
                berth.call("GET", path).anonymous().send().isStatus(200).has("Cache-Control", "public, no-cache");
            }
            berth.get("/v2/_catalog").isStatus(200).has("Cache-Control", "private, no-cache");
            berth.call("GET", prefix + "/manifests/absent").anonymous().send().isError(404, "MANIFEST_UNKNOWN");

            // podman and skopeo say "no credential" by an empty one.
            berth.call("GET", prefix + "/manifests/latest")
                    .as("Basic Og==")
                    .send()
                    .isStatus(200);
            berth.call("GET", prefix + "/manifests/latest")
                    .as(BerthUnderTest.basic("admin", "wrong"))
                    .send()
                    .isError(401, "UNAUTHORIZED");

            // Clients learn at the ping alone how to present a credential.
            berth.call("GET", "/v2/").anonymous().send().isError(401, "UNAUTHORIZED");
            for (String request : List.of(
                    "POST " + prefix + "/blobs/uploads/",
                    "POST " + prefix + "/blobs/uploads/?mount=" + Content.sha256(blob) + "&from=open/image",
                    "PUT " + prefix + "/manifests/latest",
                    "DELETE " + prefix + "/manifests/latest",
                    "DELETE " + prefix + "/blobs/" + Content.sha256(blob),
                    "GET /metrics")) {
                String[] parts = request.split(" ");
                berth.call(parts[0], parts[1]).anonymous().send().isError(401, "UNAUTHORIZED");
            }
        }
    }

    @Test
    void readOnlyModeRefusesEveryChange(@TempDir Path frozen) {
        byte[] blob = Content.random(30_000);
        String digest;
        try (var writable = BerthUnderTest.start(frozen)) {
            digest = writable.pushImage("frozen/image", "latest", blob);
        }
        try (var readOnly = BerthUnderTest.start(frozen, "registry.read-only=true")) {
            String prefix = "/v2/frozen/image";
            readOnly.get(prefix + "/manifests/latest").isStatus(200).has("Docker-Content-Digest", digest);
            assertThat(readOnly.get(prefix + "/blobs/" + Content.sha256(blob))
                            .isStatus(200)
                            .body())
                    .isEqualTo(blob);
            for (String request : List.of(
                    "POST " + prefix + "/blobs/uploads/",
                    "POST " + prefix + "/blobs/uploads/?mount=" + Content.sha256(blob) + "&from=frozen/image",
                    "PATCH " + prefix + "/blobs/uploads/1",
                    "PUT " + prefix + "/manifests/latest",
                    "DELETE " + prefix + "/manifests/latest",
                    "DELETE " + prefix + "/manifests/" + digest,
                    "DELETE " + prefix + "/blobs/" + Content.sha256(blob))) {
                String[] parts = request.split(" ");
                readOnly.call(parts[0], parts[1]).send().isError(405, "DENIED");
                readOnly.call(parts[0], parts[1])
                        .as(BerthUnderTest.basic("admin", "wrong"))
                        .send()
                        .isError(401, "UNAUTHORIZED");
            }
            readOnly.get(prefix + "/manifests/latest").isStatus(200);
        }
    }

    @Test
    void sharedCachesKeepNoListsThatNotEverybodyMaySee() {
        String manifest = berth.pushImage("access/listed", "latest", Content.random(1_000));
        for (String path :
                List.of("/v2/access/listed/tags/list", "/v2/_catalog", "/v2/access/listed/referrers/" + manifest)) {
            berth.get(path).isStatus(200).has("Cache-Control", "private, no-cache");
        }
        berth.get(berth.openUpload("access/listed")).isStatus(204).has("Cache-Control", "private, no-store");
        berth.get("/v2/access/none/tags/list").isError(404, "NAME_UNKNOWN").hasNo("Cache-Control");
    }

    @Test
    void aNameOfOneSegmentIsAnAliasOfLibrary() {
        byte[] layer = Content.random(40_000);
        String digest = berth.pushImage("alpine", "3.22", layer);
        for (String name : List.of("alpine", "library/alpine")) {
            berth.get("/v2/" + name + "/manifests/3.22").isStatus(200).has("Docker-Content-Digest", digest);
            berth.get("/v2/" + name + "/blobs/" + Content.sha256(layer)).isStatus(200);
            assertThat(berth.get("/v2/" + name + "/tags/list").isStatus(200).text())
                    .isEqualTo("{\"name\":\"library/alpine\",\"tags\":[\"3.22\"]}");
        }
        assertThat(berth.get("/v2/_catalog").text())
                .contains("\"library/alpine\"")
                .doesNotContain("\"alpine\"");
        // An upload opened under one name goes on under the other.
        String upload = berth.openUpload("alpine");
        assertThat(upload).startsWith("/v2/library/alpine/blobs/uploads/");
        berth.get(upload.replace("library/", "")).isStatus(204);
        berth.call("POST", "/v2/access/mounted/blobs/uploads/?from=alpine&mount=" + Content.sha256(layer))
                .send()
                .isStatus(201);
    }

    @Test
    void anUnknownPathIs404() {
        for (String path : List.of(
                "/", "/v1/", "/v2x", "/v2x/a/b/manifests/c", "/v3/", "/metricsx", "/livezz", "/v2/a", "/v2/a/b/c")) {
            berth.get(path).isError(404, "UNSUPPORTED");
        }
    }

    @Test
    void healthNeedsNoCredential() {
        for (String path : List.of("/livez", "/readyz", "/healthz")) {
            Answer answer = berth.call("GET", path)
                    .anonymous()
                    .send()
                    .isStatus(200)
                    .has("Content-Type", "application/json")
                    .has("Cache-Control", "no-store");
            assertThat(answer.json().path("status").textValue()).isEqualTo("ok");
        }
    }

    @Test
    void everyAnswerHasAnIdOfItsOwn() {
        assertThat(berth.get("/v2/").header("X-Request-Id"))
                .isNotEqualTo(berth.get("/v2/").header("X-Request-Id"));
    }

    @Test
    void requestsAboveTheLimitAre429(@TempDir Path limited) {
        try (var berth = BerthUnderTest.start(limited, "limits.requests-per-second=1")) {
            int refused = 0;
            for (int i = 0; i < 20; i++) {
                Answer answer = berth.get("/v2/");
                if (answer.status() == 429) {
                    answer.isError(429, "TOO_MANY_REQUESTS").has("Retry-After", "1");
                    refused++;
                }
            }
            assertThat(refused).isPositive();
            // Others are not meant.
            berth.call("GET", "/v2/").anonymous().send().isError(401, "UNAUTHORIZED");
        }
    }
}
