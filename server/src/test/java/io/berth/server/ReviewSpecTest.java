package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pushes and deletes put down for garbage collection to look at, and when. */
class ReviewSpecTest {
    private static final String REPOSITORY = "review/app";

    private BerthUnderTest berth;

    @BeforeEach
    void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    /** What is to be looked at, each with whether it is so now (true) or only when a lease has ended. */
    private Map<String, Boolean> queue() throws SQLException {
        var queue = new HashMap<String, Boolean>();
        try (Connection database = berth.database();
                var rows = database.createStatement()
                        .executeQuery("SELECT kind || ' ' || key, review_after FROM review_queue")) {
            while (rows.next()) {
                queue.put(rows.getString(1), rows.getLong(2) <= System.currentTimeMillis());
            }
        }
        return queue;
    }

    private void lookedAt() throws SQLException {
        try (Connection database = berth.database();
                var statement = database.createStatement()) {
            statement.execute("DELETE FROM review_queue");
        }
    }

    private static String manifest(String digest) {
        return "MANIFEST " + REPOSITORY + "@" + digest;
    }

    @Test
    void whatIsPushedIsLookedAtWhenItsLeaseHasEnded() throws SQLException {
        String blob = berth.pushBlob(REPOSITORY, Content.random(20_000));
        Content untagged = Content.image(berth, REPOSITORY);
        berth.pushManifest(REPOSITORY, untagged.digest(), untagged);
        assertThat(queue()).containsEntry("BLOB " + blob, false).containsEntry(manifest(untagged.digest()), false);
    }

    @Test
    void whatATagHasLeftIsLookedAtAtOnce() throws SQLException {
        String moved = berth.pushImage(REPOSITORY, "v1");
        String deleted = berth.pushImage(REPOSITORY, "v2");
        lookedAt();
        berth.pushImage(REPOSITORY, "v1");
        berth.delete("/v2/" + REPOSITORY + "/manifests/v2").isStatus(202);
        assertThat(queue()).containsEntry(manifest(moved), true).containsEntry(manifest(deleted), true);
    }

    @Test
    void theChildrenOfADeletedIndexAreLookedAt() throws SQLException {
        Content child = Content.image(berth, REPOSITORY);
        berth.pushManifest(REPOSITORY, child.digest(), child);
        String index = berth.pushManifest(REPOSITORY, "index", Content.index("", child));
        lookedAt();
        berth.delete("/v2/" + REPOSITORY + "/manifests/" + index).isStatus(202);
        assertThat(queue()).containsEntry(manifest(child.digest()), true);
    }

    @Test
    void aDeletedBlobIsLookedAt() throws SQLException {
        String blob = berth.pushBlob(REPOSITORY, Content.random(20_000));
        lookedAt();
        berth.delete("/v2/" + REPOSITORY + "/blobs/" + blob).isStatus(202);
        assertThat(queue()).containsEntry("BLOB " + blob, true);
    }
}
