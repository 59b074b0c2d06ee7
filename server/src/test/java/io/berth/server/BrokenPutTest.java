package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Closing requests whose client goes away, stands still, or lies; and what a restart makes of them. */
class BrokenPutTest {
    private static final int SIZE = 600_000;
    private static final int SENT = 350_000;

    @TempDir
    Path data;

    private BerthUnderTest berth;

    @BeforeEach
    void start() {
        berth = BerthUnderTest.start(data, "server.idle-timeout=700ms");
    }

    @AfterEach
    void stop() {
        berth.close();
    }

    private enum End {
        RESET,
        CLOSE,
        SILENCE
    }

    @ParameterizedTest
    @EnumSource
    void aClosingPutThatBreaksOffLeavesTheUploadOpen(End end) throws IOException {
        byte[] blob = Content.random(SIZE);
        String digest = Content.sha256(blob);
        String upload = berth.openUpload("broken/put");
        try (var client = berth.raw()) {
            client.head("PUT " + upload + "?digest=" + digest, "Content-Length: " + SIZE)
                    .send(Content.part(blob, 0, SENT));
            end(client, end);
            resume(upload, blob);
        }
        assertThat(berth.get("/v2/broken/put/blobs/" + digest).isStatus(200).body())
                .isEqualTo(blob);
    }

    private static void end(RawHttp client, End how) throws IOException {
        switch (how) {
            case RESET -> client.abort();
            case CLOSE -> client.close();
            case SILENCE -> client.readToEnd(); // the server has enough of it first
        }
    }

    // As a client does: asks how far it is and sends the rest, until the request that broke off is noticed to have done
    // so.
    private void resume(String upload, byte[] blob) {
        var last = new AtomicReference<Answer>();
        Gauges.eventually("the upload goes on", () -> {
            Answer status = berth.get(upload).isStatus(204);
            String range = status.header("Range");
            int from = Integer.parseInt(range.substring(range.indexOf('-') + 1)) + 1;
            if (from == 1) {
                from = 0; // 0-0 stands for nothing
            }
            last.set(berth.call("PATCH", upload)
                    .header("Content-Range", from + "-" + (blob.length - 1))
                    .body(Content.part(blob, from, blob.length))
                    .send());
            return last.get().status() != 416;
        });
        last.get().isStatus(202).has("Range", "0-" + (blob.length - 1));
        berth.call("PUT", upload + "?digest=" + Content.sha256(blob)).send().isStatus(201);
    }

    @Test
    void whatArrivedBeforeTheBreakIsKept() throws IOException {
        byte[] blob = Content.random(SIZE);
        String upload = berth.openUpload("broken/kept");
        try (var client = berth.raw()) {
            client.head("PATCH " + upload, "Content-Length: " + SIZE).send(Content.part(blob, 0, SENT));
            client.readToEnd();
        }
        Gauges.eventually(
                "everything that was sent is there",
                () -> ("0-" + (SENT - 1)).equals(berth.get(upload).isStatus(204).header("Range")));
    }

    private long uploadFiles() {
        try (var files = Files.list(data.resolve("blobs").resolve("uploads"))) {
            return files.count();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aLieAboutTheDigestLeavesNoTrace() {
        byte[] blob = Content.random(SIZE);
        String lie = Content.sha256(Content.random(5));
        String upload = berth.openUpload("broken/lie");
        berth.call("PATCH", upload).body(blob).send().isStatus(202);
        berth.call("PUT", upload + "?digest=" + lie).send().isError(400, "DIGEST_INVALID");
        berth.get(upload).isError(404, "BLOB_UPLOAD_UNKNOWN");
        berth.get("/v2/broken/lie/blobs/" + lie).isError(404, "BLOB_UNKNOWN");
        berth.get("/v2/broken/lie/blobs/" + Content.sha256(blob)).isError(404, "BLOB_UNKNOWN");
        assertThat(uploadFiles()).isZero();
    }

    @Test
    void anUploadOutlivesTheServerAndIsHashedAgain() {
        byte[] blob = Content.random(SIZE);
        String upload = berth.call("POST", "/v2/broken/restart/blobs/uploads/?digest-algorithm=sha512")
                .send()
                .isStatus(202)
                .header("Location");
        berth.call("PATCH", upload).body(Content.part(blob, 0, SENT)).send().isStatus(202);
        berth.close();
        berth = BerthUnderTest.start(data);
        berth.get(upload).isStatus(204).has("Range", "0-" + (SENT - 1));
        berth.call("PATCH", upload)
                .header("Content-Range", SENT + "-" + (SIZE - 1))
                .body(Content.part(blob, SENT, SIZE))
                .send()
                .isStatus(202);
        berth.call("PUT", upload + "?digest=" + Content.sha512(blob)).send().isStatus(201);
        assertThat(berth.get("/v2/broken/restart/blobs/" + Content.sha512(blob))
                        .isStatus(200)
                        .body())
                .isEqualTo(blob);
    }
}
