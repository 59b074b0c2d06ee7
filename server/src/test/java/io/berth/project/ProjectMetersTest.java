package io.berth.project;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.TestDatabase;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class ProjectMetersTest {
    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final SteppedClock clock = new SteppedClock(Instant.parse("2026-01-01T00:00:00Z"));

    private List<String> reported() {
        return meters.find("berth.project.used.bytes").gauges().stream()
                .map(gauge -> gauge.getId().getTag("project") + " " + (long) gauge.value())
                .sorted()
                .toList();
    }

    private double value(String name) {
        Gauge gauge = meters.find(name).gauge();
        return gauge == null ? Double.NaN : gauge.value();
    }

    @Test
    void theFullestAreReportedAndTheRestIsCounted() {
        try (var database = kind.open(directory, Clock.systemUTC(), new Random(1))) {
            Projects projects = TestProjects.of(database);
            var shown = new ProjectMeters(database, meters, clock, 2);
            shown.refresh();
            assertThat(reported()).isEmpty();
            Map<String, Long> quotas = Map.of("half", 200L, "full", 100L, "large", -1L, "empty", 100L);
            Map<String, Long> used = Map.of("half", 100L, "full", 100L, "large", 1_000L, "empty", 0L);
            quotas.forEach((name, quota) -> {
                Project made = projects.create(name, false, quota, Map.of(), TestProjects.SYSTEM, Change.Origin.SYSTEM);
                database.write(tx -> {
                    if (used.get(name) > 0) {
                        Charges.link(tx, made.id(), "sha256:" + name, used.get(name));
                    }
                    return null;
                });
            });
            shown.refresh();
            assertThat(reported()).isEmpty(); // as before, for some seconds
            clock.advance(Duration.ofSeconds(15));
            shown.refresh();
            assertThat(reported()).containsExactly("full 100", "half 100");
            assertThat(value("berth.projects.unreported")).isEqualTo(2);
            // One that is not among them any more is not shown with what it had.
            database.write(tx -> {
                Charges.unlink(tx, projects.find(tx, "full").orElseThrow().id(), "sha256:full");
                return null;
            });
            clock.advance(Duration.ofSeconds(15));
            shown.refresh();
            assertThat(reported()).containsExactly("half 100", "large 1000");
        }
    }
}
