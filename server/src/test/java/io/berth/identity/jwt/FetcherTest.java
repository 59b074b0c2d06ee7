package io.berth.identity.jwt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an issuer may do to whoever asks it. */
@Timeout(60)
class FetcherTest {
    private static final Duration PATIENCE = Duration.ofMillis(300);

    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Fetcher fetcher = new Fetcher(Optional.empty(), true, PATIENCE);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        answers("/good", 200, "{\"a\":1}");
        answers("/denied", 400, "{\"error\":\"invalid_grant\"}");
        answers("/page", 502, "<html>bad gateway</html>");
        answers("/portal", 200, "<html>log in to the hotel's network</html>");
        answers("/most", 200, "\"" + "a".repeat((1 << 20) - 2) + "\"");
        answers("/huge", 200, "\"" + "a".repeat(1 << 20) + "\"");
        server.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().set("Location", "/good");
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        server.createContext("/silent", exchange -> untilOver());
        server.createContext("/trickle", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
            untilOver();
        });
        server.start();
    }

    private void answers(String path, int status, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        server.createContext(path, exchange -> {
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
    }

    private void untilOver() {
        try {
            over.await(60, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void stop() {
        over.countDown();
        fetcher.close();
        server.stop(0);
        threads.shutdownNow();
    }

    private URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
    }

    private void fails(String path) {
        assertThatThrownBy(() -> fetcher.get(at(path), Map.of()))
                .as(path)
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(HttpTimeoutException.class);
    }

    @Test
    void jsonIsRead() throws IOException {
        assertThat(fetcher.get(at("/good"), Map.of()).path("a").asInt()).isEqualTo(1);
    }

    @Test
    void everythingElseIsAnError() {
        fails("/denied");
        fails("/page");
        fails("/portal");
        fails("/moved");
        fails("/nowhere");
    }

    @Test
    void aFormIsAnsweredWithTheStatusWhateverItIs() throws IOException {
        Fetcher.Answer denied = fetcher.post(at("/denied"), Map.of(), Map.of());
        assertThat(denied.status()).isEqualTo(400);
        assertThat(denied.json().path("error").asText()).isEqualTo("invalid_grant");
        assertThat(fetcher.post(at("/page"), Map.of(), Map.of()).json().isMissingNode())
                .isTrue();
    }

    @Test
    void nothingLargerThanAMebibyteIsRead() throws IOException {
        assertThat(fetcher.get(at("/most"), Map.of()).asText()).hasSize((1 << 20) - 2);
        fails("/huge");
    }

    @Test
    void whoSaysNothingIsNotWaitedFor() {
        assertThatThrownBy(() -> fetcher.get(at("/silent"), Map.of())).isInstanceOf(HttpTimeoutException.class);
    }

    @Test
    void whoBeginsAndDoesNotEndIsNotWaitedForEither() {
        assertThatThrownBy(() -> fetcher.get(at("/trickle"), Map.of())).isInstanceOf(HttpTimeoutException.class);
    }
}
