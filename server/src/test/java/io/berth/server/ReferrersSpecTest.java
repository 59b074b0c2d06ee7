package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The referrers API: filter, paging by count and bytes, and the referrers tag of older clients. */
class ReferrersSpecTest {
    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Content subject(String repository) {
        Content image = Content.image(berth, repository, Content.random(10));
        berth.pushManifest(repository, "subject", image);
        return image;
    }

    private static Content attach(String repository, Content subject, String type, String more) {
        Content referrer = Content.referrer(berth, repository, subject.descriptor(), type, more);
        berth.pushManifest(repository, referrer.digest(), referrer);
        return referrer;
    }

    private static String path(String repository, Content subject) {
        return "/v2/" + repository + "/referrers/" + subject.digest();
    }

    private static List<JsonNode> manifests(Answer answer) {
        answer.isStatus(200).has("Content-Type", Content.OCI_INDEX);
        assertThat(answer.json().path("schemaVersion").intValue()).isEqualTo(2);
        assertThat(answer.json().path("mediaType").textValue()).isEqualTo(Content.OCI_INDEX);
        var all = new ArrayList<JsonNode>();
        answer.json().path("manifests").forEach(all::add);
        return all;
    }

    private static List<String> digests(Answer answer) {
        return manifests(answer).stream()
                .map(node -> node.path("digest").textValue())
                .toList();
    }

    /** All pages; none may repeat anything. */
    private static Set<String> walk(String first) {
        var seen = new HashSet<String>();
        String page = first;
        while (page != null) {
            Answer answer = berth.get(page);
            digests(answer)
                    .forEach(digest -> assertThat(seen.add(digest)).as(digest).isTrue());
            String link = answer.header("Link");
            if (link != null) {
                assertThat(link).startsWith("</v2/").endsWith(">; rel=\"next\"");
            }
            page = link == null ? null : link.substring(1, link.indexOf('>'));
        }
        return seen;
    }

    @Test
    void nothingIsKnownOfTheUnknown() {
        Content subject = subject("referrers/none");
        assertThat(digests(berth.get(path("referrers/none", subject)))).isEmpty();
        assertThat(digests(berth.get("/v2/referrers/none/referrers/" + Content.sha256(new byte[9]))))
                .isEmpty();
        assertThat(digests(berth.get("/v2/nobody/there/referrers/" + Content.sha256(new byte[9]))))
                .isEmpty();
        berth.head(path("referrers/none", subject)).isStatus(200);
        berth.get("/v2/referrers/none/referrers/latest").isError(400, "DIGEST_INVALID");
        berth.call("POST", path("referrers/none", subject)).send().isError(405, "UNSUPPORTED");
    }

    @Test
    void aReferrerIsDescribedWithTypeAndAnnotations() {
        Content subject = subject("referrers/one");
        Content referrer =
                attach("referrers/one", subject, "application/x.sbom", ",\"annotations\":{\"key\":\"välue\"}");
        List<JsonNode> manifests = manifests(berth.get(path("referrers/one", subject)));
        assertThat(manifests).hasSize(1);
        JsonNode entry = manifests.getFirst();
        assertThat(entry.path("digest").textValue()).isEqualTo(referrer.digest());
        assertThat(entry.path("mediaType").textValue()).isEqualTo(Content.OCI_MANIFEST);
        assertThat(entry.path("size").intValue()).isEqualTo(referrer.bytes().length);
        assertThat(entry.path("artifactType").textValue()).isEqualTo("application/x.sbom");
        assertThat(entry.path("annotations").path("key").textValue()).isEqualTo("välue");
    }

    @Test
    void withoutAnArtifactTypeTheConfigurationsTypeCounts() {
        Content subject = subject("referrers/config");
        attach("referrers/config", subject, null, "");
        assertThat(manifests(berth.get(path("referrers/config", subject)))
                        .getFirst()
                        .path("artifactType")
                        .textValue())
                .isEqualTo("application/vnd.oci.empty.v1+json");
    }

