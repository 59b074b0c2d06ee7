package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A representative part of the API over every protocol: h2c, h2 and HTTP/1.1 over TLS 1.2 and 1.3, either engine. */
class ProtocolsTest {
    @TempDir
    static Path directory;

    private static TestCertificate first;

    @BeforeAll
    static void certificate() {
        first = TestCertificate.make(directory, "first");
    }

    /** Pushes and pulls an image of small and large layers, a refused request and ranges. */
    private static void representativePart(BerthUnderTest berth, HttpClient.Version version) {
        assertThat(berth.get("/v2/").isStatus(200).version()).isEqualTo(version);
        byte[] small = Content.random(300);
        byte[] large = Content.random(3_000_000);
        Content image = Content.image(berth, "protocols/image", small, large);
        berth.pushManifest("protocols/image", "v1", image);
        assertThat(berth.get("/v2/protocols/image/manifests/v1")
                        .isStatus(200)
                        .has("Content-Type", Content.OCI_MANIFEST)
                        .body())
                .isEqualTo(image.bytes());
        for (byte[] layer : List.of(small, large)) {
            String path = "/v2/protocols/image/blobs/" + Content.sha256(layer);
            Answer whole = berth.get(path).isStatus(200);
            assertThat(whole.version()).isEqualTo(version);
            assertThat(whole.body()).isEqualTo(layer);
            berth.head(path).isStatus(200).has("Content-Length", Integer.toString(layer.length));
            assertThat(berth.call("GET", path)
                            .header("Range", "bytes=10-199")
                            .send()
                            .isStatus(206)
                            .body())
                    .isEqualTo(Content.part(layer, 10, 200));
            berth.call("GET", path).header("Range", "bytes=9999999-").send().isError(416, "RANGE_INVALID");
        }
        assertThat(berth.call("GET", "/v2/protocols/image/blobs/" + Content.sha256(large))
                        .header("Range", "bytes=0-999999,2000000-")
                        .send()
                        .isStatus(206)
                        .header("Content-Type"))
                .startsWith("multipart/byteranges");
        String upload = berth.openUpload("protocols/image");
        berth.call("PATCH", upload)
                .streamed(Content.part(large, 0, 1_000_000))
                .send()
                .isStatus(202)
                .has("Range", "0-999999");
        berth.call("PATCH", upload)
                .header("Content-Range", "5-6")
                .body(new byte[2])
                .send()
                .isError(416, "RANGE_INVALID");
        berth.call("PUT", upload + "?digest=" + Content.sha256(large))
                .body(Content.part(large, 1_000_000, 3_000_000))
                .send()
                .isStatus(201);
        berth.call("PUT", berth.openUpload("protocols/image") + "?digest=" + Content.sha256(small))
                .body(large)
                .send()
                .isError(400, "DIGEST_INVALID");
        // An early refusal of a large body is seen as an answer.
        berth.call("POST", "/v2/protocols/image/blobs/uploads/?digest=" + Content.sha256(large))
                .anonymous()
                .body(large)
                .send()
                .isError(401, "UNAUTHORIZED");
        assertThat(berth.get("/v2/protocols/image/tags/list").text())
                .isEqualTo("{\"name\":\"protocols/image\",\"tags\":[\"v1\"]}");
        berth.get("/v2/protocols/image/manifests/none").isError(404, "MANIFEST_UNKNOWN");
        berth.delete("/v2/protocols/image/manifests/" + image.digest()).isStatus(202);
        berth.stillServes();
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "boringssl", "jdk"})
    void everythingWorksOverTls(String engine, @TempDir Path data) {
        try (var berth = BerthUnderTest.startTls(data, first, "server.tls.engine=" + engine)) {
            assertThat(berth.berth().tlsEngine().orElseThrow())
                    .isEqualTo(engine.equals("jdk") ? "the JDK's TLS" : "BoringSSL");
            representativePart(berth, HttpClient.Version.HTTP_2);
            representativePart(
                    berth.askedBy(first.trusting(), HttpClient.Version.HTTP_1_1), HttpClient.Version.HTTP_1_1);
        }
    }

    @Test
    void everythingWorksOverPlainHttp(@TempDir Path data) {
        try (var berth = BerthUnderTest.start(data)) {
            representativePart(berth, HttpClient.Version.HTTP_1_1);
            // This client asks for h2c by an upgrade from HTTP/1.1.
            BerthUnderTest upgrading = berth.askedBy(null, HttpClient.Version.HTTP_2);
            assertThat(upgrading.get("/v2/").isStatus(200).text()).isEqualTo("{}");
            representativePart(upgrading, HttpClient.Version.HTTP_2);
        }
    }

    @Test
    void h2cWorksByPriorKnowledge(@TempDir Path data) throws Exception {
        Vertx vertx = Vertx.vertx();
        try (var berth = BerthUnderTest.start(data)) {
            var client = vertx.createHttpClient(new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setHttp2ClearTextUpgrade(false));
            byte[] blob = Content.random(2_000_000);
            String digest = Content.sha256(blob);
            var push = new RequestOptions()
                    .setMethod(HttpMethod.POST)
                    .setPort(berth.port())
                    .setHost("localhost")
                    .setURI("/v2/h2c/blobs/blobs/uploads/?digest=" + digest)
                    .putHeader("Authorization", BerthUnderTest.ADMIN);
            int created = client.request(push)
                    .compose(request -> request.send(Buffer.buffer(blob)))
                    .map(response -> {
                        assertThat(response.version()).isEqualTo(HttpVersion.HTTP_2);
                        return response.statusCode();
                    })
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            assertThat(created).isEqualTo(201);
            var pull = new RequestOptions(push).setMethod(HttpMethod.GET).setURI("/v2/h2c/blobs/blobs/" + digest);
            byte[] back = client.request(pull)
                    .compose(request -> request.send().compose(response -> response.body()))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS)
                    .getBytes();
            assertThat(back).isEqualTo(blob);
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void tls12And13AreSpokenAnd11IsRefused(String engine, @TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.startTls(data, first, "server.tls.engine=" + engine)) {
            for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
                try (var socket = (SSLSocket)
                                first.trusting().getSocketFactory().createSocket("localhost", berth.port());
                        var raw = new RawHttp(socket)) {
                    socket.setEnabledProtocols(new String[] {protocol});
                    socket.startHandshake();
                    assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
                    raw.head("GET /v2/").read().isStatus(200);
                }
            }
            try (var raw = new RawHttp(new Socket(InetAddress.getLoopbackAddress(), berth.port()))) {
                byte[] answer = raw.send(clientHello(2)).readToEnd();
                assertThat(answer).hasSizeGreaterThanOrEqualTo(7);
                assertThat(answer[0]).as("a TLS alert").isEqualTo((byte) 21);
                assertThat(answer[6])
                        .as("protocol_version or handshake_failure")
                        .isIn((byte) 70, (byte) 40);
            }
            // The same hello for TLS 1.2 is understood.
            try (var raw = new RawHttp(new Socket(InetAddress.getLoopbackAddress(), berth.port()))) {
                byte[] answer = raw.send(clientHello(3)).readBytes(6);
                assertThat(answer[0]).as("a handshake message").isEqualTo((byte) 22);
                assertThat(answer[5]).as("the server's hello").isEqualTo((byte) 2);
            }
            berth.stillServes();
        }
    }

    // A ClientHello of TLS 1.<minor - 1> with three ECDSA suites, the groups and the signatures that they need.
    private static byte[] clientHello(int minor) {
        // supported_groups: secp256r1; ec_point_formats: uncompressed; signature_algorithms: ecdsa_secp256r1_sha256
        byte[] extensions = java.util.HexFormat.of().parseHex("000a000400020017" + "000b00020100" + "000d000400020403");
        byte[] suites = java.util.HexFormat.of().parseHex("c009c00ac02b");
        var body = new java.io.ByteArrayOutputStream();
        body.write(3);
        body.write(minor);
        body.writeBytes(new byte[32]);
        body.write(0);
        body.write(0);
        body.write(suites.length);
        body.writeBytes(suites);
        body.write(1);
        body.write(0);
        body.write(0);
        body.write(extensions.length);
        body.writeBytes(extensions);
        byte[] hello = body.toByteArray();
        var record = new java.io.ByteArrayOutputStream();
        record.writeBytes(new byte[] {22, 3, 1, 0, (byte) (hello.length + 4), 1, 0, 0, (byte) hello.length});
        record.writeBytes(hello);
        return record.toByteArray();
    }

    @Test
    void aNewCertificateCountsWithoutARestart(@TempDir Path data) throws Exception {
        TestCertificate served = TestCertificate.make(data, "served");
        TestCertificate renewed = TestCertificate.make(data, "renewed");
        try (var berth = BerthUnderTest.startTls(data.resolve("data"), served)) {
            berth.get("/v2/").isStatus(200);
            assertThatThrownBy(() -> handshake(renewed, berth.port())).isInstanceOf(SSLException.class);
            renewed.replace(served);
            long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            boolean reloaded = false;
            while (!reloaded && System.nanoTime() < deadline) {
                try {
                    handshake(renewed, berth.port());
                    reloaded = true;
                } catch (SSLException e) {
                    Thread.onSpinWait();
                }
            }
            assertThat(reloaded).isTrue();
            // Both event loops have it, and who was connected before is still served.
            for (int i = 0; i < 10; i++) {
                handshake(renewed, berth.port());
            }
            berth.get("/v2/").isStatus(200);
        }
    }

    private static void handshake(TestCertificate trusted, int port) throws IOException {
        try (var socket = (SSLSocket) trusted.trusting().getSocketFactory().createSocket("localhost", port)) {
            socket.setSoTimeout(10_000);
            socket.startHandshake();
        }
    }

    /**
     * A client lets a large answer go on and asks for a small one in the same breath: the small one's stream begins while
     * the connection takes no more, and nobody is told when it does again.
     */
    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aStreamThatBeginsWhileTheConnectionTakesNoMoreIsAnswered(String engine, @TempDir Path data) throws Exception {
        try (var berth = BerthUnderTest.startTls(data, first, "server.tls.engine=" + engine)) {
            String large = "/v2/protocols/two/blobs/" + berth.pushBlob("protocols/two", Content.random(8 << 20));
            byte[] small = Content.random(500);
            String path = "/v2/protocols/two/blobs/" + berth.pushBlob("protocols/two", small);
            for (int i = 0; i < 5; i++) {
                try (var h2 = RawH2.connectTls(berth.port(), first)) {
                    h2.widen(0, 64 << 20);
                    h2.get(1, large);
                    int window = 65_535; // RFC 9113, 6.9.2
                    h2.readData(1, window);
                    h2.hold();
                    h2.widen(1, window + 5); // a little more than Netty's high water mark, and then there is no more
                    h2.get(3, path);
                    h2.release();
                    assertThat(h2.readData(3, small.length)).isTrue();
                }
            }
        }
    }

    @Test
    void whatIsSentOverHttp2IsCountedWhole(@TempDir Path data) {
        try (var berth = BerthUnderTest.startTls(data, first)) {
            byte[] large = Content.random(3_000_000);
            byte[] small = Content.random(700);
            for (byte[] blob : List.of(large, small)) {
                String path = "/v2/protocols/counted/blobs/" + berth.pushBlob("protocols/counted", blob);
                assertThat(berth.get(path).isStatus(200).version()).isEqualTo(HttpClient.Version.HTTP_2);
            }
            Gauges.eventually(
                    "every byte is counted", () -> Gauges.sentBy(berth, "blob-get") == large.length + small.length);
        }
    }

    @Test
    void plainHttpToATlsPortDoesNoHarm(@TempDir Path data) throws IOException {
        try (var berth = BerthUnderTest.startTls(data, first)) {
            try (RawHttp raw = berth.raw()) {
                raw.head("GET /v2/").readToEnd();
            }
            berth.stillServes();
        }
    }
}
