package io.berth.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.berth.Berth;
import io.berth.config.ConfigLoader;
import io.berth.http.Tracing;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

@Timeout(120)
class TracingTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";
    private static final String PASSWORD = "correct horse";

    @TempDir
    Path data;

    private Collector collector;

    @BeforeEach
    void start() throws IOException {
        collector = new Collector();
    }

    @AfterEach
    void stop() {
        collector.close();
    }

    private Berth serve(String endpoint, double ratio) throws IOException {
        return new Berth(
                new ConfigLoader()
                        .set("data", data.toString(), "test")
                        .set("server.port", "0", "test")
                        .set("log.access", "false", "test")
                        .set("admin.password", PASSWORD, "test")
                        .set("tracing.endpoint", endpoint, "test")
                        .set("tracing.ratio", Double.toString(ratio), "test")
                        .load(),
                Clock.systemUTC(),
                new SecureRandom());
    }

    private static int get(Berth berth, String path, String... headers) throws Exception {
        String basic = Base64.getEncoder().encodeToString(("admin:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + berth.port() + path))
                .header("Authorization", "Basic " + basic);
        if (headers.length > 0) {
            request.headers(headers);
        }
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }

    private static Tracing.Answered answered(String method, int status, String traceparent) {
        return new Tracing.Answered(
                method, "manifest-get", status, 1_700_000_000_000L, 5_000_000, "id-1", traceparent, null);
    }

    private static String sampled(int flag) {
        return "00-" + TRACE + "-" + CALLER + "-0" + flag;
    }

    private Collector.Span span(String name) {
        return collector.spans.stream()
                .filter(span -> span.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void eachRequestIsASpanOfItsCallersTrace() throws Exception {
        long before = System.currentTimeMillis();
        try (Berth berth = serve(collector.uri().toString(), 1)) {
            assertThat(get(berth, "/v2/", "traceparent", sampled(1))).isEqualTo(200);
            assertThat(get(berth, "/v2/team/none/manifests/latest")).isEqualTo(404);
        }
        assertThat(collector.requests).isNotEmpty().allMatch("POST /v1/traces application/x-protobuf"::equals);
        assertThat(collector.spans).hasSize(2);
        // An answer may be with its client before its span is told: their order says nothing.
        Collector.Span ping = span("GET ping");
        assertThat(ping.traceId()).isEqualTo(TRACE);
        assertThat(ping.parentId()).isEqualTo(CALLER);
        assertThat(ping.kind()).as("SERVER").isEqualTo(2);
        assertThat(ping.attributes())
                .containsEntry("http.request.method", "GET")
                .containsEntry("http.response.status_code", 200L)
                .containsEntry("berth.operation", "ping")
                .containsKey("berth.request_id");
        assertThat(ping.resource()).containsEntry("service.name", "berth").containsKey("service.version");
        assertThat(ping.startNanos() / 1_000_000).isBetween(before - 1000, System.currentTimeMillis());
        assertThat(ping.endNanos()).isGreaterThan(ping.startNanos());
        Collector.Span missing = span("GET manifest-get");
        assertThat(missing.traceId()).isNotEqualTo(TRACE);
        assertThat(missing.parentId()).isEmpty();
        assertThat(missing.attributes()).containsEntry("http.response.status_code", 404L);
        assertThat(missing.statusCode())
                .as("a client's error is not the server's")
                .isZero();
    }

    @Test
    void whoAskedAndWhatForIsNotPartOfATrace() throws Exception {
        try (Berth berth = serve(collector.uri().toString(), 1)) {
            get(berth, "/v2/secret-project/none/manifests/latest?token=hidden");
        }
        assertThat(collector.bodies).isNotEmpty();
        for (byte[] body : collector.bodies) {
            assertThat(new String(body, StandardCharsets.ISO_8859_1))
                    .doesNotContain("admin", "secret-project", "hidden", "127.0.0.1");
        }
    }

    @Test
    void theRatioHoldsWhateverACallerAsksFor() {
        try (var none = new OtlpTracing(collector.uri(), 0, "1", Duration.ofMillis(50))) {
            none.answered(answered("GET", 200, null));
            none.answered(answered("GET", 200, sampled(1)));
        }
        assertThat(collector.spans).isEmpty();
        try (var all = new OtlpTracing(collector.uri(), 1, "1", Duration.ofMillis(50))) {
            all.answered(answered("GET", 200, sampled(0)));
            all.answered(answered("GET", 200, "nonsense"));
        }
        assertThat(collector.spans)
                .as("the one that its caller wants untraced is, the other begins a trace of its own")
                .hasSize(1)
                .noneMatch(span -> span.traceId().equals(TRACE));
    }

    @Test
    void aPartOfAllRequestsIsTraced() {
        try (var some = new OtlpTracing(collector.uri(), 0.25, "1", Duration.ofMillis(20))) {
            for (int i = 0; i < 1000; i++) {
                some.answered(answered("GET", 200, null));
            }
        }
        assertThat(collector.spans).hasSizeBetween(150, 350);
    }

    @Test
    void failuresOfTheServerAndStrangeMethodsAreTold() {
        try (var tracing = new OtlpTracing(collector.uri(), 1, "1", Duration.ofMillis(50))) {
            tracing.answered(answered("WHATEVER", 503, null));
        }
        assertThat(collector.spans).singleElement().satisfies(span -> {
            assertThat(span.name()).isEqualTo("_OTHER manifest-get");
            assertThat(span.statusCode()).as("ERROR").isEqualTo(2);
            assertThat(span.attributes()).containsEntry("error.type", "503");
            assertThat(span.endNanos() - span.startNanos()).isEqualTo(5_000_000);
        });
    }

    @Test
    void aCollectorThatIsGoneHoldsNobodyUp() throws Exception {
        collector.close();
        long start = System.nanoTime();
        try (Berth berth = serve(collector.uri().toString(), 1)) {
            for (int i = 0; i < 20; i++) {
                assertThat(get(berth, "/v2/")).isEqualTo(200);
            }
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(60));
    }

    @Test
    void thatSpansAreLostIsLoggedOnceAMinute() {
        var log = (Logger) LoggerFactory.getLogger(LoggedExporter.class);
        var heard = new ListAppender<ILoggingEvent>();
        heard.start();
        log.addAppender(heard);
        log.setLevel(Level.WARN);
        log.setAdditive(false);
        var time = new AtomicLong();
        var exporter = new LoggedExporter(
                new SpanExporter() {
                    @Override
                    public CompletableResultCode export(Collection<SpanData> spans) {
                        return CompletableResultCode.ofFailure();
                    }

                    @Override
                    public CompletableResultCode flush() {
                        return CompletableResultCode.ofSuccess();
                    }

                    @Override
                    public CompletableResultCode shutdown() {
                        return CompletableResultCode.ofSuccess();
                    }
                },
                time::get);
        exporter.export(List.of());
        exporter.export(List.of());
        time.addAndGet(TimeUnit.SECONDS.toNanos(61));
        exporter.export(List.of());
        log.detachAppender(heard);
        log.setLevel(null);
        log.setAdditive(true);
        assertThat(heard.list)
                .hasSize(2)
                .allMatch(event -> event.getFormattedMessage().contains("tracing.endpoint"));
    }

    @Test
    void theEndpointMayBeGivenWithItsPathOrWithout() {
        assertThat(OtlpTracing.tracesUrl(URI.create("http://host:4318"))).isEqualTo("http://host:4318/v1/traces");
        assertThat(OtlpTracing.tracesUrl(URI.create("http://host:4318/"))).isEqualTo("http://host:4318/v1/traces");
        assertThat(OtlpTracing.tracesUrl(URI.create("https://host/otlp/v1/traces")))
                .isEqualTo("https://host/otlp/v1/traces");
    }

    @Test
    void withoutAnEndpointNothingOfItIsLoaded() throws Exception {
        Path classes = data.resolve("classes");
        // Serves a few requests and ends.
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xlog:class+load:file=" + classes,
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.berth.cli.Main",
                        "train",
                        "--data",
                        data.resolve("train").toString())
                .redirectErrorStream(true)
                .redirectOutput(data.resolve("out").toFile())
                .start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(data.resolve("out")))
                .isZero();
        List<String> loaded = Files.readAllLines(classes);
        assertThat(loaded.stream().filter(line -> line.contains(" io.berth.http.WebServer ")))
                .hasSize(1);
        assertThat(loaded.stream().filter(line -> line.contains("opentelemetry") || line.contains("io.berth.tracing")))
                .isEmpty();
    }
}
