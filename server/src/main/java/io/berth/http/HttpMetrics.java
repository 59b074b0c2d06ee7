package io.berth.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
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

    // Looking a meter up by its tags costs more than answering from memory, so each operation keeps its own.
    private final class PerOperation {
        private final String name;
        private final AtomicReferenceArray<Timer> byStatus = new AtomicReferenceArray<>(600);
        private final Counter in;
        private final Counter out;

        PerOperation(String name) {
            this.name = name;
            in = Counter.builder("berth.http.request.bytes")
                    .description("Bytes of request bodies")
                    .tag("operation", name)
                    .register(registry);
            out = Counter.builder("berth.http.response.bytes")
                    .description("Bytes of response bodies")
                    .tag("operation", name)
                    .register(registry);
        }

        Timer timer(int status) {
            Timer timer = byStatus.get(status);
            if (timer == null) {
                timer = Timer.builder("berth.http.requests")
                        .description("Requests and how long they took")
                        .tag("operation", name)
                        .tag("code", Integer.toString(status))
                        .serviceLevelObjectives(BUCKETS)
                        .register(registry);
                byStatus.set(status, timer);
            }
            return timer;
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
        PerOperation meters = operations.get(operation);
        if (meters == null) {
            meters = operations.computeIfAbsent(operation, PerOperation::new);
        }
        meters.timer(status >= 0 && status < 600 ? status : 0).record(nanos, TimeUnit.NANOSECONDS);
        if (bytesIn > 0) {
            meters.in.increment(bytesIn);
        }
        if (bytesOut > 0) {
            meters.out.increment(bytesOut);
        }
    }

    /** Requests being answered. */
    int active() {
        return active.get();
    }
}
