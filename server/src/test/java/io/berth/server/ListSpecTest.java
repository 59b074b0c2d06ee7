package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** tags/list and _catalog, by pages and as a whole. */
class ListSpecTest {
    private static final List<String> TAGS = List.of("1.0", "A", "_x", "a", "b", "latest", "v1", "v10", "v2");

    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
        Content image = Content.image(berth, "lists/tags");
        List<String> shuffled = new ArrayList<>(TAGS);
        java.util.Collections.reverse(shuffled);
        for (String tag : shuffled) {
            berth.pushManifest("lists/tags", tag, image);
        }
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static List<String> strings(JsonNode array) {
        var all = new ArrayList<String>();
        array.forEach(node -> all.add(node.textValue()));
        return all;
    }

    private static List<String> tags(Answer answer) {
        return strings(answer.isStatus(200)
                .has("Content-Type", "application/json")
                .json()
                .path("tags"));
    }

    private static String next(Answer answer) {
        String link = answer.header("Link");
        if (link == null) {
            return null;
        }
        assertThat(link).startsWith("</v2/").endsWith(">; rel=\"next\"");
        return link.substring(1, link.indexOf('>'));
    }

    @Test
    void allTagsComeInTheOrderOfTheirBytes() {
        Answer answer = berth.get("/v2/lists/tags/tags/list").hasNo("Link");
        assertThat(tags(answer)).isEqualTo(TAGS);
        assertThat(answer.json().path("name").textValue()).isEqualTo("lists/tags");
        berth.head("/v2/lists/tags/tags/list").isStatus(200).has("Content-Type", "application/json");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8, 9, 10, 1_000_000})
    void pagesLinkToTheNextUntilTheEnd(int n) {
        var seen = new ArrayList<String>();
        String page = "/v2/lists/tags/tags/list?n=" + n;
        while (page != null) {
            Answer answer = berth.get(page);
            assertThat(tags(answer)).hasSizeBetween(1, n);
            seen.addAll(tags(answer));
            page = next(answer);
        }
        assertThat(seen).isEqualTo(TAGS);
    }

    @Test
    void lastNeedNotBeATagAndBeginsAfterIt() {
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?last=b"))).isEqualTo(TAGS.subList(5, 9));
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?last=bb&n=2"))).containsExactly("latest", "v1");
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?last=zzz"))).isEmpty();
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?last="))).isEqualTo(TAGS);
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?last=%00%ff%27%22")))
                .isEqualTo(TAGS);
    }

    @Test
    void zeroIsAnEmptyPageWithoutALink() {
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?n=0").hasNo("Link")))
                .isEmpty();
        assertThat(strings(berth.get("/v2/_catalog?n=0")
                        .isStatus(200)
                        .hasNo("Link")
                        .json()
                        .path("repositories")))
                .isEmpty();
    }

    @Test
    void aHugeNumberIsNoReasonToFail() {
        assertThat(tags(berth.get("/v2/lists/tags/tags/list?n=999999999999999999")))
                .isEqualTo(TAGS);
        berth.get("/v2/_catalog?n=999999999999999999").isStatus(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-1", "a", "1.5", "", "0x10", "1e3", "%20", "99999999999999999999999", "+1", "%00", "%D9%A1"})
    void aNumberThatIsNoneIs400(String n) {
        berth.get("/v2/lists/tags/tags/list?n=" + n).isError(400, "PAGINATION_NUMBER_INVALID");
        berth.get("/v2/_catalog?n=" + n).isError(400, "PAGINATION_NUMBER_INVALID");
    }

    @Test
    void aLastThatCannotBeANameIs400() {
        berth.get("/v2/_catalog?last=" + "a".repeat(5000)).isError(400, "PAGINATION_NUMBER_INVALID");
    }

    @Test
    void anUnknownRepositoryIs404AndOneWithoutTagsIsEmpty() {
        berth.get("/v2/nobody/there/tags/list").isError(404, "NAME_UNKNOWN");
        berth.pushBlob("lists/blobs", new byte[4]);
        assertThat(tags(berth.get("/v2/lists/blobs/tags/list"))).isEmpty();
        assertThat(berth.get("/v2/lists/blobs/tags/list").text()).contains("\"tags\":[]");
        Content image = Content.image(berth, "lists/untagged");
        berth.pushManifest("lists/untagged", "t", image);
        berth.delete("/v2/lists/untagged/manifests/t").isStatus(202);
        assertThat(tags(berth.get("/v2/lists/untagged/tags/list"))).isEmpty();
    }

    @Test
    void theCatalogHoldsWhatHoldsOrHeldAManifest(@TempDir Path data) {
        try (var fresh = BerthUnderTest.start(data)) {
            assertThat(fresh.get("/v2/_catalog").isStatus(200).text()).isEqualTo("{\"repositories\":[]}");
            fresh.pushBlob("only/blobs", new byte[4]);
            assertThat(fresh.get("/v2/_catalog").text()).isEqualTo("{\"repositories\":[]}");
            String digest = fresh.pushImage("with/manifest", "v1");
            assertThat(fresh.get("/v2/_catalog").text()).isEqualTo("{\"repositories\":[\"with/manifest\"]}");
            fresh.delete("/v2/with/manifest/manifests/" + digest).isStatus(202);
            assertThat(fresh.get("/v2/_catalog").text()).isEqualTo("{\"repositories\":[\"with/manifest\"]}");
            fresh.pushImage("alpine", "v1");
            fresh.pushImage("with/manifest-2", "v1");
            fresh.pushImage("a/b/c/d", "v1");
            List<String> expected = List.of("a/b/c/d", "library/alpine", "with/manifest", "with/manifest-2");
            Answer all = fresh.get("/v2/_catalog")
                    .has("Content-Type", "application/json")
                    .hasNo("Link");
            assertThat(strings(all.json().path("repositories"))).isEqualTo(expected);
            for (int n = 1; n <= 5; n++) {
                var seen = new ArrayList<String>();
                String page = "/v2/_catalog?n=" + n;
                while (page != null) {
                    Answer answer = fresh.get(page).isStatus(200);
                    seen.addAll(strings(answer.json().path("repositories")));
                    page = next(answer);
                }
                assertThat(seen).isEqualTo(expected);
            }
        }
    }

    @Test
    void manyTagsComeAsAWholeWhenNoNumberIsGiven() throws SQLException {
        berth.pushImage("lists/many", "seed");
        try (Connection database = berth.database();
                var statement = database.createStatement()) {
            statement.executeUpdate("""
                    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 24998)
                    INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
                    SELECT t.repository_id, printf('t%06d', i), t.manifest_id, t.digest, 0, 0
                    FROM n, tag t JOIN repository r ON r.id = t.repository_id
                    WHERE r.name = 'lists/many' AND t.name = 'seed'
                    """);
        }
        List<String> expected = new ArrayList<>(
                IntStream.range(0, 24_999).mapToObj("t%06d"::formatted).toList());
        expected.add("seed");
        expected.sort(Comparator.naturalOrder());
        Answer whole = berth.get("/v2/lists/many/tags/list").hasNo("Link").hasNo("Content-Length");
        assertThat(tags(whole)).isEqualTo(expected);
        assertThat(tags(berth.get("/v2/lists/many/tags/list?last=t020000"))).hasSize(4_998);

        Answer page = berth.get("/v2/lists/many/tags/list?n=10000");
        assertThat(tags(page)).isEqualTo(expected.subList(0, 10_000));
        assertThat(next(page)).isEqualTo("/v2/lists/many/tags/list?n=10000&last=t009998");
        // A page has an upper limit; the link leads to the rest.
        Answer huge = berth.get("/v2/lists/many/tags/list?n=20000");
        assertThat(tags(huge).size()).isLessThanOrEqualTo(20_000);
        assertThat(next(huge)).isNotNull();
    }

    @Test
    void listsAreOnlyRead() {
        for (String method : List.of("POST", "PUT", "DELETE")) {
            berth.call(method, "/v2/_catalog")
                    .send()
                    .isError(405, "UNSUPPORTED")
                    .has("Allow", "GET, HEAD");
            berth.call(method, "/v2/lists/tags/tags/list")
                    .send()
                    .isError(405, "UNSUPPORTED")
                    .has("Allow", "GET, HEAD");
        }
    }
}
