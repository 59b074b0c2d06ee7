package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that stop reading: they are cut off, and what they held is free again. */
class StalledReadersTest {
    private static final String LITTLE_MEMORY = "limits.body-memory=16MiB";
    private static final long ALL = 16 << 20;
    private static final byte[] LARGE = Content.random(24 << 20);
    // Fewer buffers than one download may hold: all of it is handed over before anybody waits for the client.
    private static final byte[] TAIL = Content.random(300 << 10);

    // What a stream may be sent before the client has granted more.
    private static final int WINDOW = 65_535;

    @TempDir
    static Path certificates;

    private static TestCertificate certificate;

    @BeforeAll
    static void certificate() {
        certificate = TestCertificate.make(certificates, "localhost");
    }

    @Test
    void readersOverTlsThatStopDoNotKeepOthersWaiting(@TempDir Path data) throws IOException {
        var stalled = new ArrayList<RawHttp>();
        try (var berth = BerthUnderTest.startTls(data, certificate, LITTLE_MEMORY)) {
            String path = "/v2/slow/tls/blobs/" + berth.pushBlob("slow/tls", LARGE);
            for (int i = 0; i < 40; i++) {
                RawHttp reader = secure(berth.port());
                reader.head("GET " + path);
                stalled.add(reader);
            }
            Gauges.eventually("the readers hold everything", () -> Gauges.buffers(berth) == ALL);
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(LARGE);
            assertThat(Gauges.buffers(berth)).isLessThanOrEqualTo(ALL);
            closeAll(stalled);
            Gauges.eventually("all buffers are back", () -> Gauges.buffers(berth) == 0);
            berth.stillServes();
        } finally {
            closeAll(stalled);
        }
    }

    @Test
    void readersOfManifestsThatStopDoNotKeepOthersWaiting(@TempDir Path data) throws IOException {
        var stalled = new ArrayList<RawHttp>();
        try (var berth = BerthUnderTest.start(data, LITTLE_MEMORY)) {
            Content manifest = Content.index(",\"annotations\":{\"a\":\"" + "x".repeat(7 << 20) + "\"}");
            String path = "/v2/slow/manifest/manifests/" + berth.pushManifest("slow/manifest", "large", manifest);
            for (int i = 0; i < 40; i++) {
                RawHttp reader = RawHttp.connectNarrow(berth.port());
                reader.head("GET " + path);
                stalled.add(reader);
            }
            Gauges.eventually("the readers hold everything", () -> Gauges.buffers(berth) == ALL);
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(manifest.bytes());
            assertThat(Gauges.buffers(berth)).isLessThanOrEqualTo(ALL);
            closeAll(stalled);
            Gauges.eventually("all buffers are back", () -> Gauges.buffers(berth) == 0);
        } finally {
            closeAll(stalled);
        }
    }

