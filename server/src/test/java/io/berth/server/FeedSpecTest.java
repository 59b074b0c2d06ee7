package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the change feed says of real pushes and deletes: each entry is understood without the tables it came from. */
class FeedSpecTest {
    @TempDir
    Path data;

    private record Entry(String kind, String key, JsonNode payload, String actor, String requestId, long at) {}

    private static List<Entry> feed(BerthUnderTest berth) throws SQLException, IOException {
        var entries = new ArrayList<Entry>();
        try (Connection database = berth.database();
                var rows = database.createStatement()
                        .executeQuery("SELECT kind, key, payload, actor, request_id, at FROM change"
                                + " WHERE key LIKE 'library/feed%' ORDER BY seq")) {
            while (rows.next()) {
                entries.add(new Entry(
                        rows.getString(1),
                        rows.getString(2),
                        Json.MAPPER.readTree(rows.getString(3)),
                        rows.getString(4),
                        rows.getString(5),
                        rows.getLong(6)));
            }
        }
        return entries;
    }

    private static JsonNode only(List<Entry> entries, String kind, String key) {
        List<Entry> found = entries.stream()
                .filter(entry -> entry.kind().equals(kind) && entry.key().equals("library/feed" + key))
                .toList();
        assertThat(found).as(kind + " of " + key).hasSize(1);
        return found.getFirst().payload();
    }

    @Test
    void aPushAMovedTagAndDeletesTellOldAndNew() throws Exception {
        try (var berth = BerthUnderTest.start(data)) {
            byte[] layer = Content.random(3_000);
            byte[] loose = Content.random(2_000);
            String first = berth.pushImage("library/feed", "v1", layer);
            List<Entry> pushed = feed(berth);
            Content index = Content.index("");
            String second = berth.pushManifest("library/feed", "v1", index);
            List<Entry> moved = feed(berth).subList(pushed.size(), feed(berth).size());
            String blob = berth.pushBlob("library/feed", loose);
            int before = feed(berth).size();
            berth.delete("/v2/library/feed/manifests/v1").isStatus(202);
            berth.pushManifest("library/feed", "v2", index);
            berth.delete("/v2/library/feed/manifests/" + second).isStatus(202);
            berth.delete("/v2/library/feed/blobs/" + blob).isStatus(202);
            List<Entry> deleted = feed(berth).subList(before, feed(berth).size());

            assertThat(only(pushed, "blob-linked", "@" + Content.sha256(layer)))
                    .isEqualTo(Json.MAPPER.readTree("{\"size\":3000}"));
            JsonNode put = only(pushed, "manifest-put", "@" + first);
            assertThat(put.path("mediaType").asText()).isEqualTo(Content.OCI_MANIFEST);
            assertThat(put.path("size").asLong()).isPositive();
            JsonNode set = only(pushed, "tag-set", ":v1");
            assertThat(set.path("digest").asText()).isEqualTo(first);
            assertThat(set.hasNonNull("previous")).isFalse();

            assertThat(only(moved, "manifest-put", "@" + second)
                            .path("mediaType")
                            .asText())
                    .isEqualTo(Content.OCI_INDEX);
            JsonNode move = only(moved, "tag-set", ":v1");
            assertThat(move.path("digest").asText()).isEqualTo(second);
            assertThat(move.path("previous").asText()).isEqualTo(first);

            assertThat(only(deleted, "tag-deleted", ":v1").path("previous").asText())
                    .isEqualTo(second);
            assertThat(only(deleted, "tag-deleted", ":v2").path("previous").asText())
                    .isEqualTo(second);
            JsonNode gone = only(deleted, "manifest-deleted", "@" + second);
            assertThat(gone.path("mediaType").asText()).isEqualTo(Content.OCI_INDEX);
            assertThat(gone.path("size").asLong()).isEqualTo(index.bytes().length);
            assertThat(gone.path("tags").toString()).isEqualTo("[\"v2\"]");
            assertThat(only(deleted, "blob-unlinked", "@" + blob)).isEqualTo(Json.MAPPER.readTree("{\"size\":2000}"));
            assertThat(feed(berth)).allSatisfy(entry -> {
                assertThat(entry.actor()).isEqualTo("admin");
                assertThat(entry.requestId()).isNotBlank();
                assertThat(entry.at()).isPositive();
            });
        }
    }
}
