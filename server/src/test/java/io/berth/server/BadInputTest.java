package io.berth.server;

import static io.berth.server.RunningBerth.expect;
import static io.berth.server.RunningBerth.header;
import static io.berth.server.RunningBerth.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.berth.oci.Digest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients should not send. After each test the server still serves. */
class BadInputTest {
    private static final String HEX = "a".repeat(64);

    @TempDir
    static Path data;

    private static RunningBerth berth;

    @BeforeAll
    static void start() throws Exception {
        berth = new RunningBerth(data, "server.idle-timeout", "800ms", "registry.max-manifest-size", "64KiB");
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    @AfterEach
    void theServerStillServes() {
        byte[] content = Long.toString(System.nanoTime()).getBytes(StandardCharsets.UTF_8);
        Digest digest = berth.blob("still/serves", content);
        assertThat(berth.get("/v2/still/serves/blobs/" + digest).body()).isEqualTo(content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPPER/case",
                "a//b",
                "a/../b",
                "a/./b",
                "-a/b",
                "a/b-",
                "a_/b",
                "a/.b",
                "a/b..c",
                "a/%2e%2e/b",
                "%2e%2e%2f%2e%2e%2fetc",
                "a%00/b",
                "a%0a/b",
                "caf%C3%A9/b",
                "a+b/c",
                "a___b/c",
                "a%20b/c"
            })
    void aMalformedNameIsRefused(String name) throws Exception {
        for (String rest :
                new String[] {"/manifests/v1", "/blobs/sha256:" + HEX, "/tags/list", "/referrers/sha256:" + HEX}) {
            String answer = request("GET", "/v2/" + name + rest);
            assertThat(answer).startsWith("HTTP/1.1 400").contains("NAME_INVALID");
        }
        assertThat(request("POST", "/v2/" + name + "/blobs/uploads/"))
                .startsWith("HTTP/1.1 400")
                .contains("NAME_INVALID");
    }

    @Test
    void aNameThatIsTooLongIsRefused() throws Exception {
        assertThat(request("GET", "/v2/a/" + "b".repeat(254) + "/manifests/v1")).contains("NAME_INVALID");
    }

    @ParameterizedTest
    @ValueSource(strings = {".v1", "-v1", "v1%2fx", "v%201", "v1%00", "%2e%2e", "..%2f..%2fetc%2fpasswd", "t%C3%A4g"})
    void aMalformedTagIsRefused(String tag) throws Exception {
        assertThat(request("GET", "/v2/a/b/manifests/" + tag)).startsWith("HTTP/1.1 4");
        assertThat(request("PUT", "/v2/a/b/manifests/" + tag)).startsWith("HTTP/1.1 4");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sha256:",
                "sha256:abc",
                "sha256:AAAA",
                "sha1:aaaa",
                "md5:a",
                "sha256",
                "sha256:..%2e..%2eetc",
                "sha512:abc",
                "sha256:gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
            })
    void aMalformedDigestIsRefused(String digest) throws Exception {
        assertThat(request("GET", "/v2/a/b/blobs/" + digest))
                .startsWith("HTTP/1.1 400")
                .contains("DIGEST_INVALID");
        assertThat(request("POST", "/v2/a/b/blobs/uploads/?digest=" + digest))
                .startsWith("HTTP/1.1 400")
                .contains("DIGEST_INVALID");
        assertThat(request("POST", "/v2/a/b/blobs/uploads/?mount=" + digest)).startsWith("HTTP/1.1 400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a-b", "5-2", "-5", "5-", "1-2-3", "99999999999999999999-1", "0-99999999999999999999", ""})
    void aMalformedContentRangeIsRefusedAndTheUploadGoesOn(String range) {
        String upload = berth.upload("a/b");
        var refused = expect(400, berth.send("PATCH", upload, new byte[] {1, 2}, "Content-Range", range));
        assertThat(text(refused)).contains("BLOB_UPLOAD_INVALID");
        expect(202, berth.send("PATCH", upload, new byte[] {1, 2}, "Content-Range", "0-1"));
    }

