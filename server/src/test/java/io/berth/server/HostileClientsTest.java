package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that dawdle, vanish or flood. Afterwards the server still serves and nothing is lost. */
@Timeout(120)
class HostileClientsTest {
    private static final String REPOSITORY = "hostile/clients";

    @TempDir
    Path data;

    private BerthUnderTest berth;

    private void start(String... settings) {
        berth = BerthUnderTest.start(data, settings);
    }

    @AfterEach
    void itStillServes() {
        berth.stillServes();
        berth.close();
    }

    @Test
    void headersThatTrickleInEndTheConnection() throws IOException {
        start("server.idle-timeout=400ms");
        try (RawHttp raw = berth.raw()) {
            raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n");
            boolean closed = false;
            raw.socket().setSoTimeout(100);
            for (int i = 0; i < 150 && !closed; i++) {
                try {
                    raw.send("X-" + i + ": y\r\n");
                    closed = raw.socket().getInputStream().read() < 0;
                } catch (java.net.SocketTimeoutException e) {
                    closed = false;
                } catch (IOException e) {
                    closed = true;
                }
            }
            assertThat(closed).isTrue();
        }
    }

    @Test
    void framesOfAnEndlessHeadTrickleInUntilTheConnectionEnds() throws IOException {
        start("server.idle-timeout=400ms");
        try (RawH2 h2 = RawH2.connect(berth.port())) {
            h2.begin(1);
            assertThat(isCutOff(i -> h2.goOn(1, "x-" + i, "y", false))).isTrue();
            assertThat(h2.isSentAway()).isTrue();
        }
    }

