package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies by Harbor's API take along what is said about what they copy. */
class HarborCopyTest {
    private static final String SIGNATURE = "application/vnd.example.signature";

    @TempDir
    Path data;

    private BerthUnderTest berth;

    @BeforeEach
    void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private Answer copy(String from, String to) {
        return berth.call("POST", "/api/v2.0/projects/library/repositories/" + to + "/artifacts?from=library/" + from)
                .send();
    }

    private JsonNode referrers(String repository, String digest) {
        return berth.get("/v2/library/" + repository + "/referrers/" + digest)
                .isStatus(200)
                .json()
                .path("manifests");
    }

    private String sign(String subject, String type) {
        Answer manifest = berth.get("/v2/library/app/manifests/" + subject).isStatus(200);
        String descriptor = Content.descriptor(manifest.header("Content-Type"), subject, manifest.body().length);
        Content signature = Content.referrer(berth, "library/app", descriptor, type, "");
        return berth.pushManifest("library/app", signature.digest(), signature);
    }

    @Test
    void signaturesAndWhatIsSaidAboutThemGoAlong() {
        String image = berth.pushImage("library/app", "v1", Content.random(1_000));
        String signature = sign(image, SIGNATURE);
        String timestamp = sign(signature, "application/vnd.example.timestamp");
        String cosign = image.replace(':', '-') + ".sig";
        String attestation = image.replace(':', '-') + ".att";
        String byTag = berth.pushImage("library/app", cosign, Content.random(100));
        berth.pushImage("library/app", attestation, Content.random(100));
        berth.pushImage("library/app", "v2", Content.random(100));

        copy("app:v1", "copied").isStatus(201);
        assertThat(referrers("copied", image).path(0).path("digest").asText()).isEqualTo(signature);
        assertThat(referrers("copied", signature).path(0).path("digest").asText())
                .isEqualTo(timestamp);
        assertThat(berth.get("/v2/library/copied/manifests/" + cosign)
                        .isStatus(200)
                        .header("Docker-Content-Digest"))
                .isEqualTo(byTag);
        assertThat(berth.get("/v2/library/copied/tags/list").json().path("tags").toString())
                .as("and nothing else")
                .isEqualTo("[\"" + attestation + "\",\"" + cosign + "\",\"v1\"]");
        copy("app:v1", "copied").isStatus(201);
    }

    @Test
    void whatIsSaidOfAnIndexAndOfItsImagesGoesAlong() {
        Content content = Content.image(berth, "library/app", Content.random(1_000));
        String image = berth.pushManifest("library/app", "amd64", content);
        String index = berth.pushManifest("library/app", "v1", Content.index("", content));
        String ofImage = sign(image, SIGNATURE);
        String ofIndex = sign(index, SIGNATURE);
        copy("app:v1", "copied").isStatus(201);
        assertThat(referrers("copied", image).path(0).path("digest").asText()).isEqualTo(ofImage);
        assertThat(referrers("copied", index).path(0).path("digest").asText()).isEqualTo(ofIndex);
    }

    @Test
    void aSignatureThatTheTargetHasIsNotLost() {
        String image = berth.pushImage("library/app", "v1", Content.random(1_000));
        copy("app:v1", "copied").isStatus(201);
        String cosign = image.replace(':', '-') + ".sig";
        berth.pushImage("library/app", cosign, Content.random(100));
        String own = berth.pushImage("library/copied", cosign, Content.random(100));
        copy("app:v1", "copied").isStatus(201);
        assertThat(berth.get("/v2/library/copied/manifests/" + cosign)
                        .isStatus(200)
                        .header("Docker-Content-Digest"))
                .isEqualTo(own);
    }

    @Test
    void whatIsSaidIsDeletedWithWhatItIsAbout() {
        String image = berth.pushImage("library/app", "v1", Content.random(1_000));
        String signature = sign(image, SIGNATURE);
        String attestation = image.replace(':', '-') + ".att";
        berth.pushImage("library/app", attestation, Content.random(100));
        berth.delete("/api/v2.0/projects/library/repositories/app/artifacts/v1").isStatus(200);
        berth.get("/v2/library/app/manifests/" + signature).isStatus(404);
        berth.get("/v2/library/app/manifests/" + attestation).isStatus(404);
    }

    @Test
    void whatIsCalledASignatureIsNotDeletedWithWhatItIsSaidToBeAbout() {
        String production = berth.pushImage("library/app", "prod", Content.random(1_000));
        String mine = berth.pushImage("library/app", "dev-x", Content.random(1_000));
        Answer manifest = berth.get("/v2/library/app/manifests/prod").isStatus(200);
        for (String ending : new String[] {".sbom", ".sig"}) {
            berth.call("PUT", "/v2/library/app/manifests/" + mine.replace(':', '-') + ending)
                    .header("Content-Type", manifest.header("Content-Type"))
                    .body(manifest.body())
                    .send()
                    .isStatus(201);
        }
        berth.delete("/api/v2.0/projects/library/repositories/app/artifacts/dev-x")
                .isStatus(200);
        assertThat(berth.get("/v2/library/app/manifests/prod").isStatus(200).header("Docker-Content-Digest"))
                .isEqualTo(production);
        assertThat(berth.get("/v2/library/app/tags/list").json().path("tags").toString())
                .isEqualTo("[\"prod\"]");
    }

    @Test
    void whatIsSaidAboutTwoIsDeletedWithTheSecond() {
        Content shared = Content.image(berth, "library/app", Content.random(100));
        String one = berth.pushImage("library/app", "one", Content.random(1_000));
        String two = berth.pushImage("library/app", "two", Content.random(1_000));
        for (String image : new String[] {one, two}) {
            berth.pushManifest("library/app", image.replace(':', '-') + ".sbom", shared);
        }
        berth.delete("/api/v2.0/projects/library/repositories/app/artifacts/one")
                .isStatus(200);
        berth.get("/v2/library/app/manifests/" + two.replace(':', '-') + ".sbom")
                .isStatus(200);
        copyOf("two");
        berth.delete("/api/v2.0/projects/library/repositories/app/artifacts/two")
                .isStatus(200);
        berth.get("/v2/library/app/manifests/" + shared.digest()).isStatus(404);
    }

    private void copyOf(String tag) {
        copy("app:" + tag, "copied").isStatus(201);
        assertThat(berth.get("/v2/library/copied/tags/list").json().path("tags"))
                .hasSize(2);
    }
}