    @Test
    void aSubjectUnderSha512HasReferrersOfItsOwn() {
        Content image = subject("referrers/sha512");
        String digest = Content.sha512(image.bytes());
        berth.pushManifest("referrers/sha512", digest, image);
        String described = Content.descriptor(image.type(), digest, image.bytes().length);
        Content referrer = Content.referrer(berth, "referrers/sha512", described, "application/x.sbom", "");
        berth.call("PUT", "/v2/referrers/sha512/manifests/" + referrer.digest())
                .header("Content-Type", referrer.type())
                .body(referrer.bytes())
                .send()
                .isStatus(201)
                .has("OCI-Subject", digest);
        assertThat(digests(berth.get("/v2/referrers/sha512/referrers/" + digest)))
                .containsExactly(referrer.digest());
        assertThat(digests(berth.get(path("referrers/sha512", image)))).isEmpty();
    }

    @Test
    void anIndexMayBeAReferrer() {
        Content subject = subject("referrers/index");
        Content index = Content.index(",\"artifactType\":\"application/x.bundle\",\"subject\":" + subject.descriptor());
        berth.call("PUT", "/v2/referrers/index/manifests/bundle")
                .header("Content-Type", index.type())
                .body(index.bytes())
                .send()
                .isStatus(201)
                .has("OCI-Subject", subject.digest());
        JsonNode entry = manifests(berth.get(path("referrers/index", subject))).getFirst();
        assertThat(entry.path("mediaType").textValue()).isEqualTo(Content.OCI_INDEX);
        assertThat(entry.path("artifactType").textValue()).isEqualTo("application/x.bundle");
    }

    @Test
    void theFilterIsAppliedAndSaidToBe() {
        Content subject = subject("referrers/filter");
        Content sbom = attach("referrers/filter", subject, "application/x.sbom", "");
        attach("referrers/filter", subject, "application/x.signature", "");
        Answer filtered = berth.get(path("referrers/filter", subject) + "?artifactType=application/x.sbom")
                .has("OCI-Filters-Applied", "artifactType");
        assertThat(digests(filtered)).containsExactly(sbom.digest());
        assertThat(digests(berth.get(path("referrers/filter", subject)).hasNo("OCI-Filters-Applied")))
                .hasSize(2);
        assertThat(digests(berth.get(path("referrers/filter", subject) + "?artifactType=none")))
                .isEmpty();
    }

    @Test
    void aReferrerPushedBeforeItsSubjectIsFound() {
        Content late = Content.image(berth, "referrers/late", Content.random(10));
        Content referrer = attach("referrers/late", late, "application/x.sbom", "");
        assertThat(digests(berth.get(path("referrers/late", late)))).containsExactly(referrer.digest());
        berth.pushManifest("referrers/late", "v1", late);
        assertThat(digests(berth.get(path("referrers/late", late)))).containsExactly(referrer.digest());
    }

    @Test
    void aDeletedReferrerIsGoneAndADeletedSubjectKeepsIts() {
        Content subject = subject("referrers/delete");
        Content first = attach("referrers/delete", subject, "a/b", "");
        Content second = attach("referrers/delete", subject, "a/c", "");
        berth.delete("/v2/referrers/delete/manifests/" + first.digest()).isStatus(202);
        assertThat(digests(berth.get(path("referrers/delete", subject)))).containsExactly(second.digest());
        berth.delete("/v2/referrers/delete/manifests/" + subject.digest()).isStatus(202);
        assertThat(digests(berth.get(path("referrers/delete", subject)))).containsExactly(second.digest());
    }

