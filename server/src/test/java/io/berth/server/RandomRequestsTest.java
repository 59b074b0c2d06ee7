package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random and mutated requests against a running server: never a 500, never a hang, never a lost acknowledged blob.
 *
 * <p>{@code -Dberth.fuzz.seconds=N} makes it longer, {@code -Dberth.fuzz.seed=S} repeats a run that failed.
 */
class RandomRequestsTest {
    private static final int SECONDS = FuzzBudget.seconds(10);
    private static final long SEED = Long.getLong("berth.fuzz.seed", System.nanoTime());
    private static final int WORKERS = 24;
    private static final int HANG_MILLIS = 20_000;
    private static final int ENOUGH = 4 << 20;
    private static final Pattern FAILURE = Pattern.compile("(?s)(^|\r\n\r\n|[}\\]])HTTP/1\\.[01] 5(00|02|04) ");

    // GET, http, /v2/ and an authority, in HPACK
    private static final byte[] PING =
            "\u0082\u0086\u0004\u0004/v2/\u0001\u0001a".getBytes(StandardCharsets.ISO_8859_1);
    private static final String[] METHODS = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PRI", "get", "X", ""
    };
    private static final String[] SPICES = {
        "%00",
        "%2e%2e%2f",
        "/../",
        "//",
        "%",
        "%zz",
        "%ff",
        "\0",
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\t",
        " ",
        ":",
        "@",
        "?",
        "&",
        "#",
        "-1",
        "0",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999",
        "sha256:",
        "sha512:",
        "bytes=",
        "0-0",
        "5-1",
        "*",
        "\"",
        "W/\"",
        ",",
        ";",
        "é",
        "\u00ff",
        "HTTP/9.9",
        "HTTP/1.0",
        "Content-Length: -1\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Expect: 100-continue\r\n",
        "Expect: x\r\n",
        "Connection: upgrade\r\n",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Upgrade: websocket\r\n",
        "Host: \r\n",
        "Authorization: Basic \r\n",
        "Authorization: Basic ====\r\n",
        "Range: bytes=0-0,1-1,-1\r\n",
        "Content-Range: 0-1\r\n",
        "If-Match: *\r\n",
        "?n=-1",
        "?last=%ff",
        "&tag=x&tag=y",
        "?mount=x&from=y",
        "Content-Encoding: gzip\r\n",
        "X: " + "y".repeat(9000) + "\r\n"
    };

    private record Kept(String path, byte[] bytes) {}

    private final ConcurrentLinkedQueue<Kept> ledger = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger answered = new AtomicInteger();

    @Fuzz
    void noiseNeitherFailsNorHangsTheServerNorLosesWhatItAcknowledged(@TempDir Path data) throws Exception {
        try (var berth = BerthUnderTest.start(data, "server.idle-timeout=2s", "registry.max-blob-size=1MiB")) {
            String image = berth.pushImage("fuzz/it", "latest", Content.random(30_000));
            byte[] layer = Content.random(40_000);
            String blob = berth.pushBlob("fuzz/it", layer);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> workers = new ArrayList<>();
                for (int worker = 0; worker < WORKERS; worker++) {
                    int number = worker;
                    workers.add(executor.submit(() -> work(berth, number, end, image, blob)));
                }
                workers.add(executor.submit(() -> keep(berth, end)));
                for (Future<?> worker : workers) {
                    worker.get(SECONDS + 120, TimeUnit.SECONDS);
                }
            }
            assertThat(ledger).as("acknowledged meanwhile").isNotEmpty();
            for (Kept kept : ledger) {
                assertThat(berth.get(kept.path()).isStatus(200).body()).isEqualTo(kept.bytes());
            }
            // Noise that nobody answers would prove nothing.
            assertThat(answered.get()).as("answers to %s requests", requests).isGreaterThan(requests.get() / 4);
            Gauges.eventually("nothing is left of the noise", () -> Gauges.active(berth) == 1);
            berth.stillServes();
        }
    }

    private Void keep(BerthUnderTest berth, long end) {
        for (int i = 0; System.nanoTime() < end; i++) {
            // By turns in the database and in a file.
            byte[] bytes = Content.random(i % 2 == 0 ? 700 : 50_000);
            try {
                String digest = berth.pushBlob("kept/it", bytes);
                ledger.add(new Kept("/v2/kept/it/blobs/" + digest, bytes));
            } catch (UncheckedIOException e) {
                // A connection that the idle timeout closed as it was used again: not acknowledged, so not owed.
            }
        }
        return null;
    }

    private Void work(BerthUnderTest berth, int worker, long end, String image, String blob) throws IOException {
        String upload = "/v2/fuzz/it/blobs/uploads/none";
        for (int i = 0; System.nanoTime() < end; i++) {
            if (i % 20 == 0) {
                upload = berth.openUpload("fuzz/it");
            }
            var random = new SplittableRandom(SEED * 31 + worker * 1_000_003L + i);
            byte[] request = random.nextInt(8) == 0 ? frames(random) : request(random, image, blob, upload);
            String answer;
            try {
                answer = exchange(berth.port(), request);
            } catch (IOException | AssertionError e) {
                throw new AssertionError(describe(worker, i, request), e);
            }
            requests.incrementAndGet();
            if (!answer.isEmpty()) {
                answered.incrementAndGet();
            }
            Matcher failure = FAILURE.matcher(answer);
            if (failure.find()) {
                throw new AssertionError(describe(worker, i, request) + " was answered\n"
                        + answer.substring(failure.start(), Math.min(answer.length(), failure.start() + 600)));
            }
        }
        return null;
    }

    private static String describe(int worker, int i, byte[] request) {
        var text = new StringBuilder("-Dberth.fuzz.seed=" + SEED + " worker " + worker + " request " + i + ":\n");
        for (byte b : request) {
            if (text.length() > 6000) {
                return text.append("...").toString();
            }
            text.append(b >= ' ' && b < 127 && b != '\\' ? String.valueOf((char) b) : "\\x%02x".formatted(b));
        }
        return text.toString();
    }

    // Everything that comes until the server closes, which the idle timeout makes it do.
    private static String exchange(int port, byte[] request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(HANG_MILLIS);
            var all = new ByteArrayOutputStream();
            try {
                socket.getOutputStream().write(request);
                byte[] buffer = new byte[32 << 10];
                int count;
                while (all.size() < ENOUGH && (count = socket.getInputStream().read(buffer)) >= 0) {
                    all.write(buffer, 0, count);
                }
            } catch (SocketException e) {
                // A reset ends it too: the server need not hear a malformed request out.
            }
            return all.toString(StandardCharsets.ISO_8859_1);
        }
    }

    private static byte[] request(SplittableRandom random, String image, String blob, String upload) {
        byte[] body = body(random);
        String target = pick(
                random,
                "/v2/",
                "/v2/_catalog?n=2",
                "/v2/fuzz/it/tags/list?n=1&last=a",
                "/v2/fuzz/it/manifests/latest",
                "/v2/fuzz/it/manifests/" + image,
                "/v2/fuzz/it/blobs/" + blob,
                "/v2/fuzz/it/referrers/" + image + "?artifactType=x",
                "/v2/fuzz/it/blobs/uploads/",
                "/v2/fuzz/it/blobs/uploads/?digest=" + Content.sha256(body),
                "/v2/fuzz/it/blobs/uploads/?mount=" + blob + "&from=fuzz/it",
                upload,
                upload + "?digest=" + Content.sha256(body),
                "/metrics",
                "/healthz",
                "/",
                "*",
                "http://localhost/v2/");
        var text = new StringBuilder(METHODS[random.nextInt(random.nextBoolean() ? 6 : METHODS.length)])
                .append(' ')
                .append(target)
                .append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: ")
                .append(BerthUnderTest.ADMIN)
                .append("\r\n");
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append(pick(
                    random,
                    "Range: bytes=0-99\r\n",
                    "Range: bytes=-5,1-2,7-\r\n",
                    "If-None-Match: \"" + blob + "\"\r\n",
                    "If-Match: *\r\n",
                    "If-Range: \"x\"\r\n",
                    "Content-Type: " + Content.OCI_MANIFEST + "\r\n",
                    "Content-Type: " + Content.OCI_INDEX + "\r\n",
                    "Content-Range: 0-" + (body.length - 1) + "\r\n",
                    "Accept: */*;q=0\r\n",
                    "Accept-Encoding: gzip\r\n",
                    "Expect: 100-continue\r\n",
                    "X-Forwarded-For: 1.2.3.4, x\r\n"));
        }
        boolean chunked = random.nextInt(5) == 0;
        text.append(chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: " + body.length + "\r\n\r\n");
        var request = new ByteArrayOutputStream();
        request.writeBytes(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        if (chunked) {
            request.writeBytes((Integer.toHexString(body.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            request.writeBytes(body);
            request.writeBytes((body.length == 0 ? "\r\n" : "\r\n0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        } else {
            request.writeBytes(body);
        }
        byte[] bytes = request.toByteArray();
        for (int i = random.nextInt(4); i > 0; i--) {
            bytes = mutate(random, bytes);
        }
        return bytes;
    }

    private static byte[] body(SplittableRandom random) {
        byte[] bytes = new byte[pick(random, 0, 1, 50, 3000, 20_000)];
        random.nextBytes(bytes);
        if (random.nextInt(3) > 0) {
            return bytes;
        }
        String json = pick(
                random,
                "{\"schemaVersion\":2,\"mediaType\":\"" + Content.OCI_INDEX + "\",\"manifests\":[]}",
                "{\"schemaVersion\":2,\"mediaType\":\"" + Content.OCI_MANIFEST + "\",\"config\":{},\"layers\":[{}]}",
                "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"a/b\",\"size\":1e400,\"digest\":\"sha256:\"}]}",
                "[".repeat(2000),
                "{\"schemaVersion\":2,\"manifests\":null,\"annotations\":{\"a\":null},\"subject\":[]}");
        return mutate(random, json.getBytes(StandardCharsets.UTF_8));
    }

    // Valid HTTP/2 to begin with, and then ever less so.
    private static byte[] frames(SplittableRandom random) {
        var all = new ByteArrayOutputStream();
        all.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(frame(4, 0, 0, new byte[0]));
        for (int i = 0, frames = 1 + random.nextInt(6); i < frames; i++) {
            byte[] noise = new byte[random.nextInt(40)];
            random.nextBytes(noise);
            int stream = 1 + 2 * i;
            // HEADERS with END_HEADERS, and END_STREAM where nothing follows.
            all.writeBytes(
                    switch (random.nextInt(4)) {
                        case 0 -> frame(random.nextInt(12), random.nextInt(256), random.nextInt(8), noise);
                        case 1 -> frame(1, 4, stream, mutate(random, PING));
                        case 2 -> frame(1, 4, stream, PING);
                        default -> frame(1, 5, stream, PING);
                    });
        }
        return all.toByteArray();
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .putShort((short) (payload.length >> 8))
                .put((byte) payload.length)
                .put((byte) type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    private static byte[] mutate(SplittableRandom random, byte[] bytes) {
        int at = random.nextInt(bytes.length + 1);
        int to = at + random.nextInt(Math.min(bytes.length - at, 60) + 1);
        var out = new ByteArrayOutputStream();
        out.write(bytes, 0, at);
        switch (random.nextInt(6)) {
            case 0 -> {} // cuts a piece out
            case 1 -> { // doubles a piece
                out.write(bytes, at, to - at);
                to = at;
            }
            case 2 -> {
                byte[] noise = new byte[to - at];
                random.nextBytes(noise);
                out.writeBytes(noise);
            }
            case 3 -> to = bytes.length; // ends here
            default -> { // most of what is worth breaking lies in the head
                int head = Math.min(bytes.length, random.nextInt(200));
                out.reset();
                out.write(bytes, 0, head);
                out.writeBytes(SPICES[random.nextInt(SPICES.length)].getBytes(StandardCharsets.ISO_8859_1));
                to = head;
            }
        }
        out.write(bytes, to, bytes.length - to);
        return out.toByteArray();
    }

    @SafeVarargs
    private static <T> T pick(SplittableRandom random, T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
