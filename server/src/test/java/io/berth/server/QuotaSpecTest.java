package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a project's quota refuses, and when: before the client is asked for bytes, and never what is free. */
class QuotaSpecTest {
    private static final String EXPECT = "Expect: 100-continue";

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

    private static void project(String name, long quota) {
        berth.api(
                        "POST",
                        "/projects",
                        "{\"project_name\":\"%s\",\"storage_limit\":%d}".formatted(name, quota),
                        BerthUnderTest.ADMIN)
                .isStatus(201);
    }

    private static void setQuota(String project, long quota) {
        String id = berth.api("GET", "/projects/" + project, "", BerthUnderTest.ADMIN)
                .isStatus(200)
                .json()
                .path("project_id")
                .asText();
        berth.api("PUT", "/quotas/" + id, "{\"hard\":{\"storage\":%d}}".formatted(quota), BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    private static String post(String repository, byte[] content) {
        return "POST /v2/" + repository + "/blobs/uploads/?digest=" + Content.sha256(content);
    }

    // Without a 100 before it: the body has not been asked for, and is not sent.
    private static Answer early(String requestLine, long length, String... more) throws IOException {
        try (RawHttp raw = berth.raw()) {
            var headers = new java.util.ArrayList<>(List.of("Content-Length: " + length, EXPECT));
            headers.addAll(List.of(more));
            return raw.head(requestLine, headers.toArray(String[]::new)).read();
        }
    }

    private static void refused(Answer answer, long used, long limit, long needed) {
        answer.isError(403, "DENIED");
        assertThat(answer.complaint())
                .contains("%d of %d bytes are used, %d more are needed".formatted(used, limit, needed))
                .contains("\"used\":" + used, "\"limit\":" + limit, "\"needed\":" + needed);
    }

    private static void taken(String requestLine, byte[] content, int status) throws IOException {
        try (RawHttp raw = berth.raw()) {
            raw.head(requestLine, "Content-Length: " + content.length, EXPECT)
                    .read()
                    .isContinue();
            raw.send(content);
            raw.read().isStatus(status);
        }
    }

    @Test
    void whatHasNoRoomIsRefusedBeforeItIsSent() throws IOException {
        project("narrow", 10_000);
        berth.pushBlob("narrow/app", Content.random(4_000));
        byte[] content = Content.random(7_000);
        refused(early(post("narrow/app", content), content.length), 4_000, 10_000, 7_000);
        String upload = berth.openUpload("narrow/app");
        String closing = "PUT " + upload + "?digest=" + Content.sha256(content);
        refused(early(closing, content.length), 4_000, 10_000, 7_000);
        refused(early("PATCH " + upload, content.length), 4_000, 10_000, 7_000);
        refused(early("PUT /v2/narrow/app/manifests/" + Content.sha256(content), 7_000), 4_000, 10_000, 7_000);
        // To the last byte it has.
        taken(post("narrow/app", Content.random(6_000)), Content.random(6_000), 400);
        byte[] fitting = Content.random(6_000);
        taken(post("narrow/app", fitting), fitting, 201);
        assertThat(berth.get(upload).isStatus(204).header("Range")).isEqualTo("0-0");
    }

    @Test
    void whatTheProjectHoldsIsFreeThoughItIsFull() throws IOException {
        project("full", 10_000);
        byte[] held = Content.random(8_000);
        berth.pushBlob("full/one", held);
        taken(post("full/two", held), held, 201);
        taken("PUT " + berth.openUpload("full/three") + "?digest=" + Content.sha256(held), held, 201);
        // Nobody knows yet whether these are the bytes that it has.
        String upload = berth.openUpload("full/four");
        taken("PATCH " + upload, held, 202);
        taken("PUT " + upload + "?digest=" + Content.sha256(held), new byte[0], 201);
        String other = berth.openUpload("full/five");
        byte[] more = Content.random(8_000);
        taken("PATCH " + other, more, 202);
        refused(early("PUT " + other + "?digest=" + Content.sha256(more), 0), 8_000, 10_000, 8_000);
    }

    @Test
    void anUploadInPiecesIsRefusedAtThePieceThatExceeds() throws IOException {
        project("pieces", 10_000);
        String upload = berth.openUpload("pieces/app");
        byte[] piece = Content.random(4_000);
        taken("PATCH " + upload, piece, 202);
        taken("PATCH " + upload, piece, 202);
        refused(early("PATCH " + upload, 4_000, "Content-Range: 8000-11999"), 0, 10_000, 12_000);
        berth.get(upload).isStatus(204).has("Range", "0-7999");
        // Sent again, since its answer was lost: it fits, and the client has to hear where it stands.
        berth.call("PATCH", upload)
                .header("Content-Range", "4000-7999")
                .body(piece)
                .send()
                .isError(416, "RANGE_INVALID")
                .has("Range", "0-7999");
        taken("PATCH " + upload, Content.random(2_000), 202);
    }

    @Test
    void anotherQuotaCountsWithTheNextRequest() throws IOException {
        project("moved", -1);
        berth.pushBlob("moved/app", Content.random(4_000));
        byte[] content = Content.random(3_000);
        setQuota("moved", 5_000);
        refused(early(post("moved/app", content), content.length), 4_000, 5_000, 3_000);
        setQuota("moved", 7_000);
        taken(post("moved/app", content), content, 201);
        setQuota("moved", 1_000);
        taken(post("moved/app", new byte[0]), new byte[0], 201);
        setQuota("moved", -1);
        berth.pushBlob("moved/app", Content.random(5_000));
    }

    @Test
    void aBodyThatAnnouncesNothingIsRefusedAtTheCommit() {
        project("silent", 1_000);
        byte[] content = Content.random(3_000);
        Answer answer = berth.call("POST", "/v2/silent/app/blobs/uploads/?digest=" + Content.sha256(content))
                .streamed(content)
                .send();
        refused(answer, 0, 1_000, 3_000);
        berth.head("/v2/silent/app/blobs/" + Content.sha256(content)).isStatus(404);
    }
}
