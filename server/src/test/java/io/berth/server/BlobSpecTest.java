package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Blobs: HEAD, GET with every kind of range and condition, DELETE. */
class BlobSpecTest {
    private static final String REPOSITORY = "blobs/spec";
    private static final byte[] LARGE = Content.random(100_000);
    private static final byte[] SMALL = Content.random(1_000);
    private static final String LARGE_PATH = "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(LARGE);
    private static final String SMALL_PATH = "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(SMALL);

    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
        berth.pushBlob(REPOSITORY, LARGE);
        berth.pushBlob(REPOSITORY, SMALL);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static List<byte[]> both() {
        return List.of(LARGE, SMALL);
    }

    private static String path(byte[] blob) {
        return "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(blob);
    }

    @Test
    void getGivesTheBytesWithTheirDigest() {
        for (byte[] blob : both()) {
            Answer answer = berth.get(path(blob)).isStatus(200);
            assertThat(answer.body()).isEqualTo(blob);
            answer.has("Content-Length", Integer.toString(blob.length))
                    .has("Content-Type", "application/octet-stream")
                    .has("Docker-Content-Digest", Content.sha256(blob))
                    .has("ETag", '"' + Content.sha256(blob) + '"')
                    .has("Accept-Ranges", "bytes")
                    .has("Cache-Control", "private, max-age=31536000, immutable");
        }
    }

    @Test
    void headTellsTheSameWithoutABody() {
        for (byte[] blob : both()) {
            Answer answer = berth.head(path(blob)).isStatus(200);
            assertThat(answer.body()).isEmpty();
            answer.has("Content-Length", Integer.toString(blob.length))
                    .has("Content-Type", "application/octet-stream")
                    .has("Docker-Content-Digest", Content.sha256(blob))
                    .has("ETag", '"' + Content.sha256(blob) + '"');
        }
    }

