package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.identity.AdminSocket;
import io.berth.oci.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may push and pull {@code dev-*} alone reaches nothing else by naming it in what they push. */
class TagLimitsTest {
    private static final String PASSWORD = "Abcd12345";
    private static final String DEV = BerthUnderTest.basic("dev", PASSWORD);
    private static final String OTHER = BerthUnderTest.basic("other", PASSWORD);
    private static final String READER = BerthUnderTest.basic("reader", PASSWORD);

    @TempDir
    static Path data;

    @TempDir
    static Path sparse;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() throws Exception {
        berth = prepared(data);
    }

    private static BerthUnderTest prepared(Path data, String... settings) throws Exception {
        BerthUnderTest berth = BerthUnderTest.start(data, settings);
        berth.makeUser("dev", PASSWORD);
        berth.makeUser("other", PASSWORD);
        berth.makeUser("reader", PASSWORD);
        var answer = AdminSocket.request(data, Map.of("do", "apply", "dryRun", false, "yaml", """
                projects:
                  - name: team
                    members:
                      - {user: dev, role: developer, tags: "dev-*"}
                      - {user: other, role: developer, tags: "dev-*"}
                      - {user: reader, role: guest, tags: "v*"}
                """));
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
        return berth;
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer put(BerthUnderTest berth, String who, String repository, String reference, Content manifest) {
        return berth.call("PUT", "/v2/" + repository + "/manifests/" + reference)
                .as(who)
                .header("Content-Type", manifest.type())
                .body(manifest.bytes())
                .send();
    }

    private static Answer put(String repository, String reference, Content manifest) {
        return put(berth, DEV, repository, reference, manifest);
    }

    private static Answer get(String path) {
        return berth.call("GET", path).as(DEV).send();
    }

    private static void pushBlob(String who, String repository, byte[] content) {
        berth.call("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + Content.sha256(content))
                .as(who)
                .body(content)
                .send()
                .isStatus(201);
    }

    // An image that nobody has pushed, nor its parts
    private record Image(byte[] config, byte[] layer) {
        static Image random() {
            return new Image(Content.random(50), Content.random(100));
        }

        Content manifest() {
            return Content.image(
                    Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), config.length),
                    List.of(Content.descriptor(Content.OCI_LAYER, Content.sha256(layer), layer.length)),
                    "");
        }

        void pushParts(String who, String repository) {
            pushBlob(who, repository, config);
            pushBlob(who, repository, layer);
        }

        /** By the administrator. */
        Content push(String repository, String tag) {
            pushParts(BerthUnderTest.ADMIN, repository);
            put(berth, BerthUnderTest.ADMIN, repository, tag, manifest()).isStatus(201);
            return manifest();
        }
    }

    private static void isMissing(Answer answer, String digest) {
        answer.isError(404, "MANIFEST_BLOB_UNKNOWN");
        assertThat(answer.json()
                        .path("errors")
                        .path(0)
                        .path("detail")
                        .path("digest")
                        .asText())
                .isEqualTo(digest);
    }

    // A layer that is not distributed may be missing, and so be named by whoever does not have it.
    @Test
    void whatIsOnlyNamedIsNeitherCopiedAlongNorShown() throws Exception {
        byte[] secret = "{\"config\":{\"Env\":[\"SECRET=1\"]}}".getBytes(StandardCharsets.UTF_8);
        byte[] own = Content.random(20);
        pushBlob(BerthUnderTest.ADMIN, "team/named", secret);
        pushBlob(DEV, "team/named", own);
        pushBlob(BerthUnderTest.ADMIN, "mine/copy", Content.random(10));
        var answer = AdminSocket.request(data, Map.of("do", "apply", "dryRun", false, "yaml", """
                projects:
                  - name: mine
                    members: [{user: dev, role: maintainer}]
                """));
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
        String foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
        Content manifest = Content.image(
                Content.descriptor(foreign, Content.sha256(secret), secret.length),
                List.of(Content.descriptor(Content.OCI_LAYER, Content.sha256(own), own.length)),
                "");
        put("team/named", "dev-x", manifest).isStatus(201);
        assertThat(berth.api("GET", "/projects/team/repositories/named/artifacts/dev-x", "", DEV)
                        .isStatus(200)
                        .text())
                .doesNotContain("SECRET");
        berth.api("POST", "/projects/mine/repositories/copy/artifacts?from=team/named:dev-x", "", DEV)
                .isStatus(201);
        get("/v2/mine/copy/blobs/" + Content.sha256(own)).isStatus(200);
        get("/v2/mine/copy/blobs/" + Content.sha256(secret)).isError(404, "BLOB_UNKNOWN");
        get("/v2/team/named/blobs/" + Content.sha256(secret)).isError(404, "BLOB_UNKNOWN");
    }

