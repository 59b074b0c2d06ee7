package io.berth;

import io.berth.db.Database;
import io.berth.db.DatabaseMetrics;
import io.berth.harbor.ArtifactMeters;
import io.berth.http.AccessLog;
import io.berth.http.BufferPool;
import io.berth.http.HttpMetrics;
import io.berth.identity.EndingCredentials;
import io.berth.identity.SourceMetrics;
import io.berth.project.ProjectMeters;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What Berth measures of its parts. */
final class Meters {
    private Meters() {}

    static DatabaseMetrics database(MeterRegistry meters) {
        Timer reads = Timer.builder("berth.database.reads")
                .description("Reads and how long they took on their connection")
                .register(meters);
        Timer commits = Timer.builder("berth.database.commits")
                .description("Committed groups and how long they took, the disk included")
                .register(meters);
        DistributionSummary group = DistributionSummary.builder("berth.database.group.size")
                .description("Transactions that shared a commit")
                .register(meters);
        return new DatabaseMetrics() {
            @Override
            public void read(long nanos) {
                reads.record(nanos, TimeUnit.NANOSECONDS);
            }

            @Override
            public void group(int size, long nanos) {
                group.record(size);
                commits.record(nanos, TimeUnit.NANOSECONDS);
            }
        };
    }

    static SourceMetrics sources(MeterRegistry meters) {
        return new SourceMetrics() {
            @Override
            public void asked(String source, Result result) {
                counter(source, result).increment();
            }

            // All there from the start: of a counter that begins with the first event an alert does not see the first.
            @Override
            public void inUse(String source) {
                for (Result result : Result.values()) {
                    counter(source, result);
                }
            }

            private Counter counter(String source, Result result) {
                return Counter.builder("berth.identity.source.asked")
                        .description("How often a source of users was asked, and what came of it")
                        .tag("source", source)
                        .tag("result", result.name().toLowerCase(Locale.ROOT))
                        .register(meters);
            }
        };
    }

    static void ending(MeterRegistry meters, EndingCredentials ending) {
        Gauge.builder("berth.credentials.ending", ending, EndingCredentials::robots)
                .description("Credentials that end within a week")
                .tag("kind", "robot")
                .register(meters);
        Gauge.builder("berth.credentials.ending", ending, EndingCredentials::tokens)
                .description("Credentials that end within a week")
                .tag("kind", "token")
                .register(meters);
    }

    /**
     * All that is measured, as text for Prometheus. Asking for it may block.
     *
     * @param checks of health, by name: what is wrong, or null
     * @param systemInfo Harbor's metric of what this is
     */
    static Supplier<String> scrape(
            PrometheusMeterRegistry meters,
            Database database,
            HttpMetrics http,
            Map<String, Supplier<String>> checks,
            Supplier<String> systemInfo,
            Clock clock) {
        var projects = new ProjectMeters(database, meters, clock);
        var artifacts = new ArtifactMeters(database, clock, ProjectMeters.MOST);
        return () -> {
            projects.refresh();
            return meters.scrape()
                    + projects.totals()
                    + artifacts.text()
                    + http.asHarbor()
                    + systemInfo.get()
                    + health(checks);
        };
    }

    private static String health(Map<String, Supplier<String>> checks) {
        var up = new StringBuilder("""
                # HELP harbor_up Whether a component is healthy, as in Harbor
                # TYPE harbor_up gauge
                harbor_up{component="core"} 1
                """);
        boolean healthy = true;
        for (var check : checks.entrySet()) {
            boolean ok = check.getValue().get() == null;
            healthy &= ok;
            up.append("harbor_up{component=\"" + check.getKey() + "\"} " + (ok ? 1 : 0) + "\n");
        }
        return up.append("""
                # HELP harbor_health Whether all components are healthy, as in Harbor
                # TYPE harbor_health gauge
                harbor_health %d
                """.formatted(healthy ? 1 : 0)).toString();
    }

    /** @param accessLog null when there is none */
    static void process(MeterRegistry meters, Database database, BufferPool buffers, AccessLog accessLog) {
        meters.gauge("berth.database.queue", database, Database::queued);
        meters.gauge("berth.http.buffers.bytes", buffers, BufferPool::inUse);
        if (accessLog != null) {
            meters.gauge("berth.log.access.dropped", accessLog, AccessLog::dropped);
        }
        new JvmMemoryMetrics().bindTo(meters);
        new JvmThreadMetrics().bindTo(meters);
        new ClassLoaderMetrics().bindTo(meters);
        new ProcessorMetrics().bindTo(meters);
        new UptimeMetrics().bindTo(meters);
    }
}
