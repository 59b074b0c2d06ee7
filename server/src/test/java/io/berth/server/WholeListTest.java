package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A list of everything is read as fast as its client takes it, and is never held as a whole. */
class WholeListTest {
    private static final int TAGS = 100_000;

    @TempDir
    Path data;

    @Test
    void whatIsAddedToTheEndWhileTheClientReadsTheStartIsInTheList() throws SQLException, IOException {
        try (var berth = BerthUnderTest.start(data)) {
            Content image = Content.image(berth, "lists/whole");
            berth.pushManifest("lists/whole", "first", image);
            // Names so long that all of them fit no buffer between server and client.
            try (var connection = berth.database();
                    var insert = connection.createStatement()) {
                insert.execute("""
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
                        INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
                        SELECT repository_id, printf('t%%0120d', i), manifest_id, digest, 0, 0 FROM tag CROSS JOIN n
                        """.formatted(TAGS));
            }
            try (RawHttp slow = RawHttp.connect(berth.port()).head("GET /v2/lists/whole/tags/list")) {
                String start = "HTTP/1.1 200 OK";
                assertThat(new String(slow.readBytes(start.length()), StandardCharsets.US_ASCII))
                        .isEqualTo(start);
                berth.pushManifest("lists/whole", "zuletzt", image);
                slow.unread(start);
                var names = slow.read().json().path("tags");
                assertThat(names).hasSize(TAGS + 2);
                assertThat(names.get(0).textValue()).isEqualTo("first");
                assertThat(names.get(TAGS + 1).textValue()).isEqualTo("zuletzt");
            }
            // A number, however large, gives a page.
            assertThat(berth.get("/v2/lists/whole/tags/list?n=1000000")
                            .isStatus(200)
                            .json()
                            .path("tags"))
                    .hasSize(10_000);
        }
    }
}
