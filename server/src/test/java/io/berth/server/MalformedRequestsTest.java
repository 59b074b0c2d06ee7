package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Malformed names, tags, digests, headers, lengths, paths and documents. After each the server still serves. */
class MalformedRequestsTest {
    private static BerthUnderTest berth;
    private static Path outside;

    @BeforeAll
    static void start(@TempDir Path directory) throws IOException {
        berth = BerthUnderTest.start(directory.resolve("data"));
        outside = Files.writeString(directory.resolve("secret"), "nobody may see this");
        berth.pushImage("bad/input", "latest", Content.random(20_000));
    }

    @AfterAll
    static void stop() {
        berth.stillServes();
        berth.close();
    }

    @AfterEach
    void itStillServes() {
        berth.get("/v2/bad/input/manifests/latest").isStatus(200);
    }

    private static Answer raw(String request) throws IOException {
        try (RawHttp raw = berth.raw()) {
            return raw.send(request).read();
        }
    }

    private static Answer rawGet(String target) throws IOException {
        try (RawHttp raw = berth.raw()) {
            return raw.head("GET " + target).read();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPPER/case",
                "a//b",
                "/a",
                "a/",
                "-a/b",
                "a-/b",
                "a/_b",
                "a/b_",
                "a___b/c",
                "a..b/c",
                "a./b",
                "a/.b",
                "a/%20b",
                "a/b%00",
                "a/%C3%A9",
                "a/b%0a",
                "a/b%0d%0aX:y",
                "a%5Cb/c",
                "a:b/c",
                "a@b/c",
                "a~b/c",
                "a%2F%2Fb",
                "a%252Fb/c",
                "*/b",
                "a;b/c",
                "a/'b",
                "a/%22b",
                "a/..%2Fb"
            })
    void aMalformedNameIs400(String name) throws IOException {
        for (String rest : List.of(
                "/manifests/latest", "/blobs/" + Content.sha256(new byte[0]), "/tags/list", "/blobs/uploads/")) {
            String method = rest.endsWith("uploads/") ? "POST" : "GET";
            try (RawHttp raw = berth.raw()) {
                raw.head(method + " /v2/" + name + rest, "Content-Length: 0")
                        .read()
                        .isError(400, "NAME_INVALID");
            }
        }
    }

