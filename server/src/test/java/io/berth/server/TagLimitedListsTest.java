package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Harbor's lists of artifacts and tags for somebody who may see some tags alone. */
class TagLimitedListsTest {
    private static final String PASSWORD = "Abcd1234";
    private static final String LIMITED = BerthUnderTest.basic("limited", PASSWORD);

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
        berth.makeUser("limited", PASSWORD);
        berth.send(
                        "PUT",
                        "/api/v1/access",
                        "{\"projects\":[{\"name\":\"tags\",\"members\":[{\"user\":\"limited\",\"role\":\"developer\",\"tags\":\"dev-*\"}]}]}",
                        BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static String repository(String name) {
        return "/projects/tags/repositories/" + name + "/artifacts";
    }

    private static void tag(String repository, String reference, String... tags) {
        for (String tag : tags) {
            berth.api(
                            "POST",
                            repository(repository) + "/" + reference + "/tags",
                            "{\"name\":\"" + tag + "\"}",
                            BerthUnderTest.ADMIN)
                    .isStatus(201);
        }
    }

    private static Answer asLimited(String path) {
        return berth.api("GET", path, "", LIMITED).isStatus(200);
    }

    private static List<String> each(JsonNode list, String name) {
        List<String> values = new ArrayList<>();
        list.forEach(one -> values.add(one.path(name).asText()));
        return values;
    }

    @Test
    void hiddenTagsAreNeitherShownNorCounted() {
        berth.pushImage("tags/some", "v1", Content.random(100));
        tag("some", "v1", "a1", "dev-1", "dev-2", "dev-3", "x1");
        String tags = repository("some") + "/dev-1/tags?sort=name&page_size=2";
        Answer first = asLimited(tags).has("X-Total-Count", "3");
        assertThat(each(first.json(), "name")).containsExactly("dev-1", "dev-2");
        assertThat(first.header("Link")).contains("page=2").doesNotContain("page=3");
        Answer second = asLimited(tags + "&page=2").has("X-Total-Count", "3");
        assertThat(each(second.json(), "name")).containsExactly("dev-3");
        assertThat(each(
                        asLimited(repository("some") + "/dev-1/tags?sort=-name&q=name=~-2")
                                .json(),
                        "name"))
                .containsExactly("dev-2");
        berth.api("GET", repository("some") + "/v1/tags", "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .has("X-Total-Count", "6");
    }

    @Test
    void artifactsWithoutATagThatMayBeSeenAreNeitherShownNorCounted() {
        String oldest = berth.pushImage("tags/few", "dev-1", Content.random(100));
        tag("few", "dev-1", "dev-2", "v2");
        berth.pushImage("tags/few", "v3", Content.random(100));
        String newest = berth.pushImage("tags/few", "dev-4", Content.random(100));
        Answer all = asLimited(repository("few")).has("X-Total-Count", "2");
        assertThat(each(all.json(), "digest")).containsExactly(newest, oldest);
        assertThat(each(all.json().path(1).path("tags"), "name")).containsExactlyInAnyOrder("dev-1", "dev-2");
        Answer second = asLimited(repository("few") + "?page=2&page_size=1").has("X-Total-Count", "2");
        assertThat(each(second.json(), "digest")).containsExactly(oldest);
        assertThat(each(asLimited(repository("few") + "?sort=push_time").json(), "digest"))
                .containsExactly(oldest, newest);
        assertThat(each(asLimited(repository("few") + "?page_size=0").json(), "digest"))
                .containsExactly(newest, oldest);
    }

    @Test
    void tensOfThousandsOfTagsAreListedToo() throws SQLException {
        String oldest = berth.pushImage("tags/many", "dev-old", Content.random(100));
        berth.pushImage("tags/many", "dev-new", Content.random(100));
        try (var connection = berth.database();
                var statement = connection.createStatement()) {
            statement.execute("""
                    INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 33000)
                    SELECT t.repository_id, 'dev-' || n.i, t.manifest_id, t.digest, 0, 0 FROM tag t, n
                    WHERE t.name = 'dev-new'
                    """);
        }
        Answer artifacts = asLimited(repository("many") + "?page=2&page_size=1").has("X-Total-Count", "2");
        assertThat(each(artifacts.json(), "digest")).containsExactly(oldest);
        Answer tags = asLimited(repository("many") + "/dev-new/tags?page=3301&page_size=10")
                .has("X-Total-Count", "33001");
        assertThat(tags.json()).hasSize(1);
    }
}