    @Test
    void pagesByCountLinkToTheNext() {
        Content subject = subject("referrers/pages");
        var expected = new HashSet<String>();
        for (int i = 0; i < 7; i++) {
            expected.add(attach(
                            "referrers/pages",
                            subject,
                            i % 2 == 0 ? "a/even" : "a/odd",
                            ",\"annotations\":{\"i\":\"" + i + "\"}")
                    .digest());
        }
        assertThat(digests(berth.get(path("referrers/pages", subject) + "?n=3")))
                .hasSize(3);
        assertThat(walk(path("referrers/pages", subject) + "?n=3")).isEqualTo(expected);
        assertThat(walk(path("referrers/pages", subject) + "?n=1")).isEqualTo(expected);
        assertThat(walk(path("referrers/pages", subject))).isEqualTo(expected);
        assertThat(walk(path("referrers/pages", subject) + "?n=1&artifactType=a%2Feven"))
                .hasSize(4);
        berth.get(path("referrers/pages", subject) + "?n=x").isError(400, "PAGINATION_NUMBER_INVALID");
    }

    @Test
    void pagesAreBoundedByBytesToo() {
        Content subject = subject("referrers/bytes");
        var expected = new HashSet<String>();
        for (int i = 0; i < 5; i++) {
            String annotation = Integer.toString(i).repeat(i == 2 ? 3 << 20 : 400 << 10);
            expected.add(attach("referrers/bytes", subject, "a/b", ",\"annotations\":{\"much\":\"" + annotation + "\"}")
                    .digest());
        }
        Answer first = berth.get(path("referrers/bytes", subject));
        assertThat(first.body().length).isLessThan(5 << 20);
        assertThat(first.header("Link")).isNotNull();
        assertThat(walk(path("referrers/bytes", subject))).isEqualTo(expected);
    }

    @Test
    void theReferrersTagOfOlderClientsIsMergedOnWhicheverPage() {
        String repository = "referrers/tag";
        Content subject = subject(repository);
        var expected = new HashSet<String>();
        for (int i = 0; i < 5; i++) {
            expected.add(attach(repository, subject, "a/known", ",\"annotations\":{\"i\":\"" + i + "\"}")
                    .digest());
        }
        // Pushed by a client that knows no subject: listed in the tag alone.
        Content plain = Content.image(berth, repository, Content.random(12));
        berth.pushManifest(repository, plain.digest(), plain);
        Content other = Content.image(berth, repository, Content.random(13));
        berth.pushManifest(repository, other.digest(), other);
        String known = expected.iterator().next();
        Content list = Content.of(
                Content.OCI_INDEX,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s,%s,%s]}"
                        .formatted(
                                Content.OCI_INDEX,
                                plain.descriptor()
                                        .replace("}", ",\"artifactType\":\"a/tagged\",\"annotations\":{\"t\":\"1\"}}"),
                                other.descriptor(),
                                Content.descriptor(
                                        Content.OCI_MANIFEST,
                                        known,
                                        berth.get("/v2/" + repository + "/manifests/" + known)
                                                .body()
                                                .length)));
        berth.pushManifest(repository, subject.digest().replace(':', '-'), list);
        expected.add(plain.digest());
        expected.add(other.digest());
        assertThat(walk(path(repository, subject))).isEqualTo(expected);
        for (int n = 1; n <= 11; n++) {
            assertThat(walk(path(repository, subject) + "?n=" + n)).as("n=" + n).isEqualTo(expected);
        }
        Answer filtered = berth.get(path(repository, subject) + "?artifactType=a/tagged");
        assertThat(digests(filtered)).containsExactly(plain.digest());
        assertThat(manifests(filtered).getFirst().path("annotations").path("t").textValue())
                .isEqualTo("1");
        berth.delete("/v2/" + repository + "/manifests/" + list.digest()).isStatus(202);
        berth.delete("/v2/" + repository + "/manifests/" + plain.digest()).isStatus(202);
        assertThat(walk(path(repository, subject)))
                .doesNotContain(plain.digest(), other.digest())
                .hasSize(5);
    }
}
