package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.config.BerthConfig;
import io.berth.config.Cidr;
import io.berth.config.ClientCertificates;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a request says of itself, asked of real requests. */
class ExchangeTest {
    private static Vertx vertx;
    private static ConnectionGuard guard;
    private static WebServer behindProxies;
    private static WebServer open;
    private static int proxiedPort;
    private static int openPort;
    private static WebServer behindTcpProxies;
    private static WebServer behindStrangers;

    @BeforeAll
    static void start() throws IOException {
        guard = new ConnectionGuard(Duration.ofSeconds(10));
        vertx = Vertx.builder().withTransport(new GuardedTransport(guard)).build();
        behindProxies = server(List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("10.0.0.0/8")), false);
        open = server(List.of(), false);
        behindTcpProxies = server(List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("10.0.0.0/8")), true);
        behindStrangers = server(List.of(Cidr.parse("10.0.0.0/8")), true);
        proxiedPort = behindProxies.start();
        openPort = open.start();
    }

    @AfterAll
    static void stop() {
        behindProxies.close();
        open.close();
        behindTcpProxies.close();
        behindStrangers.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static WebServer server(List<Cidr> trusted, boolean proxyProtocol) {
        var config = new BerthConfig.Server(
                "127.0.0.1",
                0,
                Optional.empty(),
                trusted,
                Optional.empty(),
                Duration.ofSeconds(10),
                Duration.ofSeconds(1),
                ClientCertificates.NONE,
                proxyProtocol);
        Endpoint echo = exchange -> exchange.answer(
                200,
                "text/plain",
                String.join(
                                "|",
                                exchange.client(),
                                exchange.path(),
                                exchange.rawPath(),
                                exchange.query("q") + "",
                                exchange.askedUrl())
                        .getBytes(StandardCharsets.UTF_8));
        return new WebServer(
                vertx,
                "127.0.0.1",
                0,
                config,
                guard,
                new BufferPool(1 << 20),
                List.of(new WebServer.Route("", echo)),
                new Errors(e -> null, AuditSink.NONE),
                new HttpMetrics(new SimpleMeterRegistry()),
                null,
                Clock.systemUTC(),
                new Random(1));
    }

    private static String[] ask(int port, String target, String... headers) throws IOException {
        return ask(port, new byte[0], target, headers);
    }

    private static String[] ask(int port, byte[] before, String target, String... headers) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(before);
            String lines = Arrays.stream(headers).map(line -> line + "\r\n").collect(Collectors.joining());
            socket.getOutputStream()
                    .write(("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines + "\r\n")
                            .getBytes(StandardCharsets.ISO_8859_1));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 200 ").containsIgnoringCase("x-request-id: ");
            return answer.substring(answer.indexOf("\r\n\r\n") + 4).split("\\|", -1);
        }
    }

    private static String client(int port, String... headers) throws IOException {
        return ask(port, "/", headers)[0];
    }

    @Test
    void nobodysForwardingHeadersCountUnlessTrusted() throws IOException {
        assertThat(client(openPort, "X-Forwarded-For: 203.0.113.7")).isEqualTo("127.0.0.1");
        assertThat(client(proxiedPort)).isEqualTo("127.0.0.1");
    }

    private static byte[] proxy(String header) {
        return ("PROXY " + header + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    // Version 2: a TCP connection over IPv4
    private static byte[] binaryProxy(byte... source) {
        return ByteBuffer.allocate(28)
                .put(new byte[] {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n', 0x21, 0x11})
                .putShort((short) 12)
                .put(source)
                .put(new byte[] {127, 0, 0, 1})
                .putShort((short) 40_000)
                .putShort((short) 443)
                .array();
    }

    @Test
    void theProxyProtocolCountsFromTrustedProxiesAlone() throws IOException {
        int trusting = behindTcpProxies.start();
        int doubting = behindStrangers.start();
        byte[] text = proxy("TCP4 203.0.113.7 127.0.0.1 40000 443");
        for (byte[] header : List.of(text, binaryProxy((byte) 203, (byte) 0, (byte) 113, (byte) 7))) {
            assertThat(ask(trusting, header, "/")[0]).isEqualTo("203.0.113.7");
            assertThat(ask(doubting, header, "/")[0]).isEqualTo("127.0.0.1");
        }
        assertThat(ask(trusting, proxy("TCP6 2001:db8::7 ::1 40000 443"), "/")[0])
                .startsWith("2001:db8:");
        assertThat(ask(trusting, proxy("UNKNOWN"), "/")[0]).isEqualTo("127.0.0.1");
        // Whom it names is no proxy, and speaks for nobody else,
        String[] forwarding = {"X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https"};
        assertThat(ask(trusting, text, "/", forwarding)[0]).isEqualTo("203.0.113.7");
        assertThat(ask(trusting, text, "/", forwarding)[4]).isEqualTo("http://a");
        // unless it is one of those that are trusted.
        byte[] chained = proxy("TCP4 10.1.2.3 127.0.0.1 40000 443");
        assertThat(ask(trusting, chained, "/", forwarding)[0]).isEqualTo("1.1.1.1");
        assertThat(ask(trusting, chained, "/", forwarding)[4]).isEqualTo("https://a");
    }

    @Test
    void aConnectionWithoutTheHeaderThatItHasToBeginWithIsClosed() throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), behindTcpProxies.start())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException e) {
            // a reset is an end, too
        }
    }

    private static String url(int port, String... headers) throws IOException {
        return ask(port, "/", headers)[4];
    }

    @Test
    void aForwardedSchemeCountsFromTrustedProxiesAlone() throws IOException {
        assertThat(url(proxiedPort)).isEqualTo("http://a");
        assertThat(url(proxiedPort, "X-Forwarded-Proto: https")).isEqualTo("https://a");
        assertThat(url(proxiedPort, "X-Forwarded-Proto: HTTPS")).isEqualTo("https://a");
        assertThat(url(proxiedPort, "X-Forwarded-Proto: gopher")).isEqualTo("http://a");
        assertThat(url(openPort, "X-Forwarded-Proto: https")).isEqualTo("http://a");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "203.0.113.7 | 203.0.113.7",
                "1.1.1.1, 203.0.113.7 | 203.0.113.7",
                "1.1.1.1, 203.0.113.7, 10.1.2.3 | 203.0.113.7",
                "1.1.1.1,203.0.113.7,10.1.2.3,127.0.0.9 | 203.0.113.7",
                "10.1.2.3, 127.0.0.9 | 127.0.0.1",
                "2001:db8::1, 10.0.0.1 | 2001:db8::1",
                "10.0.0.1, unknown | unknown",
                "'' | 127.0.0.1"
            })
    void theClientIsTheLastAddressThatIsNoTrustedProxy(String forwarded, String client) throws IOException {
        assertThat(client(proxiedPort, "X-Forwarded-For: " + forwarded)).isEqualTo(client);
    }

    // HAProxy and others add a header of their own instead of lengthening the client's.
    @Test
    void aHeaderThatTheClientInventedDoesNotHideTheProxys() throws IOException {
        assertThat(client(proxiedPort, "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.7"))
                .isEqualTo("203.0.113.7");
        assertThat(client(
                        proxiedPort,
                        "X-Forwarded-For: 1.1.1.1",
                        "X-Forwarded-For: 203.0.113.7",
                        "X-Forwarded-For: 10.0.0.1"))
                .isEqualTo("203.0.113.7");
    }

    @Test
    void aHopThatIsTooLongIsNoAddress() throws IOException {
        assertThat(client(proxiedPort, "X-Forwarded-For: " + "9".repeat(65))).isEqualTo("127.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({
        "/v2/a/blobs/sha256%3Aab, /v2/a/blobs/sha256:ab",
        "/v2/a+b, /v2/a+b",
        "/v2/%C3%A9, /v2/é",
        "/v2/%zz, /v2/%zz",
        "/v2/%2e%2e/a, /v2/../a"
    })
    void escapesInPathsAreResolvedOnce(String raw, String path) throws IOException {
        assertThat(ask(openPort, raw + "?q=%2B1")).startsWith("127.0.0.1", path, raw, "+1");
    }
}
