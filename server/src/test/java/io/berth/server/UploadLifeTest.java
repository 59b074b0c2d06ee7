package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens to uploads and blobs beyond a single request: restarts, owners, early refusals, watermarks, healing. */
class UploadLifeTest {
    private static final String REPOSITORY = "life/uploads";

    @TempDir
    Path data;

    @Test
    void aRestartKeepsUploadsAndHashesThemAgain() {
        byte[] content = Content.random(400_000);
        String upload;
        String sha512;
        try (var berth = BerthUnderTest.start(data)) {
            upload = berth.openUpload(REPOSITORY);
            berth.call("PATCH", upload)
                    .body(Content.part(content, 0, 150_000))
                    .send()
                    .isStatus(202);
            sha512 = berth.call("POST", "/v2/" + REPOSITORY + "/blobs/uploads/?digest-algorithm=sha512")
                    .send()
                    .header("Location");
            berth.call("PATCH", sha512).body(content).send().isStatus(202);
        }
        try (var berth = BerthUnderTest.start(data)) {
            berth.get(upload).isStatus(204).has("Range", "0-149999");
            berth.call("PATCH", upload)
                    .header("Content-Range", "150000-299999")
                    .body(Content.part(content, 150_000, 300_000))
                    .send()
                    .isStatus(202)
                    .has("Range", "0-299999");
            berth.call("PUT", sha512 + "?digest=" + Content.sha512(content))
                    .send()
                    .isStatus(201);
        }
        try (var berth = BerthUnderTest.start(data)) {
            String location = berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                    .body(Content.part(content, 300_000, 400_000))
                    .send()
                    .isStatus(201)
                    .header("Location");
            assertThat(berth.get(location).isStatus(200).body()).isEqualTo(content);
            berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha512(content)).isStatus(200);
        }
    }

    @Test
    void aRestartLosesNothingThatWasAcknowledged() {
        byte[] layer = Content.random(100_000);
        String digest;
        try (var berth = BerthUnderTest.start(data)) {
            digest = berth.pushImage(REPOSITORY, "v1", layer);
        }
        try (var berth = BerthUnderTest.start(data)) {
            berth.get("/v2/" + REPOSITORY + "/manifests/v1").isStatus(200).has("Docker-Content-Digest", digest);
            assertThat(berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer))
                            .body())
                    .isEqualTo(layer);
        }
    }

    @Test
    void anUploadOfSomebodyElseIsUnknown() throws SQLException {
        try (var berth = BerthUnderTest.start(data)) {
            try (Connection database = berth.database();
                    var statement = database.createStatement()) {
                statement.executeUpdate("""
                        INSERT INTO account
                            (source, subject, name, password_hash, administrator, disabled, created_at)
                        SELECT 'local', 'other', 'other', password_hash, true, false, 0
                        FROM account WHERE name = 'admin'
                        """);
            }
            String other = BerthUnderTest.basic("other", BerthUnderTest.PASSWORD);
            berth.call("GET", "/v2/").as(other).send().isStatus(200);
            byte[] content = Content.random(50_000);
            String upload = berth.openUpload(REPOSITORY);
            String closing = upload + "?digest=" + Content.sha256(content);
            berth.call("GET", upload).as(other).send().isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.call("PATCH", upload).as(other).body(content).send().isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.call("PUT", closing).as(other).body(content).send().isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.call("DELETE", upload).as(other).send().isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.call("PATCH", upload).anonymous().body(content).send().isError(401, "UNAUTHORIZED");
            berth.call("PUT", closing).body(content).send().isStatus(201);
        }
    }

    @Test
    void continueIsSaidOnlyToWhomMaySend() throws IOException {
        try (var berth = BerthUnderTest.start(data)) {
            byte[] content = Content.random(50_000);
            String upload = berth.openUpload(REPOSITORY);
            String length = "Content-Length: " + content.length;
            String expect = "Expect: 100-continue";
            try (RawHttp raw = berth.raw()) {
                raw.head("PATCH " + upload, length, expect).read().isContinue();
                raw.send(content);
                raw.read().isStatus(202);
            }
            for (String path : List.of(upload.replace(REPOSITORY, "life/other"), upload + "0")) {
                try (RawHttp raw = berth.raw()) {
                    raw.head("PATCH " + path, length, expect).read().isError(404, "BLOB_UPLOAD_UNKNOWN");
                }
            }
            try (RawHttp raw = berth.raw()) {
                raw.head("PATCH " + upload, length, expect, "Content-Range: 0-49999")
                        .read()
                        .isError(416, "RANGE_INVALID");
            }
            try (RawHttp raw = berth.raw()) {
                raw.send("PATCH " + upload + " HTTP/1.1\r\nHost: a\r\n" + length + "\r\n" + expect + "\r\n\r\n");
                raw.read().isError(401, "UNAUTHORIZED").has("Connection", "close");
            }
            try (RawHttp raw = berth.raw()) {
                raw.head(
                                "PUT /v2/life/uploads/manifests/large",
                                "Content-Length: 9000000",
                                "Content-Type: " + Content.OCI_MANIFEST,
                                expect)
                        .read()
                        .isError(413, "TOO_LARGE");
            }
        }
    }

    @Test
    void anEarlyRefusalIsSeenThoughTheClientGoesOnSending() throws IOException {
        try (var berth = BerthUnderTest.start(data)) {
            byte[] much = new byte[8 << 20];
            String path = "/v2/life/uploads/blobs/uploads/?digest=" + Content.sha256(much);
            for (int round = 0; round < 5; round++) {
                berth.call("POST", path).anonymous().body(much).send().isError(401, "UNAUTHORIZED");
                berth.call("PATCH", "/v2/life/uploads/blobs/uploads/none")
                        .body(much)
                        .send()
                        .isError(404, "BLOB_UPLOAD_UNKNOWN");
            }
            try (RawHttp raw = berth.raw()) {
                raw.head("PATCH /v2/life/uploads/blobs/uploads/none", "Content-Length: " + much.length)
                        .send(much);
                raw.read().isError(404, "BLOB_UPLOAD_UNKNOWN");
                // What was refused has been read, so the connection goes on.
                raw.head("GET /v2/").read().isStatus(200);
            }
        }
    }

    @Test
    void belowTheWatermarkUploadsAreRefusedAndDeletesGoOn() {
        byte[] layer = Content.random(40_000);
        String digest;
        String open;
        try (var berth = BerthUnderTest.start(data)) {
            digest = berth.pushImage(REPOSITORY, "v1", layer);
            open = berth.openUpload(REPOSITORY);
            berth.call("PATCH", open).body(new byte[10]).send().isStatus(202);
        }
        try (var berth = BerthUnderTest.start(data, "storage.min-free=1048576TiB")) {
            byte[] more = Content.random(20);
            String post = "/v2/" + REPOSITORY + "/blobs/uploads/";
            berth.call("POST", post).send().isError(507, "STORAGE_FULL");
            berth.call("POST", post + "?digest=" + Content.sha256(more))
                    .body(more)
                    .send()
                    .isError(507, "STORAGE_FULL");
            berth.call("PATCH", open).body(more).send().isError(507, "STORAGE_FULL");
            Answer ready = berth.call("GET", "/readyz").anonymous().send().isStatus(503);
            assertThat(ready.json().path("checks").path("space").textValue()).contains("storage.min-free");
            berth.call("GET", "/livez").anonymous().send().isStatus(200);
            assertThat(berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer))
                            .isStatus(200)
                            .body())
                    .isEqualTo(layer);
            Content index = Content.index("");
            berth.pushManifest(REPOSITORY, "metadata", index);
            berth.delete("/v2/" + REPOSITORY + "/manifests/" + digest).isStatus(202);
            berth.delete("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer))
                    .isStatus(202);
            berth.delete(open).isStatus(204);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"removed", "truncated", "removed while remembered", "truncated while remembered"})
    void pushingADamagedBlobAgainHealsIt(String damage) throws IOException {
        byte[] content = Content.random(80_000);
        String digest = Content.sha256(content);
        String path = "/v2/" + REPOSITORY + "/blobs/" + digest;
        try (var berth = BerthUnderTest.start(data)) {
            berth.pushBlob(REPOSITORY, content);
            if (damage.endsWith("remembered")) {
                berth.get(path).isStatus(200);
            }
            Path object;
            try (Stream<Path> files = Files.walk(data.resolve("blobs"))) {
                object = files.filter(
                                file -> file.getFileName().toString().startsWith(digest.substring("sha256:".length())))
                        .findFirst()
                        .orElseThrow();
            }
            if (damage.startsWith("removed")) {
                Files.delete(object);
            } else {
                Files.write(object, new byte[100], StandardOpenOption.TRUNCATE_EXISTING);
            }
            berth.get(path).isError(404, "BLOB_UNKNOWN").hasNo("ETag").hasNo("Cache-Control");
            // Were it said to exist, no client would push it again.
            berth.head(path).isError(404, "BLOB_UNKNOWN");
            berth.pushBlob(REPOSITORY, content);
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(content);
        }
        try (var berth = BerthUnderTest.start(data)) {
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(content);
        }
    }
}
