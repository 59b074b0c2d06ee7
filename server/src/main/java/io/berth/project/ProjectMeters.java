package io.berth.project;

import io.berth.db.Database;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What projects hold, for those who watch: under names of our own, and under those of Harbor's exporter. Asked at most
 * each {@link #KEEP}, and for at most {@link #MOST} projects, the fullest. Thread-safe.
 */
public final class ProjectMeters {
    /** How many projects are reported one by one. */
    public static final int MOST = 1_000;

    private static final Logger LOG = LoggerFactory.getLogger(ProjectMeters.class);
    private static final Duration KEEP = Duration.ofSeconds(15);
    /** Repositories of the whole site are counted one by one, so not as often. */
    private static final Duration KEEP_REPOSITORIES = Duration.ofMinutes(1);

    private final Database database;
    private final Clock clock;
    private final int most;
    private final MultiGauge used;
    private final MultiGauge quota;
    private final MultiGauge remaining;
    private final MultiGauge harborUsed;
    private final MultiGauge harborQuota;
    private final ReentrantLock refreshing = new ReentrantLock();
    private long nextMillis = Long.MIN_VALUE;
    private int reported;
    private volatile long unreported;
    private long nextRepositoriesMillis = Long.MIN_VALUE;
    private volatile String totals = "";
    private volatile String site = "";
    private volatile String repositories = "";

    public ProjectMeters(Database database, MeterRegistry meters, Clock clock) {
        this(database, meters, clock, MOST);
    }

    ProjectMeters(Database database, MeterRegistry meters, Clock clock, int most) {
        this.database = database;
        this.clock = clock;
        this.most = most;
        used = gauge(meters, "berth.project.used.bytes", "Bytes of the different blobs and manifests of a project");
        quota = gauge(meters, "berth.project.quota.bytes", "Bytes that a project may hold, where there is a limit");
        remaining = gauge(meters, "berth.project.remaining.bytes", "Bytes that a project has left, where limited");
        harborUsed = gauge(meters, "harbor.project.quota.usage.byte", "berth_project_used_bytes, as Harbor calls it");
        harborQuota = gauge(meters, "harbor.project.quota.byte", "The quota as in Harbor: -1 for none");
        meters.gauge("berth.projects.unreported", this, one -> one.unreported);
    }

    private static MultiGauge gauge(MeterRegistry meters, String name, String description) {
        return MultiGauge.builder(name).description(description).register(meters);
    }

    /** Asks the database when what is shown is too old. Blocks, so never on an event loop. */
    public void refresh() {
        refreshing.lock();
        try {
            long now = clock.millis();
            if (now >= nextMillis) {
                nextMillis = now + KEEP.toMillis();
                show(database.read(tx -> tx.dao(ProjectMeterDao.class).fullest(most)));
                count(database.read(tx -> tx.dao(ProjectMeterDao.class).site()));
            }
            if (now >= nextRepositoriesMillis) {
                nextRepositoriesMillis = now + KEEP_REPOSITORIES.toMillis();
                countRepositories(
                        database.read(tx -> tx.dao(ProjectMeterDao.class).repositories()));
            }
        } catch (RuntimeException e) {
            LOG.warn("projects could not be measured, what was measured before is shown: {}", e.toString());
        } finally {
            refreshing.unlock();
        }
    }

    /**
     * Those of Harbor's that the registry of meters cannot have, since they are no counters and their names end in {@code
     * _total}; in Prometheus' text format.
     */
    public String totals() {
        return totals + site + repositories;
    }

    private void show(List<ProjectMeterDao.Row> rows) {
        reported = rows.size();
        show(used, rows.stream(), ProjectMeters::ours, ProjectMeterDao.Row::usedBytes);
        show(quota, limited(rows), ProjectMeters::ours, ProjectMeterDao.Row::quotaBytes);
        show(remaining, limited(rows), ProjectMeters::ours, row -> row.quotaBytes() - row.usedBytes());
        show(harborUsed, rows.stream(), ProjectMeters::harbors, ProjectMeterDao.Row::usedBytes);
        show(
                harborQuota,
                rows.stream(),
                ProjectMeters::harbors,
                row -> row.quotaBytes() == null ? -1 : row.quotaBytes());
        totals = """
                # HELP harbor_project_repo_total Repositories of a project, as in Harbor
                # TYPE harbor_project_repo_total gauge
                """
                + each(
                        rows,
                        row -> "harbor_project_repo_total{project_name=\"%s\",public=\"%s\"} %d\n"
                                .formatted(row.name(), row.isPublic(), row.repositories()))
                + """
                # HELP harbor_project_member_total Users and groups with a role in a project, as in Harbor
                # TYPE harbor_project_member_total gauge
                """
                + each(
                        rows,
                        row -> "harbor_project_member_total{project_name=\"%s\"} %d\n"
                                .formatted(row.name(), row.members()))
                + """
                # HELP harbor_artifact_pulled Pulls from a project's repositories, as in Harbor
                # TYPE harbor_artifact_pulled gauge
                """
                + each(
                        rows,
                        row -> "harbor_artifact_pulled{project_name=\"%s\"} %d\n".formatted(row.name(), row.pulls()));
    }

    private static String each(List<ProjectMeterDao.Row> rows, Function<ProjectMeterDao.Row, String> line) {
        return rows.stream().map(line).collect(Collectors.joining());
    }

    private void count(List<ProjectMeterDao.Site> parts) {
        long[] projects = new long[2];
        long used = 0;
        for (ProjectMeterDao.Site part : parts) {
            projects[part.isPublic() ? 1 : 0] = part.projects();
            used += part.usedBytes();
        }
        unreported = projects[0] + projects[1] - reported;
        site = """
                # HELP harbor_project_total Projects, as in Harbor
                # TYPE harbor_project_total gauge
                harbor_project_total{public="true"} %d
                harbor_project_total{public="false"} %d
                """.formatted(projects[1], projects[0])
                + statistic("total_storage_consumption", "Bytes that all projects hold", used)
                + statistic("total_project_amount", "Projects", projects[0] + projects[1])
                + statistic("public_project_amount", "Public projects", projects[1])
                + statistic("private_project_amount", "Private projects", projects[0]);
    }

    private void countRepositories(List<ProjectMeterDao.Repositories> parts) {
        long[] count = new long[2];
        parts.forEach(part -> count[part.isPublic() ? 1 : 0] = part.count());
        repositories = statistic("total_repo_amount", "Repositories", count[0] + count[1])
                + statistic("public_repo_amount", "Repositories of public projects", count[1])
                + statistic("private_repo_amount", "Repositories of private projects", count[0]);
    }

    private static String statistic(String name, String help, long value) {
        return """
                # HELP harbor_statistics_%1$s %2$s, as in Harbor
                # TYPE harbor_statistics_%1$s gauge
                harbor_statistics_%1$s %3$d
                """.formatted(name, help, value);
    }

    private static Stream<ProjectMeterDao.Row> limited(List<ProjectMeterDao.Row> rows) {
        return rows.stream().filter(row -> row.quotaBytes() != null);
    }

    private static Tags ours(ProjectMeterDao.Row row) {
        return Tags.of("project", row.name());
    }

    private static Tags harbors(ProjectMeterDao.Row row) {
        return Tags.of("project_name", row.name());
    }

    private static void show(
            MultiGauge gauge,
            Stream<ProjectMeterDao.Row> rows,
            Function<ProjectMeterDao.Row, Tags> tags,
            ToDoubleFunction<ProjectMeterDao.Row> value) {
        gauge.register(
                rows.map(row -> MultiGauge.Row.of(tags.apply(row), value.applyAsDouble(row)))
                        .toList(),
                true);
    }
}
