package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads: monolithic, streamed, chunked, resumed, cancelled, mounted. */
class UploadSpecTest {
    private static final String REPOSITORY = "uploads/spec";
    private static final String UPLOADS = "/v2/" + REPOSITORY + "/blobs/uploads/";
    private static final List<Integer> SIZES = List.of(1, 500, 16 << 10, (16 << 10) + 1, 300_000);

    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static void isStored(Answer answer, byte[] content, String digest) {
        answer.isStatus(201)
                .has("Location", "/v2/" + REPOSITORY + "/blobs/" + digest)
                .has("Docker-Content-Digest", digest);
        assertThat(answer.body()).isEmpty();
        assertThat(berth.get(answer.header("Location")).isStatus(200).body()).isEqualTo(content);
    }

    private static Answer patch(String upload, byte[] content, String range) {
        BerthUnderTest.Call call = berth.call("PATCH", upload).header("Content-Type", "application/octet-stream");
        if (range != null) {
            call.header("Content-Range", range);
        }
        return call.body(content).send();
    }

    private static Answer finish(String upload, byte[] content, String digest) {
        return berth.call("PUT", upload + "?digest=" + digest).body(content).send();
    }

    @Test
    void anUploadSaysWhereItIsAndHowFarItHasCome() {
        Answer answer = berth.call("POST", UPLOADS)
                .send()
                .isStatus(202)
                .has("Range", "0-0")
                .has("Content-Length", "0");
        String id = answer.header("Docker-Upload-UUID");
        answer.has("Location", UPLOADS + id);
        berth.get(UPLOADS + id)
                .isStatus(204)
                .has("Location", UPLOADS + id)
                .has("Range", "0-0")
                .has("Docker-Upload-UUID", id);
        patch(UPLOADS + id, Content.random(1000), null)
                .isStatus(202)
                .has("Location", UPLOADS + id)
                .has("Range", "0-999")
                .has("Docker-Upload-UUID", id);
        berth.get(UPLOADS + id).isStatus(204).has("Range", "0-999");
    }

    @Test
    void theSlashAtTheEndMayBeMissing() {
        berth.call("POST", "/v2/" + REPOSITORY + "/blobs/uploads").send().isStatus(202);
    }