    @Test
    void streamsOfOneConnectionThatAreNotReadDoNotKeepOthersWaiting(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.start(data, LITTLE_MEMORY);
                var stalled = RawH2.connect(berth.port())) {
            String path = "/v2/slow/h2/blobs/" + berth.pushBlob("slow/h2", TAIL);
            for (int i = 0; i < 100; i++) {
                stalled.get(2 * i + 1, path);
            }
            Gauges.eventually("the streams hold everything", () -> Gauges.buffers(berth) == ALL);
            // Needs a buffer, which the kernel's way does not: several ranges are copied.
            assertThat(parts(berth, path)).isEqualTo(206);
            assertThat(Gauges.buffers(berth)).isLessThanOrEqualTo(ALL);
            stalled.close();
            Gauges.eventually("all buffers are back", () -> Gauges.buffers(berth) == 0);
            berth.stillServes();
        }
    }

    private static int parts(BerthUnderTest berth, String path) {
        return berth.call("GET", path)
                .header("Range", "bytes=0-9,200000-200009")
                .send()
                .status();
    }

    @Test
    void aReaderOverPlainHttpThatStopsIsCutOff(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.start(data, "server.idle-timeout=500ms")) {
            String path = "/v2/slow/plain/blobs/" + berth.pushBlob("slow/plain", LARGE);
            try (var stalled = RawHttp.connectNarrow(berth.port())) {
                stalled.head("GET " + path);
                assertThat(stalled.readBytes(5000)).hasSize(5000);
                Gauges.eventually("the request is over", () -> Gauges.active(berth) == 1);
            }
        }
    }

    @Test
    void aDownloadThatTheClientBreaksOffIsOver(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.start(data)) {
            String path = "/v2/slow/broken/blobs/" + berth.pushBlob("slow/broken", LARGE);
            for (int i = 0; i < 5; i++) {
                try (var leaving = RawHttp.connectNarrow(berth.port())) {
                    leaving.head("GET " + path);
                    assertThat(leaving.readBytes(5000)).hasSize(5000);
                    leaving.abort();
                }
            }
            Gauges.eventually("the requests are over", () -> Gauges.active(berth) == 1);
        }
    }

    @Test
    void aReaderOverHttp2ThatStopsAtTheEndIsCutOff(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.start(data, "server.idle-timeout=2s");
                var stalled = RawH2.connect(berth.port())) {
            stalled.get(1, "/v2/slow/end/blobs/" + berth.pushBlob("slow/end", TAIL));
            Gauges.eventually("the stream holds buffers", () -> Gauges.buffers(berth) > 0);
            Gauges.eventually("all buffers are back", () -> Gauges.buffers(berth) == 0);
        }
    }

    @Test
    void aReaderThatIsSlowButTakesSomethingGetsEverything(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.start(data, "server.idle-timeout=1s")) {
            byte[] blob = Content.random(8 << 20);
            String path = "/v2/slow/steady/blobs/" + berth.pushBlob("slow/steady", blob);
            try (var steady = RawHttp.connectNarrow(berth.port())) {
                steady.head("GET " + path);
                assertThat(steady.read().isStatus(200).body()).isEqualTo(blob);
            }
        }
    }

    @Test
    void aReaderOverHttp2ThatTakesLittleIsNotCutOffWhileOthersWait(@TempDir Path data) throws Exception {
        try (var berth = BerthUnderTest.start(data, LITTLE_MEMORY);
                var slow = RawH2.connect(berth.port());
                var stalled = RawH2.connect(berth.port())) {
            String path = "/v2/slow/little/blobs/" + berth.pushBlob("slow/little", TAIL);
            slow.get(1, path);
            slow.readData(1, WINDOW);
            for (int i = 0; i < 100; i++) {
                stalled.get(2 * i + 1, path);
            }
            // Longer than anybody may stand still, and far too little for a whole buffer.
            int taken = WINDOW;
            for (int i = 0; i < 8; i++) {
                Thread.sleep(Duration.ofSeconds(2));
                slow.grant(1, 1000);
                slow.readData(1, 1000);
                taken += 1000;
            }
            slow.grant(1, TAIL.length);
            slow.readData(1, TAIL.length - taken);
        }
    }

    @Test
    void aReaderOverTlsThatTakesLittleIsNotCutOffWhileOthersWait(@TempDir Path data) throws Exception {
        var stalled = new ArrayList<RawHttp>();
        try (var berth = BerthUnderTest.startTls(data, certificate, LITTLE_MEMORY)) {
            String path = "/v2/slow/drop/blobs/" + berth.pushBlob("slow/drop", LARGE);
            try (var slow = secure(berth.port())) {
                slow.head("GET " + path);
                for (int i = 0; i < 40; i++) {
                    stalled.add(secure(berth.port()).head("GET " + path));
                }
                int taken = 0;
                for (int i = 0; i < 8; i++) {
                    Thread.sleep(Duration.ofSeconds(2));
                    taken += slow.readBytes(8000).length;
                }
                closeAll(stalled);
                assertThat(slow.readBytes(LARGE.length - taken)).hasSize(LARGE.length - taken);
            }
        } finally {
            closeAll(stalled);
        }
    }

    private static RawHttp secure(int port) throws IOException {
        return new RawHttp(certificate
                .trusting()
                .getSocketFactory()
                .createSocket(RawHttp.connectNarrow(port).socket(), "localhost", port, true));
    }

    private static void closeAll(List<RawHttp> readers) throws IOException {
        for (RawHttp reader : readers) {
            reader.close();
        }
    }
}
