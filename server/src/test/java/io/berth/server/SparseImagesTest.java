package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code registry.missing-references=accept}: images and indexes that are not all there. */
class SparseImagesTest {
    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data, "registry.missing-references=accept");
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    @Test
    void anImageMayComeBeforeItsLayersWhichGetsItNoRightToThem() {
        byte[] layer = Content.random(30_000);
        byte[] config = Content.random(100);
        // The bytes are there, in a repository of somebody else.
        berth.pushBlob("sparse/owner", layer);
        Content image = Content.image(
                Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), 100),
                List.of(Content.descriptor(Content.OCI_LAYER, Content.sha256(layer), 30_000)),
                "");
        berth.pushManifest("sparse/thief", "v1", image);
        assertThat(berth.get("/v2/sparse/thief/manifests/v1").isStatus(200).body())
                .isEqualTo(image.bytes());
        String blob = "/v2/sparse/thief/blobs/" + Content.sha256(layer);
        berth.get(blob).isError(404, "BLOB_UNKNOWN");
        berth.head(blob).isError(404, "BLOB_UNKNOWN");
        berth.delete(blob).isError(404, "BLOB_UNKNOWN");
        berth.call("POST", "/v2/sparse/third/blobs/uploads/?from=sparse/thief&mount=" + Content.sha256(layer))
                .send()
                .isStatus(202);
        // The reference keeps nobody from deleting what is really theirs.
        berth.delete("/v2/sparse/owner/blobs/" + Content.sha256(layer)).isStatus(202);
        berth.get(blob).isError(404, "BLOB_UNKNOWN");
    }

    @Test
    void whatIsMissingIsNeitherLinkedNorLeasedNorCharged() throws SQLException {
        byte[] config = Content.random(100);
        byte[] layer = Content.random(30_000);
        berth.pushBlob("sparse/elsewhere", layer);
        berth.pushBlob("unpaid/app", config);
        Content image = Content.image(
                Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), 100),
                List.of(Content.descriptor(Content.OCI_LAYER, Content.sha256(layer), 30_000)),
                "");
        berth.pushManifest("unpaid/app", "v1", image);
        try (Connection database = berth.database();
                Statement statement = database.createStatement()) {
            try (var links = statement.executeQuery("""
                    SELECT group_concat(rb.digest) FROM repo_blob rb JOIN repository r ON r.id = rb.repository_id
                    WHERE r.name = 'unpaid/app'
                    """)) {
                assertThat(links.getString(1)).isEqualTo(Content.sha256(config));
            }
            try (var used = statement.executeQuery("SELECT used_bytes FROM project WHERE name = 'unpaid'")) {
                assertThat(used.getLong(1)).isEqualTo(100 + image.bytes().length);
            }
        }
    }

    @Test
    void aLayerThatComesLaterResolvesTheReference() {
        for (int size : List.of(100, 30_000)) {
            byte[] layer = Content.random(size);
            String repository = "sparse/later" + size;
            Content image = Content.image(
                    Content.descriptor(Content.OCI_CONFIG, Content.sha256(Content.random(5)), 5),
                    List.of(Content.descriptor(Content.OCI_LAYER, Content.sha256(layer), size)),
                    "");
            berth.pushManifest(repository, "v1", image);
            String blob = "/v2/" + repository + "/blobs/" + Content.sha256(layer);
            berth.get(blob).isError(404, "BLOB_UNKNOWN");
            berth.pushBlob(repository, layer);
            assertThat(berth.get(blob).isStatus(200).body()).isEqualTo(layer);
            assertThat(berth.delete(blob).isError(405, "UNSUPPORTED").complaint())
                    .contains(image.digest());
            berth.delete("/v2/" + repository + "/manifests/" + image.digest()).isStatus(202);
            berth.delete(blob).isStatus(202);
        }
    }

    @Test
    void aMountResolvesItToo() {
        byte[] layer = Content.random(60);
        berth.pushBlob("sparse/source", layer);
        Content image = Content.image(Content.descriptor(Content.OCI_CONFIG, Content.sha256(layer), 60), List.of(), "");
        berth.pushManifest("sparse/mounted", "v1", image);
        berth.call("POST", "/v2/sparse/mounted/blobs/uploads/?from=sparse/source&mount=" + Content.sha256(layer))
                .send()
                .isStatus(201);
        berth.delete("/v2/sparse/mounted/blobs/" + Content.sha256(layer)).isError(405, "UNSUPPORTED");
    }

    @Test
    void anIndexMayLackChildrenAndTheyResolveIt() {
        Content child = Content.image(berth, "sparse/index", Content.random(10));
        Content absent = Content.image(
                Content.descriptor(Content.OCI_CONFIG, Content.sha256(Content.random(6)), 6), List.of(), "");
        Content index = Content.index("", child, absent);
        berth.pushManifest("sparse/index", "v1", index);
        berth.get("/v2/sparse/index/manifests/" + child.digest()).isError(404, "MANIFEST_UNKNOWN");
        berth.pushManifest("sparse/index", child.digest(), child);
        berth.get("/v2/sparse/index/manifests/" + child.digest()).isStatus(200);
        assertThat(berth.delete("/v2/sparse/index/manifests/" + child.digest())
                        .isError(405, "UNSUPPORTED")
                        .complaint())
                .contains(index.digest());
        berth.get("/v2/sparse/index/manifests/" + absent.digest()).isError(404, "MANIFEST_UNKNOWN");
    }

    @Test
    void aSizeThatDisagreesWithAPresentBlobIsStillRefused() {
        byte[] config = Content.random(10);
        berth.pushBlob("sparse/size", config);
        Content image =
                Content.image(Content.descriptor(Content.OCI_CONFIG, Content.sha256(config), 11), List.of(), "");
        berth.call("PUT", "/v2/sparse/size/manifests/v1")
                .header("Content-Type", image.type())
                .body(image.bytes())
                .send()
                .isError(400, "MANIFEST_INVALID");
    }
}
