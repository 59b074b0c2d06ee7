package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Manifests: PUT, GET, HEAD by tag and digest, tag parameters, conditions, every kind of document. */
class ManifestSpecTest {
    private static final String REPOSITORY = "manifests/spec";
    private static final String MANIFESTS = "/v2/" + REPOSITORY + "/manifests/";

    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Content image() {
        return Content.image(berth, REPOSITORY, Content.random(100));
    }

    private static BerthUnderTest.Call put(String reference, Content manifest) {
        return berth.call("PUT", MANIFESTS + reference)
                .header("Content-Type", manifest.type())
                .body(manifest.bytes());
    }

    private static void isServed(Content manifest, String reference) {
        for (String method : List.of("GET", "HEAD", "GET")) {
            Answer answer = berth.call(method, MANIFESTS + reference).send().isStatus(200);
            answer.has("Content-Type", manifest.type())
                    .has("Content-Length", Integer.toString(manifest.bytes().length))
                    .has("Docker-Content-Digest", manifest.digest())
                    .has("ETag", '"' + manifest.digest() + '"')
                    .has(
                            "Cache-Control",
                            reference.contains(":") ? "private, max-age=31536000, immutable" : "private, no-cache");
            assertThat(answer.body()).isEqualTo(method.equals("HEAD") ? new byte[0] : manifest.bytes());
        }
    }

    @Test
    void aManifestIsServedByTagAndDigestAsItWasPushed() {
        Content manifest = image();
        Answer answer = put("v1", manifest)
                .send()
                .isStatus(201)
                .has("Location", MANIFESTS + manifest.digest())
                .has("Docker-Content-Digest", manifest.digest())
                .hasNo("OCI-Subject")
                .hasNo("OCI-Tag");
        assertThat(answer.body()).isEmpty();
        isServed(manifest, "v1");
        isServed(manifest, manifest.digest());
    }

    @Test
    void aManifestIsPushedByDigestAlone() {
        Content manifest = image();
        put(manifest.digest(), manifest).send().isStatus(201);
        isServed(manifest, manifest.digest());
    }

    @Test
    void aManifestIsPushedWithoutALength() {
        Content manifest = image();
        berth.call("PUT", MANIFESTS + "streamed")
                .header("Content-Type", manifest.type())
                .streamed(manifest.bytes())
                .send()
                .isStatus(201);
        isServed(manifest, "streamed");
    }

