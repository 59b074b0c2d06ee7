package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.config.BerthConfig;
import io.berth.config.Cidr;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
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

    @BeforeAll
    static void start() throws IOException {
        guard = new ConnectionGuard(Duration.ofSeconds(10));
        vertx = Vertx.builder().withTransport(new GuardedTransport(guard)).build();
        behindProxies = server(List.of(Cidr.parse("127.0.0.0/8"), Cidr.parse("10.0.0.0/8")));
        open = server(List.of());
        proxiedPort = behindProxies.start();
        openPort = open.start();
    }

    @AfterAll
    static void stop() {
        behindProxies.close();
        open.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static WebServer server(List<Cidr> trusted) {
        var config = new BerthConfig.Server(
                "127.0.0.1",
                0,
                Optional.empty(),
                trusted,
                Optional.empty(),
                Duration.ofSeconds(10),
                Duration.ofSeconds(1));
        Endpoint echo = exchange -> exchange.answer(
                200,
                "text/plain",
                String.join("|", exchange.client(), exchange.path(), exchange.rawPath(), exchange.query("q") + "")
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
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
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
        assertThat(ask(openPort, raw + "?q=%2B1")).containsExactly("127.0.0.1", path, raw, "+1");
    }
}
