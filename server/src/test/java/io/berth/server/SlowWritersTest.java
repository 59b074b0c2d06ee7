package io.berth.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that begin to push manifests and blobs and do not go on, with as little memory for bodies as may be configured. */
@Timeout(120)
class SlowWritersTest {
    private static final String MINIMUM = "limits.body-memory=16MiB";
    private static final int CLIENTS = 60;
    private static final String PATH = "/v2/slow/writers/manifests/";

    @TempDir
    Path directory;

    private static void othersPush(BerthUnderTest berth) {
        Gauges.eventually("all have begun", () -> Gauges.active(berth) > CLIENTS);
        berth.stillServes();
        String config = Content.descriptor(Content.OCI_CONFIG, berth.pushBlob("slow/writers", new byte[7]), 7);
        Content large = Content.image(config, List.of(), ",\"annotations\":{\"a\":\"" + "x".repeat(7 << 20) + "\"}");
        berth.pushManifest("slow/writers", "large", large);
        berth.call("PUT", PATH + "unannounced")
                .header("Content-Type", large.type())
                .streamed(large.bytes())
                .send()
                .isStatus(201);
    }

    @Test
    void onPlainHttpOthersPush() throws IOException {
        var stalled = new ArrayList<RawHttp>();
        try (var berth = BerthUnderTest.start(directory, MINIMUM)) {
            for (int i = 0; i < CLIENTS; i++) {
                RawHttp raw = berth.raw();
                stalled.add(raw);
                String length = i % 2 == 0 ? "Transfer-Encoding: chunked" : "Content-Length: 8000000";
                raw.head(
                        i % 4 < 2
                                ? "PUT " + PATH + i
                                : "POST /v2/slow/writers/blobs/uploads/?digest="
                                        + Content.sha256(new byte[] {(byte) i}),
                        length,
                        "Content-Type: " + Content.OCI_MANIFEST);
                raw.send(i % 2 == 0 ? "1\r\n{\r\n" : "{");
            }
            othersPush(berth);
            for (RawHttp raw : stalled) {
                raw.close();
            }
        }
    }

    @Test
    void overHttp2OthersPush() throws Exception {
        var certificate = TestCertificate.make(directory, "served");
        try (var berth = BerthUnderTest.startTls(directory.resolve("data"), certificate, MINIMUM);
                var slow = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_2)
                        .sslContext(certificate.trusting())
                        .build()) {
            for (int i = 0; i < CLIENTS; i++) {
                boolean manifest = i % 2 == 0;
                String path = manifest
                        ? PATH + i
                        : "/v2/slow/writers/blobs/uploads/?digest=" + Content.sha256(new byte[] {(byte) i});
                var request = HttpRequest.newBuilder(URI.create("https://localhost:" + berth.port() + path))
                        .header("Authorization", BerthUnderTest.ADMIN)
                        .header("Content-Type", manifest ? Content.OCI_MANIFEST : "application/octet-stream")
                        .method(
                                manifest ? "PUT" : "POST",
                                HttpRequest.BodyPublishers.fromPublisher(SlowWritersTest::oneByte))
                        .build();
                var unused = slow.sendAsync(request, HttpResponse.BodyHandlers.discarding());
            }
            othersPush(berth);
            slow.shutdownNow();
        }
    }

    // And then nothing, not even an end.
    private static void oneByte(Flow.Subscriber<? super ByteBuffer> subscriber) {
        subscriber.onSubscribe(new Flow.Subscription() {
            private boolean sent;

            @Override
            public void request(long count) {
                if (!sent) {
                    sent = true;
                    subscriber.onNext(ByteBuffer.wrap(new byte[] {'{'}));
                }
            }

            @Override
            public void cancel() {}
        });
    }
}
