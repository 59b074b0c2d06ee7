package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Harbor's API says of how often and when something was pulled. */
class HarborPullsTest {
    private static final String REPOSITORY = "/api/v2.0/projects/library/repositories/app";

    @TempDir
    Path data;

    @Test
    void pullsAreCountedAndTheirTimesKept() {
        try (var berth = BerthUnderTest.start(data)) {
            String digest = berth.pushImage("library/app", "1", Content.random(100));
            berth.pushImage("library/app", "2", Content.random(100));
            JsonNode before =
                    berth.get(REPOSITORY + "/artifacts/1").isStatus(200).json();
            String manifests = "/v2/library/app/manifests/";
            berth.head(manifests + "1").isStatus(200);
            berth.head(manifests + digest).isStatus(200);
            berth.get(manifests + "3").isStatus(404);
            berth.get(manifests + "1").isStatus(200);
            berth.get(manifests + "1").isStatus(200);
            berth.get(manifests + digest).isStatus(200);
            Gauges.eventually("pulls are written", () -> pulls(berth) > 0);
            assertThat(pulls(berth)).isEqualTo(3);
            JsonNode pulled = berth.get(REPOSITORY + "/artifacts/1").json();
            assertThat(pulled.path("pull_time")).isNotEqualTo(before.path("pull_time"));
            assertThat(pulled.path("tags").path(0).path("pull_time"))
                    .isNotEqualTo(before.path("tags").path(0).path("pull_time"));
            JsonNode other = berth.get(REPOSITORY + "/artifacts/2").json();
            assertThat(other.path("pull_time")).isEqualTo(before.path("pull_time"));
        }
    }

    private static long pulls(BerthUnderTest berth) {
        return berth.get(REPOSITORY).isStatus(200).json().path("pull_count").asLong();
    }
}
