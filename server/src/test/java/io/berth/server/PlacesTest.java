package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where Berth keeps things: nobody else uses the places, and readiness tells when they cannot be used. */
class PlacesTest {
    @TempDir
    Path root;

    @Test
    void aBerthThatSharesDatabaseOrBlobsWithAnotherIsRefusedAndDoesNoHarm() throws Exception {
        byte[] content = Content.random(40_000);
        Path other = root.resolve("other");
        Path database = root.resolve("database");
        Path blobs = root.resolve("blobs");
        try (var berth = BerthUnderTest.start(
                root.resolve("data"), "database.directory=" + database, "storage.blobs=" + blobs)) {
            String upload = berth.openUpload("library/places");
            berth.call("PATCH", upload).body(content).send().isStatus(202);
            refused(other, database, "database.directory", "database.directory=" + database);
            refused(other, blobs, "storage.blobs", "storage.blobs=" + blobs);
            // The other start would have taken its bytes for leftovers.
            berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                    .send()
                    .isStatus(201);
        }
        // Several things may lie in one directory, and a Berth that has stopped is in nobody's way.
        BerthUnderTest.start(other, "database.directory=" + other, "storage.blobs=" + blobs)
                .close();
        assertThat(Files.list(blobs.resolve("uploads"))).isEmpty();
    }

    private static void refused(Path data, Path shared, String setting, String... settings) {
        assertThatThrownBy(() -> BerthUnderTest.start(data, settings).close())
                .hasMessageContaining(shared + " is in use by another Berth")
                .hasMessageContaining(setting);
    }

    @Test
    void readinessTellsOfADatabaseThatTakesNoWrites() throws Exception {
        try (var berth = BerthUnderTest.start(root)) {
            try (Connection database = berth.database();
                    var statement = database.createStatement()) {
                // As when its disk has become read-only: reads go on.
                statement.execute(
                        "CREATE TRIGGER ro BEFORE INSERT ON setting BEGIN SELECT RAISE(ABORT, 'read-only'); END");
            }
            // Nobody waits for the write that finds out.
            Gauges.eventually(
                    "readiness tells",
                    () -> berth.call("GET", "/readyz").anonymous().send().status() == 503);
            for (String path : List.of("/readyz", "/healthz")) {
                Answer answer = berth.call("GET", path).anonymous().send().isStatus(503);
                assertThat(answer.json().path("checks").path("database").asText())
                        .isEqualTo("the database cannot be written");
            }
            berth.call("GET", "/livez").anonymous().send().isStatus(200);
        }
    }
}