    @Test
    void theColonOfADigestMayBeEscaped() {
        berth.get(SMALL_PATH.replace("sha256:", "sha256%3A")).isStatus(200);
        berth.get(SMALL_PATH.replace("sha256:", "sha256%3a")).isStatus(200);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-        | 0    | N",
                "bytes=0-0       | 0    | 1",
                "bytes=0-99      | 0    | 100",
                "bytes=10-       | 10   | N",
                "bytes=500-899   | 500  | 900",
                "bytes=-1        | L1   | N",
                "bytes=-300      | L300 | N",
                "bytes=-99999999 | 0    | N",
                "bytes=999-      | 999  | N",
                "bytes=0-99999999999999999999999 | 0 | N",
                "Bytes=3-4       | 3    | 5",
                "bytes= 3-4      | 3    | 5",
            })
    void aSingleRangeIsAnsweredWith206(String range, String from, String to) {
        for (byte[] blob : both()) {
            int first =
                    from.startsWith("L") ? blob.length - Integer.parseInt(from.substring(1)) : Integer.parseInt(from);
            int end = to.equals("N") ? blob.length : Integer.parseInt(to);
            Answer answer =
                    berth.call("GET", path(blob)).header("Range", range).send().isStatus(206);
            assertThat(answer.body()).isEqualTo(Content.part(blob, first, end));
            answer.has("Content-Range", "bytes %d-%d/%d".formatted(first, end - 1, blob.length))
                    .has("Content-Length", Integer.toString(end - first))
                    .has("Docker-Content-Digest", Content.sha256(blob))
                    .has("ETag", '"' + Content.sha256(blob) + '"');
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=500-0",
                "bytes=100000-",
                "bytes=100000-100001",
                "bytes=99999999999999999999-",
                "bytes=-0",
                "bytes=",
                "bytes=-",
                "bytes=a-b",
                "bytes=1-b",
                "bytes=1",
                "bytes=--5",
                "bytes=1-2-3",
                "bytes=0x1-2",
                "bytes=1-2,oops",
                "bytes=,",
            })
    void whatCannotBeSatisfiedIsAnsweredWith416(String range) {
        for (byte[] blob : both()) {
            berth.call("GET", path(blob))
                    .header("Range", range)
                    .send()
                    .isError(416, "RANGE_INVALID")
                    .has("Content-Range", "bytes */" + blob.length);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"items=0-1", "pages=1", "0-5", "octets=0-", "nonsense"})
    void anotherUnitThanBytesIsIgnored(String range) {
        for (byte[] blob : both()) {
            assertThat(berth.call("GET", path(blob))
                            .header("Range", range)
                            .send()
                            .isStatus(200)
                            .body())
                    .isEqualTo(blob);
        }
    }

    @Test
    void rangesAreForGetAlone() {
        // RFC 9110, 14.2: "GET is the only method for which range handling is defined."
        berth.call("HEAD", LARGE_PATH)
                .header("Range", "bytes=0-9")
                .send()
                .isStatus(200)
                .has("Content-Length", "100000");
    }

    @Test
    void severalRangesComeAsPartsThatSayWhereTheyBelong() {
        Answer answer = berth.call("GET", LARGE_PATH)
                .header("Range", "bytes=0-9, 70000-99999,-5,200000-300000")
                .send()
                .isStatus(206);
        assertThat(answer.header("Content-Type")).startsWith("multipart/byteranges; boundary=");
        answer.hasNo("Content-Range").has("Content-Length", Integer.toString(answer.body().length));
        String boundary = answer.header("Content-Type").substring("multipart/byteranges; boundary=".length());
        String text = new String(answer.body(), java.nio.charset.StandardCharsets.ISO_8859_1);
        assertThat(text).endsWith("\r\n--" + boundary + "--\r\n");
        List<String> parts = new ArrayList<>(List.of(text.split("\r\n--" + java.util.regex.Pattern.quote(boundary))));
        assertThat(parts.removeFirst()).isEmpty();
        assertThat(parts.removeLast()).isEqualTo("--\r\n");
        assertThat(parts).hasSize(3);
        assertPart(parts.get(0), "0-9", Content.part(LARGE, 0, 10));
        assertPart(parts.get(1), "70000-99999", Content.part(LARGE, 70_000, 100_000));
        assertPart(parts.get(2), "99995-99999", Content.part(LARGE, 99_995, 100_000));
    }

    private static void assertPart(String part, String range, byte[] bytes) {
        int end = part.indexOf("\r\n\r\n");
        assertThat(part.substring(0, end).split("\r\n"))
                .contains("Content-Type: application/octet-stream", "Content-Range: bytes " + range + "/100000");
        assertThat(part.substring(end + 4).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1))
                .isEqualTo(bytes);
    }

    @Test
    void ofSeveralRangesASingleSatisfiableOneComesAlone() {
        berth.call("GET", LARGE_PATH)
                .header("Range", "bytes=0-9,200000-")
                .send()
                .isStatus(206)
                .has("Content-Range", "bytes 0-9/100000")
                .has("Content-Type", "application/octet-stream");
    }

    @Test
    void severalRangesOfASmallBlobMayComeAsAWhole() {
        assertThat(berth.call("GET", SMALL_PATH)
                        .header("Range", "bytes=0-9,20-29")
                        .send()
                        .isStatus(200)
                        .body())
                .isEqualTo(SMALL);
    }

    @Test
    void tooManyRangesAreAnsweredWithEverything() {
        assertThat(berth.call("GET", LARGE_PATH)
                        .header("Range", "bytes=" + "0-,".repeat(1000) + "0-")
                        .send()
                        .isStatus(200)
                        .body())
                .isEqualTo(LARGE);
    }

    @Test
    void aClientThatHasTheBlobIsTold304() {
        for (byte[] blob : both()) {
            String tag = '"' + Content.sha256(blob) + '"';
            for (String condition : List.of(tag, "W/" + tag, "*", "\"other\", " + tag)) {
                for (String method : List.of("GET", "HEAD")) {
                    Answer answer = berth.call(method, path(blob))
                            .header("If-None-Match", condition)
                            .send()
                            .isStatus(304);
                    assertThat(answer.body()).isEmpty();
                    answer.has("ETag", tag).has("Docker-Content-Digest", Content.sha256(blob));
                }
            }
            berth.call("GET", path(blob))
                    .header("If-None-Match", "\"other\"")
                    .send()
                    .isStatus(200);
        }
    }

    @Test
    void ifNoneMatchIsDecidedBeforeTheRange() {
        // RFC 9110, 13.2.2
        for (byte[] blob : both()) {
            berth.call("GET", path(blob))
                    .header("If-None-Match", '"' + Content.sha256(blob) + '"')
                    .header("Range", "bytes=500000-")
                    .send()
                    .isStatus(304);
        }
    }

    @Test
    void ifRangeWithTheBlobsTagGivesThePart() {
        berth.call("GET", LARGE_PATH)
                .header("Range", "bytes=1-2")
                .header("If-Range", '"' + Content.sha256(LARGE) + '"')
                .send()
                .isStatus(206);
    }

    @Test
    void ifRangeWithAnotherOrAWeakTagOrADateGivesEverything() {
        String tag = '"' + Content.sha256(LARGE) + '"';
        for (String condition : List.of("\"sha256:other\"", "W/" + tag, "Wed, 21 Oct 2015 07:28:00 GMT")) {
            assertThat(berth.call("GET", LARGE_PATH)
                            .header("Range", "bytes=1-2")
                            .header("If-Range", condition)
                            .send()
                            .isStatus(200)
                            .body())
                    .as(condition)
                    .isEqualTo(LARGE);
        }
    }

    @Test
    void anEmptyBlobIsABlob() {
        String digest = berth.pushBlob(REPOSITORY, new byte[0]);
        String path = "/v2/" + REPOSITORY + "/blobs/" + digest;
        assertThat(berth.get(path).isStatus(200).has("Content-Length", "0").body())
                .isEmpty();
        berth.head(path).isStatus(200).has("Content-Length", "0");
        berth.call("GET", path).header("Range", "bytes=0-").send().isError(416, "RANGE_INVALID");
    }

    @Test
    void anUnknownBlobIs404() {
        String unknown = "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(Content.random(9));
        berth.get(unknown).isError(404, "BLOB_UNKNOWN");
        berth.head(unknown).isError(404, "BLOB_UNKNOWN");
        berth.delete(unknown).isError(404, "BLOB_UNKNOWN");
        // The same in a repository that does not exist.
        berth.get(unknown.replace(REPOSITORY, "nobody/there")).isError(404, "BLOB_UNKNOWN");
        berth.delete(unknown.replace(REPOSITORY, "nobody/there")).isError(404, "BLOB_UNKNOWN");
    }

    @Test
    void aBlobOfAnotherRepositoryIsUnknown() {
        berth.get(LARGE_PATH.replace(REPOSITORY, "blobs/other")).isError(404, "BLOB_UNKNOWN");
    }

    @Test
    void aDeletedBlobIsGoneAndCanBePushedAgain() {
        for (int size : List.of(100, 50_000)) {
            byte[] blob = Content.random(size);
            String path = "/v2/" + REPOSITORY + "/blobs/" + berth.pushBlob(REPOSITORY, blob);
            berth.get(path).isStatus(200);
            Answer answer = berth.delete(path).isStatus(202);
            assertThat(answer.body()).isEmpty();
            berth.get(path).isError(404, "BLOB_UNKNOWN");
            berth.head(path).isError(404, "BLOB_UNKNOWN");
            berth.delete(path).isError(404, "BLOB_UNKNOWN");
            berth.pushBlob(REPOSITORY, blob);
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(blob);
        }
    }

    @Test
    void otherMethodsAreNotAllowed() {
        for (String method : List.of("PUT", "POST", "PATCH")) {
            berth.call(method, SMALL_PATH).send().isError(405, "UNSUPPORTED").has("Allow", "GET, HEAD, DELETE");
        }
    }
}