    @Test
    void aContentRangeThatDisagreesWithTheLengthIsRefused() {
        String upload = berth.upload("a/b");
        assertThat(text(expect(400, berth.send("PATCH", upload, new byte[] {1, 2}, "Content-Range", "0-9"))))
                .contains("SIZE_INVALID");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: -1\r\n", "Content-Length: x\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
                "Content-Length: 99999999999999999999\r\n", "Bad Header\r\n", "X: a\0b\r\n",
                "Transfer-Encoding: nonsense\r\n"
            })
    void aMalformedHeadIsRefusedAndTheConnectionClosed(String headers) throws Exception {
        String answer = berth.raw("PUT /v2/a/b/manifests/v1 HTTP/1.1\r\nHost: a\r\nAuthorization: " + RunningBerth.BASIC
                + "\r\n" + headers + "\r\n");
        assertThat(answer).matches("(?s)(HTTP/1.1 (400|501|413).*)?");
    }

    @Test
    void headersQueriesAndPathsOfAbsurdLengthAreRefused() throws Exception {
        assertThat(berth.raw("GET /v2/" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
                .startsWith("HTTP/1.1 414");
        assertThat(berth.raw("GET /v2/?" + "a=b&".repeat(50_000) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
                .startsWith("HTTP/1.1 414");
        assertThat(berth.raw("GET /v2/ HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(100_000) + "\r\n\r\n"))
                .contains(" 431 ");
    }

    @Test
    void notHttpAtAllIsClosed() throws Exception {
        byte[] noise = new byte[4096];
        new Random(1).nextBytes(noise);
        try {
            assertThat(berth.raw(noise)).doesNotStartWith("HTTP/1.1 2");
        } catch (SocketException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void otherMethodsAndPathsAreRefusedWithWhatIsAllowed() throws Exception {
        assertThat(request("POST", "/v2/a/b/manifests/v1"))
                .startsWith("HTTP/1.1 405")
                .contains("Allow: GET, HEAD, PUT, DELETE");
        assertThat(request("BREW", "/v2/a/b/blobs/sha256:" + HEX)).startsWith("HTTP/1.1 405");
        assertThat(request("PUT", "/v2/a/b/tags/list")).startsWith("HTTP/1.1 405");
        assertThat(request("GET", "/v2/a")).startsWith("HTTP/1.1 404");
        assertThat(request("GET", "/../../etc/passwd")).startsWith("HTTP/1.1 404");
        assertThat(request("GET", "/nothing")).startsWith("HTTP/1.1 404");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not json",
                "[]",
                "null",
                "{\"schemaVersion\":2",
                "{\"schemaVersion\":2}{}",
                "{\"schemaVersion\":1}",
                "{\"schemaVersion\":2,\"schemaVersion\":2,\"config\":{},\"layers\":[]}",
                "{\"schemaVersion\":2,\"mediaType\":\"text/plain\"}",
                "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[],\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha256:x\",\"size\":1},\"layers\":[]}"
            })
    void aMalformedManifestIsRefused(String manifest) {
        var refused = expect(
                400,
                berth.put(
                        "a/b",
                        "v1",
                        manifest.getBytes(StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/vnd.oci.image.manifest.v1+json"));
        assertThat(text(refused)).contains("MANIFEST_INVALID");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5", "99999999999999999999", "\"2\"", "null", "1e3"})
    void aSizeThatIsNoLengthIsRefused(String size) {
        Digest config = berth.blob("a/b", "{}".getBytes(StandardCharsets.UTF_8));
        String manifest = "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"" + config
                + "\",\"size\":" + size + "},\"layers\":[]}";
        var refused = expect(
                400,
                berth.put(
                        "a/b",
                        "v1",
                        manifest.getBytes(StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/vnd.oci.image.manifest.v1+json"));
        assertThat(text(refused)).contains("config.size");
    }

    @Test
    void aManifestOfAbsurdDepthOrSizeIsRefused() {
        String deep = "{\"schemaVersion\":2,\"x\":" + "[".repeat(5000) + "]".repeat(5000) + "}";
        expect(
                400,
                berth.put(
                        "a/b",
                        "v1",
                        deep.getBytes(StandardCharsets.UTF_8),
                        "Content-Type",
                        "application/vnd.oci.image.manifest.v1+json"));
        var large =
                berth.put("a/b", "v1", new byte[70_000], "Content-Type", "application/vnd.oci.image.manifest.v1+json");
        assertThat(text(expect(413, large))).contains("TOO_LARGE");
    }

    @Test
    void aContentTypeThatIsNotTheManifestsIsRefused() {
        byte[] manifest = berth.image("a/b");
        assertThat(text(expect(
                        400,
                        berth.put("a/b", "v1", manifest, "Content-Type", "application/vnd.oci.image.index.v1+json"))))
                .contains("differs");
    }

    @Test
    void anEarlyRefusalIsSeenAndNotAReset() throws Exception {
        // the client announces more than it will be allowed to send, and starts
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("PUT /v2/a/b/manifests/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(new byte[3_000_000]);
            assertThat(RunningBerth.answer(socket)).startsWith("HTTP/1.1 401");
            // and the connection serves the next request
            socket.getOutputStream()
                    .write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(RunningBerth.answer(socket)).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void continueIsSaidOnlyToThoseWhoMay() throws Exception {
        String head = "PUT /v2/a/b/manifests/v1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n";
        assertThat(berth.raw(head + "\r\n")).startsWith("HTTP/1.1 401");
        assertThat(berth.raw(head + "Authorization: " + RunningBerth.BASIC + "\r\n\r\n"))
                .startsWith("HTTP/1.1 100");
        // an upload that is not there
        assertThat(berth.raw("PATCH /v2/a/b/blobs/uploads/00000000-0000-4000-8000-000000000000 HTTP/1.1\r\nHost: a\r\n"
                        + "Expect: 100-continue\r\nContent-Length: 5\r\nAuthorization: " + RunningBerth.BASIC
                        + "\r\n\r\n"))
                .startsWith("HTTP/1.1 404")
                .contains("BLOB_UPLOAD_UNKNOWN");
    }

    @Test
    void headersThatTrickleInAreCutOff() throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            socket.setSoTimeout(10_000);
            var out = socket.getOutputStream();
            out.write("GET /v2/ HTTP/1.1\r\nHost: a\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void anUploadThatBreaksOffIsResumedWhereItStopped() throws Exception {
        byte[] content = new byte[600_000];
        new Random(5).nextBytes(content);
        String upload = berth.upload("a/b");
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            socket.getOutputStream()
                    .write(("PATCH " + upload + " HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\nAuthorization: "
                                    + RunningBerth.BASIC + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(content, 0, 400_000);
            socket.getOutputStream().flush();
        }
        // While the server still reads what has arrived another writer is refused, so ask until it has noticed.
        int have = 0;
        long deadline = System.nanoTime() + 10_000_000_000L;
        int status;
        do {
            var where = expect(204, berth.get(upload));
            String range = header(where, "Range");
            have = range.equals("0-0") ? 0 : Integer.parseInt(range.substring(2)) + 1;
            byte[] rest = java.util.Arrays.copyOfRange(content, have, content.length);
            status = berth.send("PATCH", upload, rest, "Content-Range", have + "-" + (content.length - 1))
                    .statusCode();
        } while (status == 416 && System.nanoTime() < deadline);
        assertThat(status).isEqualTo(202);
        assertThat(have).isLessThanOrEqualTo(400_000);
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        expect(201, berth.send("PUT", upload + "?digest=" + digest, new byte[0]));
        assertThat(berth.get("/v2/a/b/blobs/" + digest).body()).isEqualTo(content);
    }

    @Test
    void thousandsOfIdleUploadsCostLittle() {
        var paths = new ArrayList<String>();
        for (int i = 0; i < 2000; i++) {
            paths.add(berth.upload("idle/uploads"));
        }
        expect(204, berth.get(paths.getFirst()));
        expect(204, berth.get(paths.getLast()));
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        String one = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
        String two = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((one + two + one).getBytes(StandardCharsets.US_ASCII));
            assertThat(RunningBerth.answer(socket)).startsWith("HTTP/1.1 200");
            assertThat(RunningBerth.answer(socket)).startsWith("HTTP/1.1 404");
            assertThat(RunningBerth.answer(socket)).startsWith("HTTP/1.1 200");
        }
    }

    /** Random requests: nothing is answered 500, and nothing hangs. */
    @Fuzz
    void noiseNeverMakesTheServerFail() throws Exception {
        long seed = System.nanoTime();
        var random = new Random(seed);
        String[] methods = {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "X"};
        String[] words = {
            "v2",
            "a",
            "b",
            "manifests",
            "blobs",
            "uploads",
            "tags",
            "list",
            "_catalog",
            "referrers",
            "sha256:" + HEX,
            "v1",
            "",
            "..",
            "%2e",
            "%ff",
            "?n=1",
            "?digest=x",
            "?mount=sha256:" + HEX,
            "&from=a/b",
            "?tag=",
            "?last=%00"
        };
        String[] headers = {
            "Range: bytes=0-0",
            "Range: bytes=9-1,,",
            "Content-Range: 0-5",
            "If-Match: \"x\"",
            "If-None-Match: *",
            "Expect: 100-continue",
            "Authorization: Basic !!!",
            "Content-Type: application/json",
            "If-Range: x",
            "Connection: close",
            "Cookie: a=b",
            "Content-Length: 3",
            "Transfer-Encoding: chunked"
        };
        long budget = FuzzBudget.seconds(5) * 1_000_000_000L;
        long end = System.nanoTime() + budget;
        while (System.nanoTime() < end) {
            var path = new StringBuilder("/v2");
            for (int i = random.nextInt(7); i > 0; i--) {
                path.append('/').append(words[random.nextInt(words.length)]);
            }
            var request = new StringBuilder(
                    methods[random.nextInt(methods.length)] + " " + path + " HTTP/1.1\r\nHost: a\r\n");
            if (random.nextInt(4) > 0) {
                request.append("Authorization: ").append(RunningBerth.BASIC).append("\r\n");
            }
            for (int i = random.nextInt(4); i > 0; i--) {
                request.append(headers[random.nextInt(headers.length)]).append("\r\n");
            }
            request.append("Connection: close\r\n\r\n").append(random.nextInt(3) == 0 ? "abc" : "0\r\n\r\n");
            try {
                assertThat(berth.raw(request.toString()))
                        .as("seed %d: %s", seed, request)
                        .doesNotStartWith("HTTP/1.1 500");
            } catch (SocketException e) {
                // a reset of what makes no sense as HTTP is an answer, too
            }
        }
    }

    private static String request(String method, String path) throws IOException {
        return berth.raw(method + " " + path + " HTTP/1.1\r\nHost: a\r\nAuthorization: " + RunningBerth.BASIC
                + "\r\nContent-Length: 0\r\n\r\n");
    }
}