    @Test
    void aHeadOfAbsurdSizeIsRefusedOverHttp2() throws IOException {
        start();
        try (RawH2 h2 = RawH2.connect(berth.port())) {
            h2.begin(1);
            for (int i = 0; i < 10; i++) {
                h2.goOn(1, "x-" + i, "y".repeat(10_000), i == 9);
            }
            h2.begin(3);
            h2.goOn(3, "x", "y", true);
            // Whether the stream is refused or the connection ended, no handler saw that head.
            assertThatThrownBy(() -> h2.readData(1, 1)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aHandshakeThatTricklesInEndsTheConnection(@TempDir Path directory) throws Exception {
        start();
        byte[] hello = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 252, 3, 3};
        try (var tls = BerthUnderTest.startTls(
                        directory.resolve("data"),
                        TestCertificate.make(directory, "served"),
                        "server.idle-timeout=400ms");
                RawHttp raw = RawHttp.connect(tls.port())) {
            raw.send(hello);
            assertThat(isCutOff(i -> raw.send(new byte[1]))).isTrue();
        }
    }

    /** A piece of something that has no end. */
    @FunctionalInterface
    private interface Trickle {
        void send(int i) throws IOException;
    }

    // A tenth of a second between the pieces, and fifteen seconds in all.
    private static boolean isCutOff(Trickle trickle) {
        for (int i = 0; i < 150; i++) {
            try {
                trickle.send(i);
                LockSupport.parkNanos(100_000_000);
            } catch (IOException e) {
                return true;
            }
        }
        return false;
    }

    @Test
    void silentConnectionsAreClosed() throws IOException {
        start("server.idle-timeout=400ms");
        try (RawHttp nothing = berth.raw();
                RawHttp kept = berth.raw()) {
            kept.head("GET /v2/").read().isStatus(200);
            assertThat(nothing.readToEnd()).isEmpty();
            assertThat(kept.readToEnd()).isEmpty();
        }
    }

    private void finish(String upload, byte[] content, int most) {
        // The server may learn a moment later than we that the connection is gone.
        // And 0-0 is what an upload of no bytes says and what one of a single byte does.
        Answer answer = null;
        for (int tries = 0; tries < 200 && (answer == null || answer.status() == 416); tries++) {
            String range = berth.get(upload).isStatus(204).header("Range");
            int size = range.equals("0-0") ? Math.min(tries % 2, most) : Integer.parseInt(range.substring(2)) + 1;
            assertThat(size).isLessThanOrEqualTo(most);
            answer = berth.call("PATCH", upload)
                    .header("Content-Range", size + "-" + (content.length - 1))
                    .body(Content.part(content, size, content.length))
                    .send();
        }
        answer.isStatus(202).has("Range", "0-" + (content.length - 1));
        String location = berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                .send()
                .isStatus(201)
                .header("Location");
        assertThat(berth.get(location).isStatus(200).body()).isEqualTo(content);
    }

    @Test
    void anAbortedUploadIsResumedWithTheRightBytes() throws IOException {
        start();
        for (int cut : List.of(0, 1, 70_000, 1_500_000)) {
            byte[] content = Content.random(2_000_000);
            String upload = berth.openUpload(REPOSITORY);
            RawHttp raw = berth.raw();
            raw.head("PATCH " + upload, "Content-Length: " + content.length).send(Content.part(content, 0, cut));
            raw.abort();
            finish(upload, content, cut);

            String chunked = berth.openUpload(REPOSITORY);
            try (RawHttp second = berth.raw()) {
                second.head("PATCH " + chunked, "Transfer-Encoding: chunked")
                        .send(Integer.toHexString(content.length) + "\r\n")
                        .send(Content.part(content, 0, cut));
            }
            finish(chunked, content, cut);
        }
    }

    @Test
    void aHalfOpenUploadIsGivenUpAndResumed() throws IOException {
        start("server.idle-timeout=500ms");
        byte[] content = Content.random(300_000);
        String upload = berth.openUpload(REPOSITORY);
        try (RawHttp raw = berth.raw()) {
            raw.head("PATCH " + upload, "Content-Length: " + content.length).send(Content.part(content, 0, 200_000));
            // Nothing more comes, and the connection stays.
            assertThat(raw.read().status()).isBetween(400, 408);
            finish(upload, content, 200_000);
        }
    }

    @Test
    void abortedMonolithicPushesLeaveNothingBehind() throws IOException {
        start();
        byte[] content = Content.random(200_000);
        String digest = Content.sha256(content);
        for (int i = 0; i < 20; i++) {
            RawHttp raw = berth.raw();
            raw.head("POST /v2/" + REPOSITORY + "/blobs/uploads/?digest=" + digest, "Content-Length: " + content.length)
                    .send(Content.part(content, 0, i * 10_000));
            raw.abort();
        }
        berth.get("/v2/" + REPOSITORY + "/blobs/" + digest).isError(404, "BLOB_UNKNOWN");
        long deadline = System.nanoTime() + 15_000_000_000L;
        // A request may be on its way still that nobody has read: nothing is left when that is so time after time.
        int quiet = 0;
        while (quiet < 20 && System.nanoTime() < deadline) {
            quiet = Gauges.active(berth) == 1 && files() == 0 ? quiet + 1 : 0;
        }
        assertThat(quiet).as("how often nothing was left").isEqualTo(20);
        berth.pushBlob(REPOSITORY, content);
    }

    private long files() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("blobs/uploads"))) {
            return files.count();
        }
    }

    @Test
    void twoThousandIdleUploadsDoNoHarm() throws IOException {
        start();
        var uploads = new ArrayList<String>();
        try (RawHttp raw = berth.raw()) {
            for (int batch = 0; batch < 20; batch++) {
                for (int i = 0; i < 100; i++) {
                    raw.head("POST /v2/" + REPOSITORY + "/blobs/uploads/", "Content-Length: 0");
                }
                for (int i = 0; i < 100; i++) {
                    uploads.add(raw.read().isStatus(202).header("Location"));
                }
            }
        }
        assertThat(uploads).hasSize(2_000).doesNotHaveDuplicates();
        berth.stillServes();
        byte[] content = Content.random(20_000);
        for (String upload : List.of(uploads.getFirst(), uploads.get(1_000), uploads.getLast())) {
            berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                    .body(content)
                    .send()
                    .isStatus(201);
        }
    }

    @Test
    void aFloodOfResetsEndsTheConnectionAndNotTheServer() throws IOException {
        start();
        String path = "/v2/" + REPOSITORY + "/blobs/" + berth.pushBlob(REPOSITORY, Content.random(100_000));
        try (RawH2 h2 = RawH2.connect(berth.port())) {
            try {
                for (int i = 0; i < 20_000; i++) {
                    h2.get(2 * i + 1, path);
                    h2.reset(2 * i + 1);
                }
            } catch (IOException e) {
                // The server has had enough.
            }
            assertThat(h2.isSentAway()).isTrue();
        }
    }

    @Test
    void thousandsOfEmptyConnectionsDoNoHarm() throws IOException {
        start("server.idle-timeout=60s");
        var sockets = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 500; i++) {
                sockets.add(berth.raw().socket());
            }
            berth.stillServes();
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }
}
