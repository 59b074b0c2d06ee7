package io.berth.harbor;

import io.berth.db.Database;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code harbor_project_artifact_total}: the manifests of projects, by kind. All of them are counted one by one, so nobody
 * waits for it: what was counted before is shown meanwhile, nothing at first, and the counting rests a hundred times as long
 * as it took, at least {@link #REST}. Thread-safe.
 */
public final class ArtifactMeters {
    private static final Logger LOG = LoggerFactory.getLogger(ArtifactMeters.class);
    private static final Duration REST = Duration.ofMinutes(1);
    private static final int SHARE = 100;

    // The artifact_type of an image that names none is the media type of its config.
    private static final String COUNT = """
            SELECT p.name AS project, p.public, c.media_type, c.artifact_type, c.artifacts
            FROM (SELECT r.project_id, m.media_type, m.artifact_type, COUNT(*) AS artifacts
                  FROM manifest m JOIN repository r ON r.id = m.repository_id
                  WHERE r.project_id IN (SELECT id FROM project ORDER BY used_bytes DESC, id LIMIT :most)
                  GROUP BY r.project_id, m.media_type, m.artifact_type) AS c
            JOIN project p ON p.id = c.project_id
            """;

    private final Database database;
    private final Clock clock;
    private final int most;
    private final AtomicBoolean counting = new AtomicBoolean();
    private volatile long nextMillis = Long.MIN_VALUE;
    private volatile String text = "";

    /** @param most how many projects are reported, those that hold most */
    public ArtifactMeters(Database database, Clock clock, int most) {
        this.database = database;
        this.clock = clock;
        this.most = most;
    }

    /** What was counted last, in Prometheus' text format. Has it counted again when that is too long ago. */
    public String text() {
        if (clock.millis() >= nextMillis && counting.compareAndSet(false, true)) {
            Thread.startVirtualThread(this::count);
        }
        return text;
    }

    private void count() {
        long start = clock.millis();
        try {
            text = shown(database.read(tx -> tx.dao(RowsDao.class).rows(COUNT, Map.of("most", most))));
        } catch (RuntimeException e) {
            LOG.warn("artifacts could not be counted, what was counted before is shown: {}", e.toString());
        } finally {
            long now = clock.millis();
            nextMillis = now + Math.max(REST.toMillis(), SHARE * (now - start));
            counting.set(false);
        }
    }

    private static String shown(List<Row> rows) {
        var counts = new TreeMap<String, Long>();
        for (Row row : rows) {
            String media = row.text("media_type");
            boolean index = media.endsWith("index.v1+json") || media.endsWith("manifest.list.v2+json");
            String type = ArtifactBodies.type(index, row.has("artifact_type") ? row.text("artifact_type") : "");
            String labels = "project_name=\"%s\",public=\"%s\",artifact_type=\"%s\""
                    .formatted(row.text("project"), row.flag("public"), type);
            counts.merge(labels, row.number("artifacts"), Long::sum);
        }
        var text = new StringBuilder("""
                # HELP harbor_project_artifact_total Manifests of a project, as in Harbor
                # TYPE harbor_project_artifact_total gauge
                """);
        counts.forEach((labels, count) -> text.append("harbor_project_artifact_total{")
                .append(labels)
                .append("} ")
                .append(count)
                .append('\n'));
        return text.toString();
    }
}
