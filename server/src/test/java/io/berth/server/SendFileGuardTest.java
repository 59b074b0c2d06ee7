package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which downloads the kernel sends by itself: plain HTTP/1.1 does, and takes no buffer of ours; over TLS and HTTP/2 that
 * would be five times dearer, and a download that stands still holds buffers of the pool.
 */
class SendFileGuardTest {
    private static final Pattern BUFFERS = Pattern.compile("(?m)^berth_http_buffers_bytes ([0-9.E]+)$");

    @TempDir
    Path directory;

    private static double buffers(BerthUnderTest berth) {
        Matcher matcher = BUFFERS.matcher(berth.get("/metrics").isStatus(200).text());
        assertThat(matcher.find()).isTrue();
        return Double.parseDouble(matcher.group(1));
    }

    private static boolean becomesPositive(BerthUnderTest berth) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (System.nanoTime() < deadline) {
            if (buffers(berth) > 0) {
                return true;
            }
        }
        return false;
    }

    private static String pushLarge(BerthUnderTest berth) {
        byte[] blob = Content.random(32 << 20);
        return "/v2/guard/blobs/blobs/" + berth.pushBlob("guard/blobs", blob);
    }

    @Test
    void plainHttp11LeavesTheFileToTheKernel() throws IOException {
        try (var berth = BerthUnderTest.start(directory)) {
            String path = pushLarge(berth);
            try (RawHttp stalled = RawHttp.connectNarrow(berth.port())) {
                stalled.head("GET " + path);
                assertThat(stalled.readBytes(9)).asString().isEqualTo("HTTP/1.1 ");
                stalled.readBytes(100_000);
                assertThat(buffers(berth)).isZero();
            }
        }
    }

    @Test
    void tlsIsPumped() throws IOException {
        TestCertificate certificate = TestCertificate.make(directory, "guard");
        try (var berth = BerthUnderTest.startTls(directory.resolve("data"), certificate)) {
            String path = pushLarge(berth);
            SSLSocketFactory tls = certificate.trusting().getSocketFactory();
            var plain = new Socket();
            plain.setReceiveBufferSize(4096);
            plain.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), berth.port()));
            try (var stalled = new RawHttp(tls.createSocket(plain, "localhost", berth.port(), true))) {
                stalled.head("GET " + path);
                stalled.readBytes(9);
                assertThat(becomesPositive(berth)).isTrue();
            }
        }
    }

    @Test
    void http2IsPumped() throws IOException {
        try (var berth = BerthUnderTest.start(directory)) {
            String path = pushLarge(berth);
            try (RawH2 stalled = RawH2.connect(berth.port())) {
                stalled.get(1, path);
                stalled.awaitHeaders(1);
                assertThat(becomesPositive(berth)).isTrue();
            }
        }
    }
}
