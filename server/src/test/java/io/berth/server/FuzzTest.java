package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random and mutated requests for a while: {@code -Dberth.fuzz.seconds=N}, 10 by default; {@code -Dberth.fuzz.seed=N}
 * repeats a run. Never a 500, never a hang, never a lost blob.
 */
class FuzzTest {
    private static final List<String> METHODS =
            List.of("GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO", "get");
    private static final List<String> NAMES = List.of(
            "fuzz/a",
            "fuzz/b",
            "alpine",
            "UPPER",
            "..",
            "a//b",
            "%2e%2e",
            "a%00b",
            "_catalog",
            "",
            "a".repeat(300),
            "é");
    private static final List<String> QUERIES = List.of(
            "",
            "",
            "?n=2",
            "?n=-1",
            "?n=",
            "?last=zz",
            "?last=%",
            "?tag=a&tag=b",
            "?artifactType=x",
            "?mount=D",
            "?mount=D&from=fuzz/b",
            "?digest=D",
            "?digest=sha256:1",
            "?digest-algorithm=sha512",
            "?&&&=",
            "?%zz",
            "?n=%FF");
    private static final List<String> HEADERS = List.of(
            "Range: bytes=0-5",
            "Range: bytes=5-0",
            "Range: bytes=-",
            "Range: bytes=0-1,3-4",
            "If-None-Match: *",
            "If-Match: \"x\"",
            "If-Range: \"x\"",
            "Content-Range: 0-4",
            "Content-Range: x",
            "Content-Type: " + Content.OCI_MANIFEST,
            "Content-Type: " + Content.OCI_INDEX,
            "Content-Type: ",
            "Accept: */*",
            "Expect: 100-continue",
            "Expect: 200-ok",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip",
            "Content-Length: 3",
            "Content-Length: -1",
            "Content-Length: x",
            "Connection: close",
            "Connection: upgrade",
            "Upgrade: h2c",
            "X-Forwarded-For: 1.2.3.4",
            "Authorization: Basic x",
            "TE: trailers",
            "Accept-Encoding: gzip",
            "Cookie: a=b");
    private static final List<String> BODIES = List.of(
            "",
            "",
            "{}",
            "[]",
            "hello",
            "5\r\nhello\r\n0\r\n\r\n",
            "zz\r\n",
            "{\"schemaVersion\":2,\"config\":M,\"layers\":[M]}",
            "{\"schemaVersion\":2,\"manifests\":[]}",
            "{\"schemaVersion\":2,\"manifests\":[M]}",
            "{\"schemaVersion\":2,\"config\":M,\"layers\":[],\"subject\":M}");

    @Fuzz
    void nothingThatIsSentBreaksIt(@TempDir Path data) throws IOException {
        long seconds = FuzzBudget.seconds(10);
        long seed = Long.getLong("berth.fuzz.seed", System.nanoTime());
        var random = new Random(seed);
        // In a repository of their own: what is acknowledged here must outlive everything.
        Map<String, byte[]> acknowledged = new LinkedHashMap<>();
        String last = "";
        int count = 0;
        try (var berth = BerthUnderTest.start(data, "server.idle-timeout=2s", "registry.missing-references=accept")) {
            String fuzzed = berth.pushBlob("fuzz/a", new byte[] {'{', '}'});
            long deadline = System.nanoTime() + seconds * 1_000_000_000L;
            while (System.nanoTime() < deadline) {
                byte[] request = request(random, fuzzed);
                last = new String(request, StandardCharsets.ISO_8859_1);
                exchange(berth, request);
                if (count++ % 20 == 0) {
                    byte[] blob = new byte[random.nextInt(40_000)];
                    random.nextBytes(blob);
                    acknowledged.put(berth.pushBlob("kept/safe", blob), blob);
                }
            }
            for (Map.Entry<String, byte[]> kept : acknowledged.entrySet()) {
                last = kept.getKey();
                assertThat(berth.get("/v2/kept/safe/blobs/" + kept.getKey())
                                .isStatus(200)
                                .body())
                        .isEqualTo(kept.getValue());
            }
            berth.stillServes();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("-Dberth.fuzz.seed=" + seed + " failed at request " + count + ":\n" + last, e);
        }
        assertThat(count).as("requests sent").isGreaterThan(10);
    }

    private static void exchange(BerthUnderTest berth, byte[] request) throws IOException {
        try (RawHttp raw = berth.raw()) {
            raw.send(request);
            raw.socket().shutdownOutput();
            Answer answer = raw.read("HEAD");
            assertThat(answer.status()).as("a 5xx").isNotEqualTo(500).isNotEqualTo(503);
        } catch (EOFException | SocketException e) {
            // Closed without an answer, which is all that half a request deserves.
        } catch (SocketTimeoutException e) {
            throw new AssertionError("a hang", e);
        } catch (IOException e) {
            // HTTP/2 or an answer in another version: fine.
        }
    }

    private static byte[] request(Random random, String digest) {
        String descriptor = Content.descriptor("a/b", digest, 2);
        String body = pick(random, BODIES).replace("M", descriptor);
        String text = pick(random, METHODS) + " " + target(random, digest) + " HTTP/1.1\r\nHost: a\r\n";
        if (random.nextInt(10) > 0) {
            text += "Authorization: " + BerthUnderTest.ADMIN + "\r\n";
        }
        var more = new StringBuilder();
        for (int i = random.nextInt(4); i > 0; i--) {
            more.append(pick(random, HEADERS)).append("\r\n");
        }
        if (!body.isEmpty() && random.nextInt(4) > 0) {
            more.append("Content-Length: ").append(body.length()).append("\r\n");
        }
        byte[] request = (text + more + "\r\n" + body).getBytes(StandardCharsets.ISO_8859_1);
        return random.nextInt(3) == 0 ? mutated(random, request) : request;
    }

    private static String target(Random random, String digest) {
        String name = pick(random, NAMES);
        String reference =
                pick(random, List.of("latest", digest, "sha256:1", "..", "%2e%2e%2f", "a%20b", "x".repeat(200), ""));
        String path = switch (random.nextInt(8)) {
            case 0 -> "/v2/";
            case 1 -> "/v2/_catalog";
            case 2 -> "/v2/" + name + "/tags/list";
            case 3 -> "/v2/" + name + "/manifests/" + reference;
            case 4 -> "/v2/" + name + "/blobs/" + reference;
            case 5 -> "/v2/" + name + "/referrers/" + reference;
            case 6 -> "/v2/" + name + "/blobs/uploads/";
            default -> "/v2/" + name + "/blobs/uploads/" + reference;
        };
        return path + pick(random, QUERIES).replace("D", digest);
    }

    // Some bytes changed, doubled or left out; never into the repository of the acknowledged.
    private static byte[] mutated(Random random, byte[] request) {
        var out = new ByteArrayOutputStream();
        int places = 1 + random.nextInt(8);
        for (byte b : request) {
            if (random.nextInt(request.length) < places) {
                switch (random.nextInt(3)) {
                    case 0 -> out.write(random.nextInt(256));
                    case 1 -> {
                        out.write(b);
                        out.write(b);
                    }
                    default -> {
                        // left out
                    }
                }
            } else {
                out.write(b);
            }
        }
        return out.toByteArray();
    }

    private static <T> T pick(Random random, List<T> all) {
        return all.get(random.nextInt(all.size()));
    }
}
