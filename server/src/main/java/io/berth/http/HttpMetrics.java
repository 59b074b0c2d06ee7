package io.berth.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Requests by operation and status: count, duration, bytes. Thread-safe. */
public final class HttpMetrics {
    private static final Duration[] BUCKETS = {
        Duration.ofNanos(100_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofMillis(5),
        Duration.ofMillis(25),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10),
        Duration.ofSeconds(60)
    };

    /** The meters of one operation and status. */
    private record Meters(Timer timer, Counter in, Counter out) {}

    // Looking a meter up by its tags costs more than answering from memory, so each operation keeps its own.
    private final class PerOperation {
        private final String name;
        private final AtomicReferenceArray<Meters> byStatus = new AtomicReferenceArray<>(600);

        PerOperation(String name) {
            this.name = name;
        }

        Meters meters(int status) {
            Meters meters = byStatus.get(status);
            if (meters == null) {
                Tags tags = Tags.of("operation", name, "code", Integer.toString(status));
                meters = new Meters(
                        Timer.builder("berth.http.requests")
                                .description("Requests and how long they took")
                                .tags(tags)
                                .serviceLevelObjectives(BUCKETS)
                                .register(registry),
                        bytes("berth.http.request.bytes", "Bytes of request bodies", tags),
                        bytes("berth.http.response.bytes", "Bytes of response bodies", tags));
                byStatus.set(status, meters);
            }
            return meters;
        }

        private Counter bytes(String counter, String description, Tags tags) {
            return Counter.builder(counter).description(description).tags(tags).register(registry);
        }
    }

    private final MeterRegistry registry;
    private final ConcurrentHashMap<String, PerOperation> operations = new ConcurrentHashMap<>();
    private final AtomicInteger active = new AtomicInteger();

    public HttpMetrics(MeterRegistry registry) {
        this.registry = registry;
        registry.gauge("berth.http.requests.active", active);
    }

    void certificate(Tls tls) {
        Gauge.builder("berth.tls.certificate.expiry.timestamp", tls, Tls::expirySeconds)
                .description("When the served certificate ends, or the first of its chain, in seconds since 1970")
                .baseUnit("seconds")
                .register(registry);
    }

    void begin() {
        active.incrementAndGet();
    }

    void end(String operation, int status, long nanos, long bytesIn, long bytesOut) {
        active.decrementAndGet();
        PerOperation known = operations.get(operation);
        if (known == null) {
            known = operations.computeIfAbsent(operation, PerOperation::new);
        }
        Meters meters = known.meters(status >= 0 && status < 600 ? status : 0);
        meters.timer.record(nanos, TimeUnit.NANOSECONDS);
        if (bytesIn > 0) {
            meters.in.increment(bytesIn);
        }
        if (bytesOut > 0) {
            meters.out.increment(bytesOut);
        }
    }

    /**
     * The same numbers under the names of Harbor's core, in Prometheus' text format, and not counted for it: without the
     * method, which an operation implies or has more than one of, and without quantiles, which nothing here estimates.
     */
    public String asHarbor() {
        var total = new StringBuilder("""
                # HELP harbor_core_http_inflight_requests berth_http_requests_active, as Harbor calls it
                # TYPE harbor_core_http_inflight_requests gauge
                harbor_core_http_inflight_requests %d
                # HELP harbor_core_http_request_total Requests, as in Harbor
                # TYPE harbor_core_http_request_total counter
                """.formatted(active()));
        var durations = new StringBuilder("""
                # HELP harbor_core_http_request_duration_seconds How long requests took, as in Harbor
                # TYPE harbor_core_http_request_duration_seconds summary
                """);
        new TreeMap<>(operations).forEach((name, operation) -> {
            long all = 0;
            double seconds = 0;
            for (int status = 0; status < operation.byStatus.length(); status++) {
                Meters meters = operation.byStatus.get(status);
                if (meters != null) {
                    long count = meters.timer.count();
                    all += count;
                    seconds += meters.timer.totalTime(TimeUnit.SECONDS);
                    total.append("harbor_core_http_request_total{code=\"%d\",operation=\"%s\"} %d\n"
                            .formatted(status, name, count));
                }
            }
            String of = "{operation=\"" + name + "\"} ";
            durations.append("harbor_core_http_request_duration_seconds_sum" + of + seconds + "\n");
            durations.append("harbor_core_http_request_duration_seconds_count" + of + all + "\n");
        });
        return total.append(durations).toString();
    }

    /** Requests being answered. */
    int active() {
        return active.get();
    }
}
