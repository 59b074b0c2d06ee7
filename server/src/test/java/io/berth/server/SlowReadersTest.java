package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that ask for much and take nothing, with as little memory for bodies as may be configured. */
@Timeout(120)
class SlowReadersTest {
    private static final String MINIMUM = "limits.body-memory=16MiB";

    @TempDir
    Path directory;

    private static final String REPOSITORY = "slow/readers";

    private static String pushBlob(BerthUnderTest berth) {
        return "/v2/" + REPOSITORY + "/blobs/" + berth.pushBlob(REPOSITORY, Content.random(16 << 20));
    }

    private static String pushManifest(BerthUnderTest berth) {
        String config = Content.descriptor(Content.OCI_CONFIG, berth.pushBlob(REPOSITORY, new byte[7]), 7);
        Content large = Content.image(config, List.of(), ",\"annotations\":{\"a\":\"" + "x".repeat(7 << 20) + "\"}");
        berth.pushManifest(REPOSITORY, "large", large);
        return "/v2/" + REPOSITORY + "/manifests/large";
    }

    // Others get what they ask for though 200 clients, which could hold six times the pool, take nothing.
    private static void othersAreServed(BerthUnderTest berth, String blob, String manifest) {
        assertThat(berth.get(blob).isStatus(200).body()).hasSize(16 << 20);
        assertThat(berth.get(manifest).isStatus(200).body().length).isGreaterThan(7 << 20);
        berth.stillServes();
    }

    @Test
    void onPlainHttpOthersAreServed() throws IOException {
        var stalled = new ArrayList<RawHttp>();
        try (var berth = BerthUnderTest.start(directory, MINIMUM)) {
            String blob = pushBlob(berth);
            String manifest = pushManifest(berth);
            for (int i = 0; i < 100; i++) {
                stalled.add(RawHttp.connectNarrow(berth.port()).head("GET " + blob));
                stalled.add(RawHttp.connectNarrow(berth.port()).head("GET " + manifest));
            }
            othersAreServed(berth, blob, manifest);
            for (RawHttp raw : stalled) {
                raw.close();
            }
        }
    }

    @Test
    void onTlsOthersAreServed() throws IOException {
        TestCertificate certificate = TestCertificate.make(directory, "slow");
        try (var berth = BerthUnderTest.startTls(directory.resolve("data"), certificate, MINIMUM)) {
            String blob = pushBlob(berth);
            String manifest = pushManifest(berth);
            var stalled = new ArrayList<RawHttp>();
            for (int i = 0; i < 60; i++) {
                var plain = new Socket();
                plain.setReceiveBufferSize(4096);
                plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), berth.port()));
                stalled.add(new RawHttp(certificate
                                .trusting()
                                .getSocketFactory()
                                .createSocket(plain, "localhost", berth.port(), true))
                        .head("GET " + (i % 2 == 0 ? blob : manifest)));
            }
            othersAreServed(berth, blob, manifest);
            for (RawHttp raw : stalled) {
                raw.close();
            }
        }
    }

    @Test
    void onHttp2OthersAreServed() throws IOException {
        try (var berth = BerthUnderTest.start(directory, MINIMUM)) {
            String blob = pushBlob(berth);
            String manifest = pushManifest(berth);
            var stalled = new ArrayList<RawH2>();
            for (int i = 0; i < 10; i++) {
                RawH2 h2 = RawH2.connect(berth.port());
                for (int stream = 1; stream < 20; stream += 2) {
                    h2.get(stream, stream % 4 == 1 ? blob : manifest);
                }
                stalled.add(h2);
            }
            othersAreServed(berth, blob, manifest);
            for (RawH2 h2 : stalled) {
                h2.close();
            }
        }
    }
}
