package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told to exist stays for those who may push: who takes leases, and what they cost. */
class LeaseSpecTest {
    private static final String REPOSITORY = "library/leased";

    @TempDir
    Path data;

    private static long number(BerthUnderTest berth, String sql) throws SQLException {
        try (Connection database = berth.database();
                var rows = database.createStatement().executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getLong(1);
        }
    }

    private static long blobLease(BerthUnderTest berth, String digest) throws SQLException {
        return number(berth, "SELECT leased_until FROM repo_blob WHERE digest = '" + digest + "'");
    }

    private static long manifestLease(BerthUnderTest berth, String digest) throws SQLException {
        return number(berth, "SELECT leased_until FROM manifest WHERE digest = '" + digest + "'");
    }

    @Test
    void whoMayPushTakesALeaseByAskingAndNobodyElseDoes() throws SQLException {
        byte[] layer = Content.random(20_000);
        String blob = Content.sha256(layer);
        String child;
        try (var berth = BerthUnderTest.start(data)) {
            Content image = Content.image(berth, REPOSITORY, layer);
            child = berth.pushManifest(REPOSITORY, image.digest(), image);
            berth.pushManifest(REPOSITORY, "list", Content.index("", image));
            berth.makeUser("reader", "Reader-Of-Much-1");
            try (Connection database = berth.database();
                    var statement = database.createStatement()) {
                statement.executeUpdate("UPDATE repo_blob SET leased_until = 0");
                statement.executeUpdate("UPDATE manifest SET leased_until = 0");
            }
        }
        try (var berth = BerthUnderTest.start(data)) {
            String blobPath = "/v2/" + REPOSITORY + "/blobs/" + blob;
            String childPath = "/v2/" + REPOSITORY + "/manifests/" + child;
            for (String path : new String[] {blobPath, childPath}) {
                berth.call("HEAD", path).anonymous().send().isStatus(200);
                berth.call("GET", path)
                        .as(BerthUnderTest.basic("reader", "Reader-Of-Much-1"))
                        .send()
                        .isStatus(200);
            }
            assertThat(blobLease(berth, blob)).isZero();
            assertThat(manifestLease(berth, child)).isZero();
            long now = System.currentTimeMillis();
            berth.head(blobPath).isStatus(200);
            berth.head(childPath).isStatus(200);
            assertThat(blobLease(berth, blob)).isGreaterThan(now + 48 * 3_600_000L);
            assertThat(manifestLease(berth, child)).isGreaterThan(now + 48 * 3_600_000L);
            // Whoever asks again and again is told from memory.
            long statements = Gauges.databaseWork(berth);
            for (int i = 0; i < 50; i++) {
                berth.head(blobPath).isStatus(200);
                berth.head(childPath).isStatus(200);
            }
            assertThat(Gauges.databaseWork(berth) - statements).isLessThan(20);
        }
    }
}
