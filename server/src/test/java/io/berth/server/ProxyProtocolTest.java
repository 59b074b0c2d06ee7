package io.berth.server;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The PROXY protocol in front of a whole Berth; whom it makes a client of is http.ExchangeTest's. */
class ProxyProtocolTest {
    private static final byte[] HEADER =
            "PROXY TCP4 203.0.113.7 127.0.0.1 40000 443\r\n".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path directory;

    @Test
    void itsHeaderComesBeforeTheTlsHandshake() throws Exception {
        var certificate = TestCertificate.make(directory, "served");
        try (var berth = BerthUnderTest.startTls(
                        directory.resolve("data"),
                        certificate,
                        "server.proxy-protocol=true",
                        "server.trusted-proxies=127.0.0.0/8");
                var plain = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            plain.getOutputStream().write(HEADER);
            Socket tls = certificate.trusting().getSocketFactory().createSocket(plain, "localhost", berth.port(), true);
            try (var raw = new RawHttp(tls)) {
                raw.head("GET /v2/").read().isStatus(200);
                raw.head("GET /v2/").read().isStatus(200);
            }
        }
    }
}
