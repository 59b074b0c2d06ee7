package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Harbor's API does with projects beyond what Harbor does. */
class HarborProjectsTest {
    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static Answer asAdmin(String method, String path, String body) {
        return berth.api(method, path, body, BerthUnderTest.ADMIN);
    }

    @Test
    void whatIsKeptAndNotEnforcedIsSaidInEachAnswer() {
        String said = "299 - \"kept, and not enforced yet: auto_scan, prevent_vul\"";
        assertThat(asAdmin(
                                "POST",
                                "/projects",
                                "{\"project_name\":\"kept\",\"metadata\":{\"prevent_vul\":\"true\",\"auto_scan\":\"true\","
                                        + "\"enable_content_trust\":\"false\"}}")
                        .isStatus(201)
                        .header("Warning"))
                .isEqualTo(said);
        assertThat(asAdmin("GET", "/projects/kept", "").isStatus(200).header("Warning"))
                .isEqualTo(said);
        assertThat(asAdmin("GET", "/projects/kept/metadatas", "").isStatus(200).header("Warning"))
                .isEqualTo(said);
        asAdmin("PUT", "/projects/kept", "{\"metadata\":{\"auto_scan\":\"false\"}}")
                .isStatus(200);
        assertThat(asAdmin(
                                "PUT",
                                "/projects/kept/metadatas/auto_sbom_generation",
                                "{\"auto_sbom_generation\":\"true\"}")
                        .isStatus(200)
                        .header("Warning"))
                .contains("auto_sbom_generation");
        assertThat(asAdmin("GET", "/projects/kept/metadatas/prevent_vul", "")
                        .isStatus(200)
                        .header("Warning"))
                .contains("prevent_vul");
        assertThat(asAdmin("GET", "/projects/library", "").isStatus(200).header("Warning"))
                .isNull();
    }

    @Test
    void aProjectIsDeletedWithWhatIsInItWhenThatIsWanted() {
        String digest = berth.pushImage("doomed/app", "1", Content.random(1000));
        berth.pushImage("doomed/deep/er", "1", Content.random(1000));
        berth.pushBlob("doomed/only-a-blob", Content.random(1000));
        asAdmin("DELETE", "/projects/doomed", "").isError(412, "PRECONDITION");
        berth.get("/v2/doomed/app/manifests/1").isStatus(200);
        asAdmin("DELETE", "/projects/doomed?force=true", "").isStatus(200);
        berth.get("/v2/doomed/app/manifests/" + digest).isStatus(404);
        asAdmin("GET", "/projects/doomed", "").isStatus(404);
        berth.pushImage("doomed/app", "1", Content.random(1000));
        assertThat(berth.get("/v2/doomed/app/tags/list").isStatus(200).text()).contains("[\"1\"]");
    }

    @Test
    void forceIsForThoseWhoMayDeleteRepositories() {
        berth.pushImage("kept-safe/app", "1", Content.random(1000));
        berth.api("DELETE", "/projects/kept-safe?force=true", "", null).isStatus(401);
        berth.get("/v2/kept-safe/app/manifests/1").isStatus(200);
    }
}