    @Test
    void aNameIsAtMost255Long() throws IOException {
        rawGet("/v2/" + "a/".repeat(127) + "b/tags/list").isError(404, "NAME_UNKNOWN");
        rawGet("/v2/" + "a/".repeat(127) + "bb/tags/list").isError(400, "NAME_INVALID");
        rawGet("/v2/" + "a".repeat(10_000) + "/tags/list").isError(400, "NAME_INVALID");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".", "..", "-a", ".a", "a%20b", "a%00", "%C3%A9", "a+b", "a%0Ab", "a%5Cb", "a!b", "a@b", "a*", "%"
            })
    void aMalformedTagIs400(String tag) throws IOException {
        for (String method : List.of("GET", "PUT", "DELETE")) {
            try (RawHttp raw = berth.raw()) {
                Answer answer = raw.head(method + " /v2/bad/input/manifests/" + tag, "Content-Length: 0")
                        .read();
                assertThat(answer.status()).as(method + answer.text()).isEqualTo(400);
                assertThat(answer.complaint()).containsAnyOf("TAG_INVALID", "NAME_INVALID");
            }
        }
    }

    @Test
    void aTagIsAtMost128Long() throws IOException {
        rawGet("/v2/bad/input/manifests/" + "a".repeat(128)).isError(404, "MANIFEST_UNKNOWN");
        rawGet("/v2/bad/input/manifests/" + "a".repeat(129)).isError(400, "TAG_INVALID");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sha256:",
                "sha256:abc",
                ":",
                "a:b",
                "sha256:G3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
                "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555",
                "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha384:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "sha256%00:12"
            })
    void aMalformedDigestIs400(String digest) throws IOException {
        for (String target : List.of("/v2/bad/input/blobs/", "/v2/bad/input/manifests/", "/v2/bad/input/referrers/")) {
            Answer answer = rawGet(target + digest);
            assertThat(answer.status()).as(target + answer.text()).isEqualTo(400);
            assertThat(answer.complaint()).containsAnyOf("DIGEST_INVALID", "NAME_INVALID");
        }
        try (RawHttp raw = berth.raw()) {
            raw.head("POST /v2/bad/input/blobs/uploads/?digest=" + digest, "Content-Length: 0")
                    .read()
                    .isError(400, "DIGEST_INVALID");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v2/../secret",
                "/v2/../../secret",
                "/../secret",
                "/v2/%2e%2e/%2e%2e/secret",
                "/v2/..%2f..%2fsecret",
                "/v2/bad/input/blobs/../../../../secret",
                "/v2/bad/input/blobs/%2e%2e%2f%2e%2e%2fsecret",
                "/v2/bad/input/manifests/..%2f..%2f..%2fsecret",
                "/v2/bad/input/blobs/sha256:..%2f..%2fsecret",
                "/v2/bad/input/blobs/uploads/..%2f..%2fberth.db",
                "/v2/bad/input/blobs/uploads/../../../berth.db",
                "/v2/..%5c..%5csecret/tags/list",
                "/v2/%252e%252e/tags/list",
                "/v2/./././/tags/list",
                "/v2/a/../b/tags/list",
                "/v2/..;/..;/tags/list",
                "/v2/bad/input/referrers/..%2f..%2fsecret",
                "//etc/passwd",
                "/v2//etc/passwd",
                "/v2/bad/../bad/input/manifests/latest",
                "/v2/%c0%ae%c0%ae/tags/list",
                "/livez/../v2/",
                "/%76%32/_catalog/.."
            })
    void noPathLeadsOutside(String target) throws IOException {
        assertThat(Files.readString(outside)).isNotEmpty();
        for (String method : List.of("GET", "PUT", "DELETE", "PATCH", "POST")) {
            try (RawHttp raw = berth.raw()) {
                Answer answer =
                        raw.head(method + " " + target, "Content-Length: 0").read();
                assertThat(answer.text()).doesNotContain("nobody may see");
                if (!target.startsWith("/livez")) {
                    assertThat(answer.status()).as(method + " " + answer.text()).isBetween(400, 405);
                    assertThat(answer.complaint()).contains("code");
                }
            }
        }
        assertThat(Files.readString(outside)).isEqualTo("nobody may see this");
    }

    @ParameterizedTest
    @ValueSource(strings = {"n=%zz", "n=%", "last=%f", "%%%=1", "n=%u0031"})
    void aQueryWithAMalformedEscapeIs400(String query) throws IOException {
        Answer answer = rawGet("/v2/_catalog?" + query);
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.complaint()).contains("code");
        try (RawHttp raw = berth.raw()) {
            assertThat(raw.head("POST /v2/bad/input/blobs/uploads/?" + query, "Content-Length: 0")
                            .read()
                            .status())
                    .isEqualTo(400);
        }
    }

    @Test
    void aQueryBombIsRefusedOrIgnored() throws IOException {
        assertThat(rawGet("/v2/_catalog?" + "a=1&".repeat(3_000)).status()).isIn(200, 400);
        rawGet("/v2/_catalog?" + "a=1&".repeat(30_000)).isError(414, "UNSUPPORTED");
        assertThat(rawGet("/v2/_catalog?" + "&".repeat(10_000)).status()).isEqualTo(200);
        rawGet("/v2/_catalog?" + "n=1&".repeat(2_000)).isStatus(200);
    }

    @Test
    void aHugeRequestLineIs414() throws IOException {
        rawGet("/v2/" + "a".repeat(100_000)).isError(414, "UNSUPPORTED");
    }

    @Test
    void hugeHeadersAre431() throws IOException {
        try (RawHttp raw = berth.raw()) {
            raw.head("GET /v2/", "X-Bomb: " + "a".repeat(100_000)).read().isError(431, "UNSUPPORTED");
        }
        try (RawHttp raw = berth.raw()) {
            var bomb = new String[20_000];
            java.util.Arrays.setAll(bomb, i -> "X" + i + ": y");
            raw.head("GET /v2/", bomb).read().isError(431, "UNSUPPORTED");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET\r\n\r\n",
                "\u0000\u0001\u0002\u0003\r\n\r\n",
                "GET /v2/ HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
                "GET /v2/ HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
                "GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\u0000b\r\n\r\n",
                "GET /v2/ HTTP/1.1\r\nHost: a\r\nX\u0001: b\r\n\r\n",
                "GET /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nhello",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
                "POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello",
            })
    void whatIsNoHttpIs400AndTheConnectionEnds(String request) throws IOException {
        try (RawHttp raw = berth.raw()) {
            Answer answer = raw.send(request).read();
            assertThat(answer.status()).as(answer.text()).isIn(400, 401, 404, 501, 505);
            answer.isError(
                    answer.status(),
                    answer.json().path("errors").path(0).path("code").asText());
            if (answer.status() == 400) {
                raw.readToEnd();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zz\r\nhello\r\n", "-5\r\nhello\r\n", "ffffffffffffffffff\r\n", "5\r\nhelloXX", "5;"})
    void aMalformedChunkStoresNothing(String chunk) throws IOException {
        String upload = berth.openUpload("bad/input");
        try (RawHttp raw = berth.raw()) {
            raw.head("PATCH " + upload, "Transfer-Encoding: chunked").send(chunk + "\r\n");
            raw.socket().shutdownOutput();
            byte[] answer = raw.readToEnd();
            if (answer.length > 0) {
                assertThat(new String(answer, StandardCharsets.ISO_8859_1)).startsWith("HTTP/1.1 4");
            }
        }
        assertThat(size(upload)).isBetween(0L, 5L);
    }

    private static long size(String upload) {
        String range = berth.get(upload).isStatus(204).header("Range");
        return range.equals("0-0") ? 0 : Long.parseLong(range.substring(2)) + 1;
    }

    @Test
    void unknownMethodsAre405() throws IOException {
        for (String method : List.of("BREW", "TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get", "G".repeat(100))) {
            for (String path : List.of("/v2/_catalog", "/v2/bad/input/manifests/latest", "/v2/bad/input/tags/list")) {
                try (RawHttp raw = berth.raw()) {
                    Answer answer = raw.head(method + " " + path).read();
                    assertThat(answer.status()).as(method + answer.text()).isIn(400, 405);
                    assertThat(answer.complaint()).contains("UNSUPPORTED");
                }
            }
        }
    }

    @Test
    void otherFormsOfTargetDoNoHarm() throws IOException {
        for (String line : List.of(
                "OPTIONS *",
                "GET http://localhost/v2/",
                "CONNECT localhost:80",
                "GET ?",
                "GET #",
                "GET v2/",
                "GET http://")) {
            try (RawHttp raw = berth.raw()) {
                assertThat(raw.head(line).read().status()).as(line).isIn(200, 400, 401, 404, 405);
            }
        }
    }

    @Test
    void aBodyOnAGetIsReadAndIgnored() throws IOException {
        String body = "GET /v2/smuggled HTTP/1.1\r\n\r\n";
        String large = "/v2/bad/input/blobs/" + berth.pushBlob("bad/input", Content.random(100_000));
        for (String target : List.of("/v2/_catalog", "/v2/bad/input/manifests/latest", large)) {
            try (RawHttp raw = berth.raw()) {
                for (String range : List.of("bytes=0-", "bytes=0-1,5-6")) {
                    raw.head("GET " + target, "Range: " + range, "Content-Length: " + body.length())
                            .send(body);
                    assertThat(raw.read().status()).isIn(200, 206);
                }
                raw.head("GET /v2/").read().isStatus(200);
            }
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        byte[] blob = Content.random(200_000);
        String path = "/v2/bad/input/blobs/" + berth.pushBlob("bad/input", blob);
        try (RawHttp raw = berth.raw()) {
            for (int i = 0; i < 20; i++) {
                raw.head("GET /v2/").head("GET " + path).head("HEAD " + path).head("GET /v2/nothing/here/tags/list");
            }
            for (int i = 0; i < 20; i++) {
                assertThat(raw.read().isStatus(200).text()).isEqualTo("{}");
                assertThat(raw.read().isStatus(200).body()).isEqualTo(blob);
                raw.read("HEAD").isStatus(200);
                raw.read().isError(404, "NAME_UNKNOWN");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "\"text\"",
                "{",
                "{}",
                "{\"schemaVersion\":2}",
                "{\"schemaVersion\":1,\"config\":C,\"layers\":[]}",
                "{\"schemaVersion\":\"2\",\"config\":C,\"layers\":[]}",
                "{\"schemaVersion\":2.0,\"config\":C,\"layers\":[]}",
                "{\"schemaVersion\":2,\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":null,\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":[],\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":{}}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[null]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[{}]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"manifests\":[]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":C,\"config\":C,\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"annotations\":{\"a\":1}}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"annotations\":[]}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"subject\":{}}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[],\"subject\":\"x\"}",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[]} trailing",
                "{\"schemaVersion\":2,\"config\":C,\"layers\":[]}{}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha256:x\",\"size\":2},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"D\",\"size\":-2},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"D\",\"size\":3},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"D\",\"size\":2.0},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"D\",\"size\":1e99},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"D\",\"size\":18446744073709551618},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"\",\"digest\":\"D\",\"size\":2},\"layers\":[]}",
                "{\"schemaVersion\":2,\"config\":{\"digest\":\"D\",\"size\":2},\"layers\":[]}",
            })
    void aMalformedManifestIs400AndNothingIsStored(String template) {
        byte[] config = {'{', '}'};
        String digest = berth.pushBlob("bad/input", config);
        String text =
                template.replace("C", Content.descriptor("a/b", digest, 2)).replace("\"D\"", '"' + digest + '"');
        berth.call("PUT", "/v2/bad/input/manifests/malformed")
                .header("Content-Type", Content.OCI_MANIFEST)
                .body(text)
                .send()
                .isError(400, "MANIFEST_INVALID");
        berth.get("/v2/bad/input/manifests/malformed").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void aManifestThatIsNoUtf8OrTooDeepIs400() {
        for (byte[] content : List.of(
                new byte[] {(byte) 0xff, (byte) 0xfe, '{', 0, '}', 0},
                new byte[1000],
                Content.random(5_000),
                ("{\"a\":" + "[".repeat(100_000)).getBytes(StandardCharsets.UTF_8),
                ("{\"a\":".repeat(50_000)).getBytes(StandardCharsets.UTF_8))) {
            berth.call("PUT", "/v2/bad/input/manifests/malformed")
                    .header("Content-Type", Content.OCI_MANIFEST)
                    .body(content)
                    .send()
                    .isError(400, "MANIFEST_INVALID");
        }
    }
}
