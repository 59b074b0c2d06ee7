package io.berth.tracing;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in Berth's log, once a minute at most, that spans cannot be sent. OpenTelemetry itself would write to standard error
 * past it, with each batch.
 */
final class LoggedExporter implements SpanExporter {
    private static final Logger LOG = LoggerFactory.getLogger(LoggedExporter.class);
    private static final long EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    // Held here, since the JDK forgets the levels of loggers that nobody holds.
    private static final java.util.logging.Logger OTHERS =
            java.util.logging.Logger.getLogger("io.opentelemetry.exporter");

    private final SpanExporter exporter;
    private final LongSupplier nanoTime;
    private final AtomicLong saidAt;

    LoggedExporter(SpanExporter exporter, LongSupplier nanoTime) {
        this.exporter = exporter;
        this.nanoTime = nanoTime;
        this.saidAt = new AtomicLong(nanoTime.getAsLong() - EVERY_NANOS);
        OTHERS.setLevel(Level.OFF);
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        CompletableResultCode result = exporter.export(spans);
        return result.whenComplete(() -> {
            if (!result.isSuccess()) {
                warn(spans.size(), result.getFailureThrowable());
            }
        });
    }

    private void warn(int spans, Throwable failure) {
        long now = nanoTime.getAsLong();
        long before = saidAt.get();
        if (now - before >= EVERY_NANOS && saidAt.compareAndSet(before, now)) {
            LOG.warn(
                    "{} spans could not be sent to tracing.endpoint and are dropped: {}",
                    spans,
                    failure == null ? "the collector refused them" : failure.toString());
        }
    }

    @Override
    public CompletableResultCode flush() {
        return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return exporter.shutdown();
    }
}
