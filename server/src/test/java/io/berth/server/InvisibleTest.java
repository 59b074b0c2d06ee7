package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.identity.AdminSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** To somebody who is logged in, what they may not see is answered like what is not there. */
class InvisibleTest {
    private static final String PASSWORD = "Abcd12345";

    /** May read some repositories, and pull, push and delete some tags of one. */
    private static final String EVE = BerthUnderTest.basic("eve", PASSWORD);

    private static final String RIGHTS = """
            projects:
              - name: hidden
              - name: partly
                members:
                  - {user: eve, role: maintainer, repositories: "open/**"}
                  - {user: eve, role: maintainer, repositories: "tagged", tags: "dev-*"}
            """;
    private static final Content ABSENT = Content.of(Content.OCI_MANIFEST, "{}");

    @TempDir
    static Path data;

    private static BerthUnderTest berth;
    private static byte[] layer;
    private static Content image;
    private static String upload;

    @BeforeAll
    static void start() throws Exception {
        berth = BerthUnderTest.start(data);
        berth.makeUser("eve", PASSWORD);
        apply(RIGHTS);
        layer = Content.random(100);
        image = Content.image(berth, "hidden/app", layer);
        berth.pushManifest("hidden/app", "v1", image);
        String copy = "/projects/partly/repositories/closed/artifacts?from=hidden/app:v1";
        berth.api("POST", copy, "", BerthUnderTest.ADMIN).isStatus(201);
        String location = berth.openUpload("hidden/app");
        upload = location.substring(location.lastIndexOf('/') + 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v2/%1$s/%2$s/manifests/v1",
                "/v2/%1$s/%2$s/tags/list",
                "/api/v2.0/projects/%1$s/repositories/%2$s"
            })
    void whatIsHiddenTakesAsLongAsWhatIsNotThere(String path) {
        for (String caller : new String[] {EVE, null}) {
            List<String> paths = Stream.of("hidden/app", "hidden/none", "nowhere/app")
                    .map(name -> path.formatted((Object[]) name.split("/")))
                    .toList();
            var nanos = new long[paths.size()][400];
            for (int i = -50; i < 400; i++) { // the first ones warm up
                for (int j = 0; j < paths.size(); j++) {
                    var call = berth.call("GET", paths.get(j));
                    call = caller == null ? call.anonymous() : call.as(caller);
                    long start = System.nanoTime();
                    int status = call.send().status();
                    nanos[j][Math.max(i, 0)] = System.nanoTime() - start;
                    assertThat(status).isGreaterThanOrEqualTo(400);
                }
            }
            for (long[] times : nanos) {
                Arrays.sort(times);
            }
            for (int j = 1; j < paths.size(); j++) {
                assertThat(nanos[j][200])
                        .as("median of %s beside that of %s", paths.get(j), paths.get(0))
                        .isBetween(nanos[0][200] / 2, nanos[0][200] * 2);
            }
        }
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static void apply(String yaml) throws Exception {
        var answer = AdminSocket.request(data, Map.of("do", "apply", "yaml", yaml, "dryRun", false));
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
    }

    // Each request of a repository, with the headers that it has
    private static Stream<List<String>> requests() {
        String digest = image.digest();
        String blob = Content.sha256(layer);
        String matches = "If-Match: \"" + digest + "\"";
        String none = "If-None-Match: \"" + digest + "\"";
        return Stream.of(
                        List.of("GET", "/manifests/v1"),
                        List.of("GET", "/manifests/v1", none),
                        List.of("GET", "/manifests/v1", "If-None-Match: *"),
                        List.of("GET", "/manifests/v1", matches),
                        List.of("HEAD", "/manifests/v1", none),
                        List.of("GET", "/manifests/" + digest),
                        List.of("GET", "/manifests/" + digest, none),
                        List.of("HEAD", "/manifests/" + digest),
                        List.of("PUT", "/manifests/v1"),
                        List.of("PUT", "/manifests/v1", matches),
                        List.of("PUT", "/manifests/v1", "If-None-Match: *"),
                        List.of("PUT", "/manifests/" + digest),
                        List.of("PUT", "/manifests/" + digest + "?tag=v1", none),
                        List.of("DELETE", "/manifests/v1"),
                        List.of("DELETE", "/manifests/v1", matches),
                        List.of("DELETE", "/manifests/v1", "If-Match: \"sha256:0\""),
                        List.of("DELETE", "/manifests/" + digest),
                        List.of("GET", "/blobs/" + blob),
                        List.of("GET", "/blobs/" + blob, "If-None-Match: \"" + blob + "\""),
                        List.of("GET", "/blobs/" + blob, "Range: bytes=0-1", "If-Range: \"" + blob + "\""),
                        List.of("HEAD", "/blobs/" + blob),
                        List.of("DELETE", "/blobs/" + blob),
                        List.of("GET", "/tags/list"),
                        List.of("GET", "/tags/list?n=1&last=a"),
                        List.of("GET", "/referrers/" + digest),
                        List.of("POST", "/blobs/uploads/"),
                        List.of("POST", "/blobs/uploads/?digest=" + blob),
                        List.of("POST", "/blobs/uploads/?mount=" + blob),
                        List.of("GET", "/blobs/uploads/" + upload),
                        List.of("PATCH", "/blobs/uploads/" + upload),
                        List.of("PUT", "/blobs/uploads/" + upload + "?digest=" + blob),
                        List.of("DELETE", "/blobs/uploads/" + upload))
                .map(List::copyOf);
    }

    /** What a client can tell answers apart by. */
    private record Seen(int status, String body, Map<String, List<String>> headers) {}

    private static Seen ask(String repository, List<String> request) {
        var call =
                berth.call(request.get(0), "/v2/" + repository + request.get(1)).as(EVE);
        for (String header : request.subList(2, request.size())) {
            int colon = header.indexOf(": ");
            call.header(header.substring(0, colon), header.substring(colon + 2));
        }
        if (request.getFirst().startsWith("P")) {
            call.header("Content-Type", Content.OCI_MANIFEST).body(image.bytes());
        }
        Answer answer = call.send();
        var headers = new TreeMap<String, List<String>>(String.CASE_INSENSITIVE_ORDER);
        headers.putAll(answer.headers());
        headers.remove("X-Request-Id");
        headers.remove("Date");
        return new Seen(answer.status(), answer.text().replace(repository, "<repository>"), headers);
    }

    @ParameterizedTest
    @MethodSource("requests")
    void aHiddenRepositoryIsAnsweredLikeOneThatIsNotThere(List<String> request) {
        Seen absent = ask("hidden/absent", request);
        assertThat(absent.status()).isEqualTo(403);
        assertThat(ask("hidden/app", request)).isEqualTo(absent);
        assertThat(ask("absent/app", request)).isEqualTo(absent);
        assertThat(ask("partly/closed", request)).isEqualTo(absent);
        assertThat(ask("partly/absent", request)).isEqualTo(absent);
    }

    @Test
    void aMountFromWhatIsHiddenIsLikeOneFromWhatIsNotThere() {
        String mount = "/blobs/uploads/?mount=" + Content.sha256(layer) + "&from=";
        Seen absent = ask("partly/open/app", List.of("POST", mount + "absent/app"));
        Seen hidden = ask("partly/open/app", List.of("POST", mount + "hidden/app"));
        assertThat(hidden.status()).isEqualTo(absent.status()).isEqualTo(202);
        assertThat(hidden.headers().keySet()).isEqualTo(absent.headers().keySet());
    }

    @Test
    void aDigestThatNoneOfOnesTagsReachesIsAnsweredLikeOneThatIsNotThere() {
        Content child = Content.image(berth, "partly/tagged", layer);
        Content index = Content.index("", child);
        berth.pushManifest("partly/tagged", child.digest(), child);
        berth.pushManifest("partly/tagged", "v1", index);
        for (String there : List.of(child.digest(), index.digest())) {
            for (List<String> request : List.of(
                    List.of("GET", "/manifests/"),
                    List.of("GET", "/manifests/", "If-None-Match: *"),
                    List.of("HEAD", "/manifests/"),
                    List.of("DELETE", "/manifests/"),
                    List.of("GET", "/referrers/"))) {
                assertThat(ofTagged(request, there))
                        .as(request.toString())
                        .isEqualTo(ofTagged(request, ABSENT.digest()));
            }
        }
        for (List<String> request : List.of(List.of("GET", "/blobs/"), List.of("HEAD", "/blobs/"))) {
            assertThat(ofTagged(request, Content.sha256(layer)))
                    .as(request.toString())
                    .isEqualTo(ofTagged(request, ABSENT.digest()));
        }
        berth.get("/v2/partly/tagged/manifests/" + child.digest()).isStatus(200);
    }

    private static Seen ofTagged(List<String> request, String digest) {
        var whole = new java.util.ArrayList<>(request);
        whole.set(1, request.get(1) + digest);
        Seen seen = ask("partly/tagged", whole);
        return new Seen(seen.status(), seen.body().replace(digest, "<digest>"), seen.headers());
    }

    @Test
    void aConditionOfAPushByDigestTellsNothingOfWhatIsHidden() {
        Content hidden = Content.image(berth, "partly/tagged", Content.random(10));
        Content absent = Content.image(berth, "partly/tagged", Content.random(10));
        berth.pushManifest("partly/tagged", "v2", hidden);
        for (String condition : List.of("If-None-Match", "If-Match")) {
            List<Answer> answers = Stream.of(hidden, absent)
                    .map(manifest -> berth.call("PUT", "/v2/partly/tagged/manifests/" + manifest.digest())
                            .as(EVE)
                            .header("Content-Type", manifest.type())
                            .header(condition, "*")
                            .body(manifest.bytes())
                            .send())
                    .toList();
            assertThat(answers.getFirst().status())
                    .isEqualTo(answers.getLast().status())
                    .isEqualTo(condition.equals("If-Match") ? 412 : 404);
            assertThat(answers.getFirst().complaint().replaceAll("sha256:[0-9a-f]+", ""))
                    .isEqualTo(answers.getLast().complaint().replaceAll("sha256:[0-9a-f]+", ""));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PUT /v2/hidden/app/manifests/v1",
                "PUT /v2/partly/tagged/manifests/v1",
                "POST /v2/hidden/app/blobs/uploads/?digest=sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "PATCH /v2/hidden/app/blobs/uploads/{upload}",
                "PUT /v2/hidden/app/blobs/uploads/{upload}?digest=sha256:0"
            })
    void whoMayNotPushIsNotAskedToGoOn(String request) throws IOException {
        try (RawHttp raw = berth.raw()) {
            raw.send(request.replace("{upload}", upload) + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + EVE
                    + "\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
            raw.read().isError(403, "DENIED");
        }
    }

    @Test
    void aRightThatIsTakenBackEndsAnUploadOnItsWay() throws Exception {
        byte[] content = Content.random(100);
        String location = berth.call("POST", "/v2/partly/open/upload/blobs/uploads/")
                .as(EVE)
                .send()
                .isStatus(202)
                .header("Location");
        berth.call("PATCH", location)
                .as(EVE)
                .body(Content.part(content, 0, 50))
                .send()
                .isStatus(202);
        apply("projects: [{name: partly, members: []}]");
        try {
            berth.call("PATCH", location)
                    .as(EVE)
                    .body(Content.part(content, 50, 100))
                    .send()
                    .isError(403, "DENIED");
            berth.call("PUT", location + "?digest=" + Content.sha256(content))
                    .as(EVE)
                    .body(Content.part(content, 50, 100))
                    .send()
                    .isError(403, "DENIED");
        } finally {
            apply(RIGHTS);
        }
        berth.call("GET", location).as(EVE).send().isStatus(204).has("Range", "0-49");
        berth.call("PUT", location + "?digest=" + Content.sha256(content))
                .as(EVE)
                .body(Content.part(content, 50, 100))
                .send()
                .isStatus(201);
    }
}