    @Test
    void aManifestUnderSha512IsOneOfItsOwn() {
        Content manifest = image();
        String digest = Content.sha512(manifest.bytes());
        put(digest, manifest)
                .send()
                .isStatus(201)
                .has("Docker-Content-Digest", digest)
                .has("Location", MANIFESTS + digest);
        assertThat(berth.get(MANIFESTS + digest)
                        .isStatus(200)
                        .has("Docker-Content-Digest", digest)
                        .body())
                .isEqualTo(manifest.bytes());
        berth.get(MANIFESTS + manifest.digest()).isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void anIndexMayNameChildrenBySha512() {
        Content child = image();
        String digest = Content.sha512(child.bytes());
        Content index = Content.of(
                Content.OCI_INDEX,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
                        .formatted(Content.OCI_INDEX, Content.descriptor(child.type(), digest, child.bytes().length)));
        put("children-512", index).send().isError(404, "MANIFEST_BLOB_UNKNOWN");
        put(digest, child).send().isStatus(201);
        put("children-512", index).send().isStatus(201);
        isServed(index, "children-512");
        berth.delete(MANIFESTS + digest).isError(405, "UNSUPPORTED");
    }

    @Test
    void dataWithinADescriptorIsKeptAndSavesNobodyTheBlob() {
        byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
        String described = Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), 2)
                .replace("}", ",\"data\":\"e30=\"}");
        Content manifest = Content.image(described, List.of(), "");
        String other = "/v2/specs/data/manifests/v1";
        berth.call("PUT", other)
                .header("Content-Type", manifest.type())
                .body(manifest.bytes())
                .send()
                .isError(404, "MANIFEST_BLOB_UNKNOWN");
        berth.pushBlob("specs/data", config);
        berth.pushManifest("specs/data", "v1", manifest);
        assertThat(berth.get(other).isStatus(200).body()).isEqualTo(manifest.bytes());
    }

    @Test
    void anotherDigestThanTheBytesHaveIs400() {
        Content manifest = image();
        String wrong = Content.sha256(new byte[1]);
        put(wrong, manifest).send().isError(400, "DIGEST_INVALID");
        berth.get(MANIFESTS + wrong).isError(404, "MANIFEST_UNKNOWN");
        berth.get(MANIFESTS + manifest.digest()).isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void anUnknownManifestIs404() {
        berth.get(MANIFESTS + "nowhere").isError(404, "MANIFEST_UNKNOWN");
        berth.head(MANIFESTS + "nowhere").isError(404, "MANIFEST_UNKNOWN");
        berth.delete(MANIFESTS + "nowhere").isError(404, "MANIFEST_UNKNOWN");
        berth.delete(MANIFESTS + Content.sha256(new byte[3])).isError(404, "MANIFEST_UNKNOWN");
        berth.get("/v2/nobody/there/manifests/latest").isError(404, "MANIFEST_UNKNOWN");
        berth.delete("/v2/nobody/there/manifests/latest").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void aTagMoves() {
        Content first = image();
        Content second = image();
        put("moving", first).send().isStatus(201);
        isServed(first, "moving");
        put("moving", second).send().isStatus(201);
        isServed(second, "moving");
        isServed(first, first.digest());
    }

    @Test
    void acceptNeverConverts() {
        Content manifest = image();
        put("accept", manifest).send().isStatus(201);
        for (String accept : List.of(Content.DOCKER_MANIFEST, Content.OCI_INDEX, "text/html", "*/*", "garbage;;q=")) {
            berth.call("GET", MANIFESTS + "accept")
                    .header("Accept", accept)
                    .send()
                    .isStatus(200)
                    .has("Content-Type", manifest.type());
        }
    }

    @Test
    void aClientThatHasTheManifestIsTold304() {
        Content manifest = image();
        put("conditional", manifest).send().isStatus(201);
        for (String reference : List.of("conditional", manifest.digest())) {
            for (String method : List.of("GET", "HEAD")) {
                Answer answer = berth.call(method, MANIFESTS + reference)
                        .header("If-None-Match", '"' + manifest.digest() + '"')
                        .send()
                        .isStatus(304)
                        .has("ETag", '"' + manifest.digest() + '"')
                        .has("Docker-Content-Digest", manifest.digest());
                assertThat(answer.body()).isEmpty();
            }
        }
        put("conditional", image()).send().isStatus(201);
        berth.call("GET", MANIFESTS + "conditional")
                .header("If-None-Match", '"' + manifest.digest() + '"')
                .send()
                .isStatus(200);
    }

    @Test
    void tagParametersTagAPushByDigest() {
        Content manifest = image();
        put(manifest.digest() + "?tag=p1&tag=p2&tag=p1", manifest)
                .send()
                .isStatus(201)
                .has("OCI-Tag", "p1, p2")
                .has("Location", MANIFESTS + manifest.digest());
        isServed(manifest, "p1");
        isServed(manifest, "p2");
    }

    @Test
    void tagParametersAreAllOrNothing() {
        Content manifest = image();
        put(manifest.digest() + "?tag=fine&tag=not%20fine", manifest).send().isError(400, "TAG_INVALID");
        berth.get(MANIFESTS + "fine").isError(404, "MANIFEST_UNKNOWN");
        berth.get(MANIFESTS + manifest.digest()).isError(404, "MANIFEST_UNKNOWN");

        Content broken = Content.image(
                Content.descriptor(Content.OCI_CONFIG, Content.sha256(Content.random(4)), 4), List.of(), "");
        put(broken.digest() + "?tag=fine1&tag=fine2", broken).send().isError(404, "MANIFEST_BLOB_UNKNOWN");
        berth.get(MANIFESTS + "fine1").isError(404, "MANIFEST_UNKNOWN");
        berth.get(MANIFESTS + "fine2").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void tagParametersGoWithADigestAloneAndNotByTheHundreds() {
        Content manifest = image();
        put("v9?tag=v8", manifest).send().isError(400, "TAG_INVALID");
        var many = new StringBuilder(manifest.digest()).append("?tag=a");
        for (int i = 0; i < 100; i++) {
            many.append("&tag=t").append(i);
        }
        put(many.toString(), manifest).send().isError(414, "TAG_INVALID");
        berth.get(MANIFESTS + "v9").isError(404, "MANIFEST_UNKNOWN");
        berth.get(MANIFESTS + "t0").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void ifNoneMatchStarCreatesATagOnce() {
        Content first = image();
        put("once", first).header("If-None-Match", "*").send().isStatus(201);
        put("once", image()).header("If-None-Match", "*").send().isError(412, "PRECONDITION_FAILED");
        isServed(first, "once");
    }

    @Test
    void ifMatchMovesATagOnlyFromWhereItWas() {
        Content first = image();
        Content second = image();
        put("swap", first).header("If-Match", '"' + first.digest() + '"').send().isError(412, "PRECONDITION_FAILED");
        put("swap", first).send().isStatus(201);
        put("swap", second)
                .header("If-Match", '"' + second.digest() + '"')
                .send()
                .isError(412, "PRECONDITION_FAILED");
        put("swap", second)
                .header("If-Match", "W/\"" + first.digest() + '"')
                .send()
                .isError(412, "PRECONDITION_FAILED");
        put("swap", second)
                .header("If-Match", '"' + first.digest() + '"')
                .send()
                .isStatus(201);
        put("swap", first)
                .header("If-None-Match", '"' + second.digest() + '"')
                .send()
                .isError(412, "PRECONDITION_FAILED");
        isServed(second, "swap");
    }

    @Test
    void deleteByTagObeysConditions() {
        Content manifest = image();
        Content other = image();
        put("guarded", manifest).send().isStatus(201);
        String path = MANIFESTS + "guarded";
        berth.call("DELETE", path)
                .header("If-Match", '"' + other.digest() + '"')
                .send()
                .isError(412, "PRECONDITION_FAILED");
        berth.call("DELETE", path)
                .header("If-None-Match", '"' + manifest.digest() + '"')
                .send()
                .isError(412, "PRECONDITION_FAILED");
        berth.call("DELETE", path).header("If-None-Match", "*").send().isError(412, "PRECONDITION_FAILED");
        isServed(manifest, "guarded");
        berth.call("DELETE", path)
                .header("If-Match", '"' + manifest.digest() + '"')
                .header("If-None-Match", '"' + other.digest() + '"')
                .send()
                .isStatus(202);
        berth.get(path).isError(404, "MANIFEST_UNKNOWN");
        berth.call("DELETE", path).header("If-Match", "*").send().isError(412, "PRECONDITION_FAILED");
    }

    @Test
    void deleteByTagLeavesTheManifestAndOtherTags() {
        Content manifest = image();
        put("keep", manifest).send().isStatus(201);
        put("drop", manifest).send().isStatus(201);
        berth.delete(MANIFESTS + "drop").isStatus(202);
        berth.get(MANIFESTS + "drop").isError(404, "MANIFEST_UNKNOWN");
        berth.delete(MANIFESTS + "drop").isError(404, "MANIFEST_UNKNOWN");
        isServed(manifest, "keep");
        isServed(manifest, manifest.digest());
    }

    @Test
    void deleteByDigestTakesTheTagsAlong() {
        Content manifest = image();
        put("gone1", manifest).send().isStatus(201);
        put("gone2", manifest).send().isStatus(201);
        isServed(manifest, "gone1");
        berth.delete(MANIFESTS + manifest.digest()).isStatus(202);
        for (String reference : List.of("gone1", "gone2", manifest.digest())) {
            berth.get(MANIFESTS + reference).isError(404, "MANIFEST_UNKNOWN");
            berth.head(MANIFESTS + reference).isError(404, "MANIFEST_UNKNOWN");
        }
        assertThat(berth.get("/v2/" + REPOSITORY + "/tags/list").text()).doesNotContain("gone1", "gone2");
        put("gone1", manifest).send().isStatus(201);
        isServed(manifest, "gone1");
    }

    @Test
    void aBlobThatAManifestNeedsIsNotDeleted() {
        byte[] layer = Content.random(200);
        Content manifest = Content.image(berth, REPOSITORY, layer);
        put("needs", manifest).send().isStatus(201);
        String blob = "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer);
        String complaint = berth.delete(blob).isError(405, "UNSUPPORTED").complaint();
        assertThat(complaint).contains(manifest.digest());
        berth.get(blob).isStatus(200);
        berth.delete(MANIFESTS + manifest.digest()).isStatus(202);
        berth.delete(blob).isStatus(202);
        berth.get(blob).isError(404, "BLOB_UNKNOWN");
    }

    @Test
    void theSameBlobInAnotherRepositoryIsNotNeededThere() {
        byte[] layer = Content.random(200);
        put("needs2", Content.image(berth, REPOSITORY, layer)).send().isStatus(201);
        berth.pushBlob("manifests/elsewhere", layer);
        berth.delete("/v2/manifests/elsewhere/blobs/" + Content.sha256(layer)).isStatus(202);
        berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer)).isStatus(200);
    }

    @Test
    void aChildOfAPresentIndexIsNotDeleted() {
        Content child = image();
        put("child", child).send().isStatus(201);
        Content index = Content.index("", child);
        put("parent", index).send().isStatus(201);
        assertThat(berth.delete(MANIFESTS + child.digest())
                        .isError(405, "UNSUPPORTED")
                        .complaint())
                .contains(index.digest());
        berth.delete(MANIFESTS + "child").isStatus(202);
        isServed(child, child.digest());
        berth.delete(MANIFESTS + index.digest()).isStatus(202);
        berth.delete(MANIFESTS + child.digest()).isStatus(202);
    }

    @Test
    void aMissingLayerConfigurationOrChildIsRefusedByName() {
        byte[] there = Content.random(20);
        berth.pushBlob(REPOSITORY, there);
        byte[] away = Content.random(20);
        String present = Content.descriptor(Content.OCI_CONFIG, Content.sha256(there), 20);
        String absent = Content.descriptor(Content.OCI_LAYER, Content.sha256(away), 20);
        for (Content manifest :
                List.of(Content.image(present, List.of(absent), ""), Content.image(absent, List.of(present), ""))) {
            assertThat(put("missing", manifest)
                            .send()
                            .isError(404, "MANIFEST_BLOB_UNKNOWN")
                            .complaint())
                    .contains(Content.sha256(away));
        }
        Content orphan = Content.image(berth, "manifests/elsewhere", Content.random(10));
        assertThat(put("missing", Content.index("", orphan))
                        .send()
                        .isError(404, "MANIFEST_BLOB_UNKNOWN")
                        .complaint())
                .contains(orphan.digest());
        berth.get(MANIFESTS + "missing").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void foreignLayersMayBeAbsent() {
        byte[] config = Content.random(20);
        berth.pushBlob(REPOSITORY, config);
        for (String type : List.of(
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")) {
            byte[] away = Content.random(20);
            String layer =
                    "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":20,\"urls\":[\"https://example.com/layer\"]}"
                            .formatted(type, Content.sha256(away));
            Content manifest = Content.image(
                    Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), 20), List.of(layer), "");
            put("foreign", manifest).send().isStatus(201);
            isServed(manifest, "foreign");
            berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(away)).isError(404, "BLOB_UNKNOWN");
        }
    }

    @Test
    void indexesMayBeNested() {
        Content child = image();
        put(child.digest(), child).send().isStatus(201);
        Content inner = Content.index("", child);
        put(inner.digest(), inner).send().isStatus(201);
        Content outer = Content.index(",\"annotations\":{\"level\":\"2\"}", inner, child);
        put("nested", outer).send().isStatus(201);
        isServed(outer, "nested");
        isServed(inner, inner.digest());
        Content empty = Content.index("");
        put("empty-index", empty).send().isStatus(201);
        isServed(empty, "empty-index");
    }

    @Test
    void dockerSchema2AndListsAreKept() {
        byte[] config = Content.random(30);
        byte[] layer = Content.random(300);
        berth.pushBlob(REPOSITORY, config);
        berth.pushBlob(REPOSITORY, layer);
        Content image = Content.of(
                Content.DOCKER_MANIFEST,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]}"
                        .formatted(
                                Content.DOCKER_MANIFEST,
                                Content.descriptor(
                                        "application/vnd.docker.container.image.v1+json", Content.sha256(config), 30),
                                Content.descriptor(
                                        "application/vnd.docker.image.rootfs.diff.tar.gzip",
                                        Content.sha256(layer),
                                        300)));
        put("docker", image).send().isStatus(201);
        isServed(image, "docker");
        Content list = Content.of(
                Content.DOCKER_LIST,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
                        .formatted(Content.DOCKER_LIST, image.descriptor()));
        put("list", list).send().isStatus(201);
        isServed(list, "list");
    }

    @Test
    void schema1IsRefused() {
        Content old = Content.of(
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                "{\"schemaVersion\":1,\"name\":\"a\",\"tag\":\"b\",\"fsLayers\":[],\"history\":[]}");
        put("old", old).send().isError(400, "MANIFEST_INVALID");
    }

    @Test
    void artifactsOfAnyTypeAreKept() {
        byte[] chart = Content.random(500);
        berth.pushBlob(REPOSITORY, chart);
        byte[] empty = {'{', '}'};
        berth.pushBlob(REPOSITORY, empty);
        Content artifact = Content.image(
                Content.descriptor("application/vnd.oci.empty.v1+json", Content.sha256(empty), 2),
                List.of(Content.descriptor(
                        "application/vnd.cncf.helm.chart.content.v1.tar+gzip", Content.sha256(chart), 500)),
                ",\"artifactType\":\"application/x.anything; version=1\"");
        put("artifact", artifact).send().isStatus(201);
        isServed(artifact, "artifact");
    }

    @Test
    void whatIsNotUnderstoodIsKeptByteForByte() {
        byte[] config = Content.random(30);
        berth.pushBlob(REPOSITORY, config);
        Content manifest = Content.of(
                Content.OCI_MANIFEST,
                "\n { \"z\" : [1.50, 1e3, \"\\u00e9\u00e9\"],\n\t\"schemaVersion\":2 ,\"config\":"
                        + "{\"future\":{\"a\":null},\"mediaType\":\"a/b\",\"size\":30,\"digest\":\""
                        + Content.sha256(config) + "\"},\r\n\"layers\":[],\"annotations\":{\"k\":\"\\/\"}} \n");
        put("odd", manifest).send().isStatus(201);
        isServed(manifest, "odd");
    }

    @Test
    void withoutAContentTypeTheDocumentDecides() {
        Content manifest = image();
        berth.call("PUT", MANIFESTS + "untyped").body(manifest.bytes()).send().isStatus(201);
        isServed(manifest, "untyped");
    }

    @Test
    void parametersOfTheContentTypeAreNoPartOfTheType() {
        Content manifest = image();
        berth.call("PUT", MANIFESTS + "charset")
                .header("Content-Type", manifest.type() + "; charset=utf-8")
                .body(manifest.bytes())
                .send()
                .isStatus(201);
        isServed(manifest, "charset");
    }

    @Test
    void anotherContentTypeThanTheDocumentSaysIs400() {
        Content manifest = image();
        for (String type : List.of(Content.OCI_INDEX, Content.DOCKER_MANIFEST, "application/json", "text/plain", ";")) {
            berth.call("PUT", MANIFESTS + "mismatch")
                    .header("Content-Type", type)
                    .body(manifest.bytes())
                    .send()
                    .isError(400, "MANIFEST_INVALID");
        }
    }

    @Test
    void aLargeManifestIsServedWholeAndATooLargeOneIs413() {
        String config = Content.descriptor(Content.OCI_CONFIG, berth.pushBlob(REPOSITORY, new byte[7]), 7);
        Content large = Content.image(config, List.of(), ",\"annotations\":{\"a\":\"" + "x".repeat(7 << 20) + "\"}");
        put("large", large).send().isStatus(201);
        isServed(large, "large");
        Content tooLarge = Content.image(config, List.of(), ",\"annotations\":{\"a\":\"" + "x".repeat(8 << 20) + "\"}");
        put("too-large", tooLarge).send().isError(413, "TOO_LARGE");
        berth.call("PUT", MANIFESTS + "too-large")
                .header("Content-Type", tooLarge.type())
                .streamed(tooLarge.bytes())
                .send()
                .isError(413, "TOO_LARGE");
        berth.get(MANIFESTS + "too-large").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void aSubjectIsNamedInTheAnswerAndNeedNotExist() {
        String subject = Content.descriptor(Content.OCI_MANIFEST, Content.sha256(Content.random(3)), 3);
        Content referrer = Content.referrer(berth, REPOSITORY, subject, "application/x.sbom", "");
        put(referrer.digest(), referrer)
                .send()
                .isStatus(201)
                .has("OCI-Subject", subject.substring(subject.indexOf("sha256:"), subject.indexOf("sha256:") + 71));
    }

    @Test
    void otherMethodsAreNotAllowed() {
        for (String method : List.of("POST", "PATCH")) {
            berth.call(method, MANIFESTS + "v1")
                    .send()
                    .isError(405, "UNSUPPORTED")
                    .has("Allow", "GET, HEAD, PUT, DELETE");
        }
    }
}