    @Test
    void anotherTagsManifestIsMissingToAnIndex() {
        Content secret = Image.random().push("team/index", "v1");
        Content nothing = Image.random().manifest();
        Answer hidden = put("team/index", "dev-x", Content.index("", secret));
        Answer absent = put("team/index", "dev-x", Content.index("", nothing));
        isMissing(hidden, secret.digest());
        assertThat(hidden.text()).isEqualTo(absent.text().replace(nothing.digest(), secret.digest()));
        get("/v2/team/index/manifests/" + secret.digest()).isError(404, "MANIFEST_UNKNOWN");
        get("/v2/team/index/manifests/dev-x").isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void anotherTagsLayerIsMissingToAnImageUntilItIsPushed() {
        Image secret = Image.random();
        secret.push("team/layer", "v1");
        Image mine = new Image(Content.random(60), secret.layer());
        pushBlob(DEV, "team/layer", mine.config());
        String layer = "/v2/team/layer/blobs/" + Content.sha256(secret.layer());
        isMissing(put("team/layer", "dev-x", mine.manifest()), Content.sha256(secret.layer()));
        get(layer).isError(404, "BLOB_UNKNOWN");
        // Who has the bytes needs no right to them.
        pushBlob(DEV, "team/layer", secret.layer());
        put("team/layer", "dev-x", mine.manifest()).isStatus(201);
        get(layer).isStatus(200);
    }

    @Test
    void anotherTagsManifestGetsNoTagOfOnesOwnWithoutItsParts() {
        Image secret = Image.random();
        Content manifest = secret.push("team/again", "v1");
        isMissing(put("team/again", "dev-x", manifest), Content.sha256(secret.config()));
        isMissing(put("team/again", manifest.digest() + "?tag=dev-x", manifest), Content.sha256(secret.config()));
        secret.pushParts(DEV, "team/again");
        put("team/again", "dev-x", manifest).isStatus(201);
        get("/v2/team/again/manifests/" + manifest.digest()).isStatus(200);
    }

    @Test
    void whatSomebodyElseHasPushedIsNotProvedByIt() {
        Image image = Image.random();
        image.pushParts(OTHER, "team/others");
        isMissing(put("team/others", "dev-x", image.manifest()), Content.sha256(image.config()));
        put(berth, OTHER, "team/others", "dev-y", image.manifest()).isStatus(201);
        put("team/others", "dev-x", image.manifest()).isStatus(201);
    }

    @Test
    void whatOneMayPullMayBeNamedAgain() {
        Content manifest = Image.random().push("team/named", "dev-1");
        put("team/named", "dev-2", manifest).isStatus(201);
        put("team/named", "dev-2", manifest).isStatus(201);
        put("team/named", "dev-3", Content.index("", manifest)).isStatus(201);
        get("/v2/team/named/manifests/dev-3").isStatus(200);
    }

    @Test
    void anIndexIsPushedAfterItsChildrenByTheirDigests() {
        Image image = Image.random();
        image.pushParts(DEV, "team/children");
        put("team/children", image.manifest().digest(), image.manifest()).isStatus(201);
        put("team/children", "dev-i", Content.index("", image.manifest())).isStatus(201);
        get("/v2/team/children/blobs/" + Content.sha256(image.layer())).isStatus(200);
    }

    @Test
    void aPartOfAnotherTagGetsNoTagThroughHarborsApi() {
        Content child = Image.random().push("team/part", "v1-child");
        berth.pushManifest("team/part", "v1", Content.index("", child));
        berth.delete("/v2/team/part/manifests/v1-child").isStatus(202);
        String tags = "/projects/team/repositories/part/artifacts/" + child.digest() + "/tags";
        berth.api("POST", tags, "{\"name\":\"dev-c\"}", DEV).isStatus(403);
        get("/v2/team/part/manifests/" + child.digest()).isError(404, "MANIFEST_UNKNOWN");
        Content mine = Image.random().push("team/part", "dev-1");
        String ofMine = "/projects/team/repositories/part/artifacts/" + mine.digest() + "/tags";
        berth.api("POST", ofMine, "{\"name\":\"dev-c\"}", DEV).isStatus(201);
    }

    @Test
    void aRobotThatOnlyTagsNeedsNoRightToPull() throws Exception {
        Content image = Image.random().push("team/tagged", "v1");
        var made = AdminSocket.request(data, Map.of("do", "apply", "dryRun", false, "yaml", """
                projects:
                  - name: team
                    robots: [{name: tagger, permissions: ["tag:create"]}]
                """));
        String secret = made.path("secrets").path("robot$team+tagger").asText();
        String robot = BerthUnderTest.basic("robot$team+tagger", secret);
        String tags = "/projects/team/repositories/tagged/artifacts/" + image.digest() + "/tags";
        berth.api("POST", tags, "{\"name\":\"released\"}", robot).isStatus(201);
    }

    @Test
    void nothingIsSaidAboutWhatAnotherTagNames() {
        Image secret = Image.random();
        Content manifest = secret.push("team/subject", "v1");
        Image about = Image.random();
        about.pushParts(DEV, "team/subject");
        Content signature = Content.image(
                Content.descriptor(Content.OCI_CONFIG, Content.sha256(about.config()), about.config().length),
                List.of(),
                ",\"subject\":" + manifest.descriptor());
        put("team/subject", "dev-s", signature).isError(403, "DENIED");
        put("team/subject", signature.digest(), signature).isError(403, "DENIED");
        assertThat(berth.get("/v2/team/subject/referrers/" + manifest.digest())
                        .isStatus(200)
                        .json()
                        .path("manifests"))
                .isEmpty();
        get("/v2/team/subject/manifests/" + manifest.digest()).isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void eachTagOfAPushByDigestIsAuthorisedAndAllOrNothingIsDone() {
        Image image = Image.random();
        image.pushParts(DEV, "team/tags");
        Content manifest = image.manifest();
        for (String refused : List.of("?tag=v9", "?tag=dev-9&tag=v9", "?tag=v9&tag=dev-9")) {
            put("team/tags", manifest.digest() + refused, manifest).isError(403, "DENIED");
            for (String absent : List.of("v9", "dev-9", manifest.digest())) {
                berth.get("/v2/team/tags/manifests/" + absent).isStatus(404);
            }
        }
        put("team/tags", manifest.digest() + "?tag=dev-9&tag=dev-10", manifest).has("OCI-Tag", "dev-9, dev-10");
        berth.get("/v2/team/tags/manifests/dev-9").isStatus(200);
    }

    @Test
    void wherePartsMayBeMissingThoseOfAnotherTagAre() throws Exception {
        try (BerthUnderTest accepting = prepared(sparse, "registry.missing-references=accept")) {
            Content secret = Content.image(accepting, "team/app", Content.random(100));
            accepting.pushManifest("team/app", "v1", secret);
            String config = Json.MAPPER
                    .readTree(secret.bytes())
                    .path("config")
                    .path("digest")
                    .asText();
            Content mine = Content.image(
                    Content.descriptor(
                            Content.OCI_CONFIG,
                            config,
                            Json.MAPPER
                                    .readTree(secret.bytes())
                                    .path("config")
                                    .path("size")
                                    .asLong()),
                    List.of(),
                    "");
            put(accepting, DEV, "team/app", "dev-x", mine).isStatus(201);
            put(accepting, DEV, "team/app", "dev-y", Content.index("", secret)).isStatus(201);
            // It is there for those who pull v1, and so it cannot be missing under another tag.
            isMissing(put(accepting, DEV, "team/app", "dev-z", secret), config);
            for (String path : List.of("blobs/" + config, "manifests/" + secret.digest())) {
                accepting.call("GET", "/v2/team/app/" + path).as(DEV).send().isStatus(404);
                accepting.call("GET", "/v2/team/app/" + path).as(READER).send().isStatus(200);
            }
        }
    }
}