    @Test
    void aBlobIsPushedByOnePost() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String digest = Content.sha256(content);
            isStored(
                    berth.call("POST", UPLOADS + "?digest=" + digest)
                            .body(content)
                            .send(),
                    content,
                    digest);
        }
    }

    @Test
    void aBlobIsPushedByOnePostWithoutALength() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String digest = Content.sha256(content);
            isStored(
                    berth.call("POST", UPLOADS + "?digest=" + digest)
                            .streamed(content)
                            .send(),
                    content,
                    digest);
        }
    }

    @Test
    void aBlobIsPushedByPostAndPut() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            isStored(
                    finish(berth.openUpload(REPOSITORY), content, Content.sha256(content)),
                    content,
                    Content.sha256(content));
        }
    }

    @Test
    void aBlobIsStreamedAndThenClosed() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String upload = berth.openUpload(REPOSITORY);
            berth.call("PATCH", upload).streamed(content).send().isStatus(202).has("Range", "0-" + (size - 1));
            isStored(finish(upload, new byte[0], Content.sha256(content)), content, Content.sha256(content));
        }
    }

    @Test
    void aBlobIsPushedInChunksAndTheLastComesWithThePut() {
        byte[] content = Content.random(100_000);
        String upload = berth.openUpload(REPOSITORY);
        patch(upload, Content.part(content, 0, 33_333), "0-33332").isStatus(202).has("Range", "0-33332");
        patch(upload, Content.part(content, 33_333, 33_334), "33333-33333")
                .isStatus(202)
                .has("Range", "0-33333");
        patch(upload, Content.part(content, 33_334, 90_000), "33334-89999")
                .isStatus(202)
                .has("Range", "0-89999");
        isStored(
                berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                        .header("Content-Range", "90000-99999")
                        .body(Content.part(content, 90_000, 100_000))
                        .send(),
                content,
                Content.sha256(content));
    }

    @Test
    void theContentRangeOfRfc9110IsUnderstoodToo() {
        byte[] content = Content.random(2_000);
        String upload = berth.openUpload(REPOSITORY);
        patch(upload, Content.part(content, 0, 1_000), "bytes 0-999/*").isStatus(202);
        patch(upload, Content.part(content, 1_000, 2_000), "bytes 1000-1999/2000")
                .isStatus(202);
        isStored(finish(upload, new byte[0], Content.sha256(content)), content, Content.sha256(content));
    }

    @Test
    void aChunkOutOfOrderIs416AndTheUploadGoesOn() {
        byte[] content = Content.random(3_000);
        String upload = berth.openUpload(REPOSITORY);
        String id = upload.substring(upload.lastIndexOf('/') + 1);
        patch(upload, Content.part(content, 1_000, 2_000), "1000-1999")
                .isError(416, "RANGE_INVALID")
                .has("Location", upload)
                .has("Range", "0-0");
        patch(upload, Content.part(content, 0, 1_000), "0-999").isStatus(202);
        for (String range : List.of("0-999", "999-1998", "1001-2000", "2000-2999")) {
            patch(upload, Content.part(content, 1_000, 2_000), range)
                    .isError(416, "RANGE_INVALID")
                    .has("Location", upload)
                    .has("Range", "0-999")
                    .has("Docker-Upload-UUID", id);
        }
        berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                .header("Content-Range", "2000-2999")
                .body(Content.part(content, 2_000, 3_000))
                .send()
                .isError(416, "RANGE_INVALID")
                .has("Location", upload)
                .has("Range", "0-999");
        patch(upload, Content.part(content, 1_000, 3_000), "1000-2999").isStatus(202);
        isStored(finish(upload, new byte[0], Content.sha256(content)), content, Content.sha256(content));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5-4",
                "-5",
                "5-",
                "a-b",
                "",
                "0",
                "0--1",
                "0-1-2",
                "bytes",
                "0-9999999999999999999",
                " - ",
                "0x0-0x9",
                "0-9;1",
                "+0-9",
                "items 0-9/10"
            })
    void aMalformedContentRangeIs400AndTheUploadGoesOn(String range) {
        byte[] content = Content.random(10);
        String upload = berth.openUpload(REPOSITORY);
        patch(upload, content, range).isError(400, "BLOB_UPLOAD_INVALID");
        isStored(finish(upload, content, Content.sha256(content)), content, Content.sha256(content));
    }

    @Test
    void aContentRangeThatDisagreesWithTheLengthIs400AndNothingIsTaken() {
        byte[] content = Content.random(100);
        String upload = berth.openUpload(REPOSITORY);
        patch(upload, content, "0-98").isError(400, "SIZE_INVALID");
        patch(upload, content, "0-100").isError(400, "SIZE_INVALID");
        berth.get(upload).isStatus(204).has("Range", "0-0");
        isStored(finish(upload, content, Content.sha256(content)), content, Content.sha256(content));
    }

    @Test
    void aCancelledUploadIsGoneAtOnce() {
        for (int round = 0; round < 20; round++) {
            String upload = berth.openUpload(REPOSITORY);
            patch(upload, Content.random(50_000), null).isStatus(202);
            berth.delete(upload).isStatus(204);
            berth.get(upload).isError(404, "BLOB_UPLOAD_UNKNOWN");
            patch(upload, Content.random(10), null).isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.delete(upload).isError(404, "BLOB_UPLOAD_UNKNOWN");
        }
    }

    @Test
    void aFinishedUploadIsGone() {
        byte[] content = Content.random(100);
        String upload = berth.openUpload(REPOSITORY);
        finish(upload, content, Content.sha256(content)).isStatus(201);
        berth.get(upload).isError(404, "BLOB_UPLOAD_UNKNOWN");
        finish(upload, content, Content.sha256(content)).isError(404, "BLOB_UPLOAD_UNKNOWN");
    }

    @Test
    void anUploadOfAnotherRepositoryIsUnknown() {
        String upload = berth.openUpload(REPOSITORY);
        String elsewhere = upload.replace(REPOSITORY, "uploads/other");
        berth.get(elsewhere).isError(404, "BLOB_UPLOAD_UNKNOWN");
        patch(elsewhere, new byte[3], null).isError(404, "BLOB_UPLOAD_UNKNOWN");
        berth.delete(elsewhere).isError(404, "BLOB_UPLOAD_UNKNOWN");
        berth.get(upload).isStatus(204);
    }

    @ParameterizedTest
    @ValueSource(strings = {"unknown", "00000000-0000-4000-8000-000000000000", "1-1-1-1-1", "%2e%2e", "a%2Fb", "_"})
    void anUnknownUploadIs404(String id) {
        for (String method : List.of("GET", "PATCH", "DELETE")) {
            Answer answer = berth.call(method, UPLOADS + id).send();
            if (!id.contains("%")) {
                answer.isError(404, "BLOB_UPLOAD_UNKNOWN");
            } else {
                assertThat(answer.status()).isBetween(400, 405);
            }
        }
    }

    @Test
    void otherMethodsOfAnUploadAreNotAllowed() {
        berth.call("POST", berth.openUpload(REPOSITORY)).send().isError(405, "UNSUPPORTED");
        berth.get(UPLOADS).isError(405, "UNSUPPORTED").has("Allow", "POST");
    }

    @Test
    void aWrongDigestEndsTheUploadAndStoresNothing() {
        // One random byte is likely to be in a repository where other tests push: this one has its own.
        String repository = "uploads/wrong-digests";
        String uploads = "/v2/" + repository + "/blobs/uploads/";
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String wrong = Content.sha256(Content.random(5));
            String upload = berth.openUpload(repository);
            String complaint = finish(upload, content, wrong)
                    .isError(400, "DIGEST_INVALID")
                    .complaint();
            assertThat(complaint).contains(wrong).contains(Content.sha256(content));
            berth.get(upload).isError(404, "BLOB_UPLOAD_UNKNOWN");
            berth.get("/v2/" + repository + "/blobs/" + wrong).isError(404, "BLOB_UNKNOWN");
            berth.get("/v2/" + repository + "/blobs/" + Content.sha256(content)).isError(404, "BLOB_UNKNOWN");

            berth.call("POST", uploads + "?digest=" + wrong)
                    .body(content)
                    .send()
                    .isError(400, "DIGEST_INVALID");
            berth.get("/v2/" + repository + "/blobs/" + wrong).isError(404, "BLOB_UNKNOWN");
        }
    }

    @Test
    void aMissingOrMalformedDigestLeavesTheUploadOpen() {
        byte[] content = Content.random(10);
        String upload = berth.openUpload(REPOSITORY);
        berth.call("PUT", upload).body(content).send().isError(400, "DIGEST_INVALID");
        finish(upload, content, "sha256:abc").isError(400, "DIGEST_INVALID");
        finish(upload, content, "md5:d41d8cd98f00b204e9800998ecf8427e").isError(400, "DIGEST_INVALID");
        finish(upload, content, Content.sha256(content).replace("sha256", "sha512"))
                .isError(400, "DIGEST_INVALID");
        isStored(finish(upload, content, Content.sha256(content)), content, Content.sha256(content));
    }

    @Test
    void sha512IsAsGoodAsSha256() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String digest = Content.sha512(content);
            isStored(
                    berth.call("POST", UPLOADS + "?digest=" + digest)
                            .body(content)
                            .send(),
                    content,
                    digest);
        }
    }

    @Test
    void theAlgorithmIsPickedAtTheStartOfAnUpload() {
        byte[] content = Content.random(60_000);
        String upload = berth.call("POST", UPLOADS + "?digest-algorithm=sha512")
                .send()
                .isStatus(202)
                .header("Location");
        patch(upload, content, null).isStatus(202);
        isStored(finish(upload, new byte[0], Content.sha512(content)), content, Content.sha512(content));
        berth.call("POST", UPLOADS + "?digest-algorithm=md5").send().isError(400, "DIGEST_INVALID");
    }

    @Test
    void anotherAlgorithmMayBeNamedAtTheClosingPut() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String upload = berth.openUpload(REPOSITORY);
            patch(upload, content, null).isStatus(202);
            isStored(finish(upload, new byte[0], Content.sha512(content)), content, Content.sha512(content));

            String other = berth.call("POST", UPLOADS + "?digest-algorithm=sha512")
                    .send()
                    .header("Location");
            patch(other, content, null).isStatus(202);
            isStored(finish(other, new byte[0], Content.sha256(content)), content, Content.sha256(content));
        }
    }

    @Test
    void theSameBytesUnderTwoAlgorithmsAreTwoBlobs() {
        byte[] content = Content.random(40_000);
        berth.pushBlob(REPOSITORY, content);
        berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha512(content)).isError(404, "BLOB_UNKNOWN");
        berth.call("POST", UPLOADS + "?digest=" + Content.sha512(content))
                .body(content)
                .send()
                .isStatus(201);
        berth.delete("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(content)).isStatus(202);
        berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha512(content)).isStatus(200);
    }

    @Test
    void aBlobIsMountedFromTheNamedRepository() {
        for (int size : SIZES) {
            byte[] content = Content.random(size);
            String digest = berth.pushBlob("uploads/source", content);
            isStored(
                    berth.call("POST", UPLOADS + "?mount=" + digest + "&from=uploads/source")
                            .send(),
                    content,
                    digest);
        }
    }

    @Test
    void aBlobIsMountedFromAnyRepositoryThatMayBeReadWhenNoneIsNamed() {
        byte[] content = Content.random(500);
        String digest = berth.pushBlob("uploads/source", content);
        isStored(berth.call("POST", UPLOADS + "?mount=" + digest).send(), content, digest);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"&from=uploads/source", "", "&from=nobody/there", "&from=NOT%20a%20name", "&from=", "&from=.."})
    void whatCannotBeMountedBecomesAnUpload(String from) {
        byte[] content = Content.random(500);
        String digest = Content.sha256(content);
        Answer answer = berth.call("POST", UPLOADS + "?mount=" + digest + from)
                .send()
                .isStatus(202)
                .has("Range", "0-0");
        isStored(finish(answer.header("Location"), content, digest), content, digest);
    }

    @Test
    void aMountOfAMalformedDigestIs400() {
        berth.call("POST", UPLOADS + "?mount=sha256:12&from=uploads/source")
                .send()
                .isError(400, "DIGEST_INVALID");
    }

    @Test
    void pushingTheSameBlobTwiceIsFine() {
        byte[] content = Content.random(70_000);
        for (int round = 0; round < 3; round++) {
            isStored(
                    finish(berth.openUpload(REPOSITORY), content, Content.sha256(content)),
                    content,
                    Content.sha256(content));
        }
    }

    @Test
    void blobsLargerThanAllowedAre413(@TempDir Path data) {
        try (var small = BerthUnderTest.start(data, "registry.max-blob-size=8KiB")) {
            byte[] content = Content.random(9_000);
            String digest = Content.sha256(content);
            String post = "/v2/limits/blob/blobs/uploads/";
            small.call("POST", post + "?digest=" + digest).body(content).send().isError(413, "TOO_LARGE");
            small.call("POST", post + "?digest=" + digest)
                    .streamed(content)
                    .send()
                    .isError(413, "TOO_LARGE");
            String upload = small.openUpload("limits/blob");
            small.call("PUT", upload + "?digest=" + digest).body(content).send().isError(413, "TOO_LARGE");
            small.call("PATCH", upload).body(content).send().isError(413, "TOO_LARGE");
            small.call("PATCH", upload)
                    .body(Content.part(content, 0, 8_000))
                    .send()
                    .isStatus(202);
            small.call("PATCH", upload)
                    .body(Content.part(content, 8_000, 9_000))
                    .send()
                    .isError(413, "TOO_LARGE");
            small.get("/v2/limits/blob/blobs/" + digest).isError(404, "BLOB_UNKNOWN");
            small.pushBlob("limits/blob", Content.part(content, 0, 8_192));
        }
    }

    @Test
    void theBytesOfOpenUploadsAreLimited(@TempDir Path data) {
        try (var small = BerthUnderTest.start(data, "registry.max-open-upload-bytes=100KiB")) {
            String first = small.openUpload("limits/open");
            small.call("PATCH", first).body(new byte[80_000]).send().isStatus(202);
            String second = small.openUpload("limits/open");
            small.call("PATCH", second).body(new byte[80_000]).send().isError(413, "TOO_LARGE");
            small.delete(first).isStatus(204);
            small.call("PATCH", second).body(new byte[80_000]).send().isStatus(202);
        }
    }
}
