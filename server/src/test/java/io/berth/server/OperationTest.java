package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords, metrics, proxies, the lock of the data directory, and the access log. */
class OperationTest {
    @TempDir
    Path data;

    @Test
    void aGeneratedPasswordLiesInAFileOfItsOwnerAlone() throws IOException {
        try (var berth = BerthUnderTest.start(data, "admin.password=")) {
            Path file = data.resolve("admin-password");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            String password = Files.readString(file).strip();
            assertThat(password).hasSizeGreaterThanOrEqualTo(20);
            berth.call("GET", "/v2/")
                    .as(BerthUnderTest.basic("admin", password))
                    .send()
                    .isStatus(200);
        }
    }

    @Test
    void aConfiguredPasswordCountsAtTheFirstStartOnly() {
        try (var berth = BerthUnderTest.start(data)) {
            assertThat(data.resolve("admin-password")).doesNotExist();
            berth.get("/v2/").isStatus(200);
        }
        try (var berth = BerthUnderTest.start(data, "admin.password=another one")) {
            berth.get("/v2/").isStatus(200);
            berth.call("GET", "/v2/")
                    .as(BerthUnderTest.basic("admin", "another one"))
                    .send()
                    .isError(401, "UNAUTHORIZED");
        }
    }

    @Test
    void metricsNeedARightExceptOnTheirOwnListener() {
        try (var berth = BerthUnderTest.start(data, "metrics.listen=127.0.0.1:0")) {
            berth.call("GET", "/metrics").anonymous().send().isError(401, "UNAUTHORIZED");
            assertThat(berth.get("/metrics").isStatus(200).text()).contains("berth_http_requests");
            try (RawHttp raw = RawHttp.connect(berth.metricsPort())) {
                raw.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
                assertThat(raw.read().isStatus(200).text()).contains("berth_uploads_open");
                raw.send("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n").read().isError(404, "UNSUPPORTED");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    // Whose requests are counted together shows whom the server takes a client for.
    private static int refused(BerthUnderTest berth, String... forwarded) throws IOException {
        int refused = 0;
        var requests = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            requests.append("GET /v2/ HTTP/1.1\r\nHost: a\r\n");
            for (String line : forwarded) {
                requests.append("X-Forwarded-For: ")
                        .append(line.replace("#", Integer.toString(i)))
                        .append("\r\n");
            }
            requests.append("\r\n");
        }
        try (RawHttp raw = berth.raw()) {
            raw.send(requests.toString());
            for (int i = 0; i < 30; i++) {
                refused += raw.read().status() == 429 ? 1 : 0;
            }
        }
        return refused;
    }

    @Test
    void forwardedAddressesCountFromTrustedProxiesAlone() throws IOException {
        try (var berth = BerthUnderTest.start(data.resolve("untrusted"), "limits.requests-per-second=1")) {
            assertThat(refused(berth, "192.0.2.#")).isPositive();
        }
        String[] trusting = {"limits.requests-per-second=1", "server.trusted-proxies=127.0.0.0/8,10.0.0.0/8"};
        try (var berth = BerthUnderTest.start(data.resolve("trusted"), trusting)) {
            assertThat(refused(berth, "192.0.2.#")).isZero();
            assertThat(refused(berth, "192.0.3.#, 10.1.2.3")).isZero();
            // What stands left of the last untrusted address may be invented, in one line or in several.
            assertThat(refused(berth, "192.0.2.#, 198.51.100.1")).isPositive();
            assertThat(refused(berth, "192.0.2.#", "198.51.100.2")).isPositive();
        }
    }

    @Test
    void aSecondBerthOnTheSameDataIsRefused() {
        try (var berth = BerthUnderTest.start(data)) {
            assertThatThrownBy(() -> BerthUnderTest.start(data))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in use by another Berth")
                    .hasMessageContaining("--data");
            berth.stillServes();
        }
        BerthUnderTest.start(data).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void theAccessLogTellsNoSecretAndForgesNoLine(String format) throws Exception {
        Path out = data.resolve("out.log");
        Path err = data.resolve("err.log");
        var builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "io.berth.cli.Main",
                        "serve",
                        "--data",
                        data.resolve("data").toString(),
                        "--port",
                        "0")
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("BERTH_ADMIN_PASSWORD", BerthUnderTest.PASSWORD);
        builder.environment().put("BERTH_LOG_FORMAT", format);
        Process server = builder.start();
        var ids = new ArrayList<String>();
        try {
            int port = port(server, err);
            for (String target : List.of(
                    "/v2/log/me/tags/list?secret=quux",
                    "/v2/log/blobs/uploads/?digest=quux",
                    "/v2/evil%0Aline/%1b%5B31m/tags/list")) {
                try (RawHttp raw = RawHttp.connect(port)) {
                    Answer answer = raw.head("GET " + target, "Cookie: session=quux", "User-Agent: a\u009b31m\"\\b\tc")
                            .read();
                    assertThat(answer.status()).isBetween(400, 405);
                    ids.add(answer.header("X-Request-Id"));
                }
            }
            try (RawHttp raw = RawHttp.connect(port)) {
                // What is refused before it becomes a request is told too.
                ids.add(raw.send("GET /v2/ HTTP/1.1\r\nX\u001b: a\r\n\r\n")
                        .read()
                        .isError(400, "UNSUPPORTED")
                        .header("X-Request-Id"));
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (Files.readString(out).lines().count() < 4 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
        } finally {
            server.destroy();
            if (!server.waitFor(20, TimeUnit.SECONDS)) {
                server.destroyForcibly();
            }
        }
        String log = Files.readString(out);
        assertThat(log.lines().toList()).hasSize(4);
        assertThat(log).contains(ids).contains("/v2/log/me/tags/list");
        String everything = log + Files.readString(err);
        assertThat(everything)
                .doesNotContain("quux")
                .doesNotContain(BerthUnderTest.PASSWORD)
                .doesNotContain(BerthUnderTest.ADMIN.substring(6))
                .doesNotContain("\u001b")
                .doesNotContain("\u009b");
        assertThat(log.chars().filter(c -> c < ' ' && c != '\n').count()).isZero();
        if (format.equals("json")) {
            var json = new com.fasterxml.jackson.databind.json.JsonMapper();
            // What was refused, by nobody that is known, may be told before what was answered.
            assertThat(log.lines().filter(line -> !line.contains("\"refused\"")))
                    .hasSize(3)
                    .allSatisfy(line -> assertThat(
                                    json.readTree(line).path("principal").textValue())
                            .isEqualTo("admin"));
        }
    }

    private static int port(Process server, Path err) throws IOException, InterruptedException {
        var serves = java.util.regex.Pattern.compile(
                "serves http://[^:]+:(\\d+)|\"arguments\": *\\[\"http\",\"[^\"]+\",\"(\\d+)\"");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (System.nanoTime() < deadline) {
            var matcher = serves.matcher(Files.readString(err));
            if (matcher.find()) {
                return Integer.parseInt(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
            }
            if (server.waitFor(50, TimeUnit.MILLISECONDS)) {
                break;
            }
        }
        throw new IOException("it did not start: " + Files.readString(err));
    }

    @Test
    void aStartThatFindsAllInOrderWritesNothingToTheDatabase() throws IOException {
        BerthUnderTest.start(data).close();
        // So that it starts on a full disk as well.
        try (var berth = BerthUnderTest.start(data)) {
            berth.get("/v2/").isStatus(200);
            Path log = data.resolve("berth.db-wal");
            assertThat(Files.exists(log) ? Files.size(log) : 0).isZero();
        }
    }
}
