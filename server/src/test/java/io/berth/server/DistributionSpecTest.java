package io.berth.server;

import static io.berth.server.RunningBerth.descriptor;
import static io.berth.server.RunningBerth.expect;
import static io.berth.server.RunningBerth.header;
import static io.berth.server.RunningBerth.image;
import static io.berth.server.RunningBerth.index;
import static io.berth.server.RunningBerth.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.berth.oci.Digest;
import io.berth.oci.MediaType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** The OCI distribution spec, endpoint by endpoint. */
class DistributionSpecTest {
    private static final byte[] SMALL = "0123456789".getBytes(StandardCharsets.UTF_8);
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar";

    @TempDir
    static Path data;

    private static RunningBerth berth;
    private static int number;

    private String repository;

    @BeforeAll
    static void start() throws Exception {
        berth = new RunningBerth(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    @org.junit.jupiter.api.BeforeEach
    void chooseRepository(TestInfo test) {
        repository = "spec/r" + ++number;
    }

    private static byte[] large() {
        byte[] content = new byte[300_000];
        new Random(number).nextBytes(content);
        return content;
    }

    @Test
    void pingAsksForACredentialAndAnswersOneThatHolds() {
        var challenge = expect(401, berth.sendAs(null, "GET", "/v2/", null));
        assertThat(header(challenge, "WWW-Authenticate")).startsWith("Bearer realm=");
        assertThat(text(challenge)).contains("\"code\":\"UNAUTHORIZED\"");
        var pong = expect(200, berth.get("/v2/"));
        assertThat(header(pong, "X-Request-Id")).isNotBlank();
        expect(401, berth.sendAs("Basic eDp5", "GET", "/v2/", null));
        expect(401, berth.sendAs("Bearer abc", "GET", "/v2/", null));
    }

    @Test
    void aBlobIsPushedByOnePostAndPulledWithItsHeaders() {
        for (byte[] content : new byte[][] {SMALL, large()}) {
            Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
            var pushed =
                    expect(201, berth.send("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + digest, content));
            String location = header(pushed, "Location");
            assertThat(location).isEqualTo("/v2/" + repository + "/blobs/" + digest);
            assertThat(header(pushed, "Docker-Content-Digest")).isEqualTo(digest.toString());
            var got = expect(200, berth.get(location));
            assertThat(got.body()).isEqualTo(content);
            assertThat(header(got, "Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(header(got, "ETag")).isEqualTo('"' + digest.toString() + '"');
            assertThat(header(got, "Cache-Control")).startsWith("private");
            assertThat(header(got, "Accept-Ranges")).isEqualTo("bytes");
            var head = expect(200, berth.send("HEAD", location, null));
            assertThat(header(head, "Content-Length")).isEqualTo(Integer.toString(content.length));
            assertThat(head.body()).isEmpty();
            expect(304, berth.get(location, "If-None-Match", '"' + digest.toString() + '"'));
        }
    }

    @Test
    void rangesOfABlobAreServed() {
        for (byte[] content : new byte[][] {SMALL, large()}) {
            String path = "/v2/" + repository + "/blobs/" + berth.blob(repository, content);
            int size = content.length;
            checkRange(path, content, "bytes=0-", 0, size - 1);
            checkRange(path, content, "bytes=2-4", 2, 4);
            checkRange(path, content, "bytes=-3", size - 3, size - 1);
            checkRange(path, content, "bytes=5-99999999", 5, size - 1);
            checkRange(path, content, "bytes=-99999999", 0, size - 1);
            for (String bad : new String[] {"bytes=500-0", "bytes=99999999-", "bytes=a-b", "bytes=--1", "bytes=-0"}) {
                var refused = expect(416, berth.get(path, "Range", bad));
                assertThat(header(refused, "Content-Range")).isEqualTo("bytes */" + size);
                assertThat(text(refused)).contains("RANGE_INVALID");
            }
            assertThat(expect(200, berth.get(path, "Range", "lines=1-2")).body())
                    .isEqualTo(content);
            assertThat(expect(200, berth.get(path, "Range", "bytes=2-4", "If-Range", "\"other\""))
                            .body())
                    .isEqualTo(content);
        }
    }

    private static void checkRange(String path, byte[] content, String range, int first, int last) {
        var part = expect(206, berth.get(path, "Range", range));
        assertThat(header(part, "Content-Range")).isEqualTo("bytes " + first + "-" + last + "/" + content.length);
        assertThat(part.body()).isEqualTo(java.util.Arrays.copyOfRange(content, first, last + 1));
    }

    @Test
    void severalRangesComeAsParts() {
        byte[] content = large();
        String path = "/v2/" + repository + "/blobs/" + berth.blob(repository, content);
        var parts = expect(206, berth.get(path, "Range", "bytes=0-1,100-102"));
        String type = header(parts, "Content-Type");
        assertThat(type).startsWith("multipart/byteranges; boundary=");
        String boundary = type.substring(type.indexOf('=') + 1);
        String body = new String(parts.body(), StandardCharsets.ISO_8859_1);
        assertThat(body)
                .isEqualTo("\r\n--" + boundary
                        + "\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/"
                        + content.length + "\r\n\r\n" + latin(content, 0, 2) + "\r\n--" + boundary
                        + "\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 100-102/" + content.length
                        + "\r\n\r\n" + latin(content, 100, 103) + "\r\n--" + boundary + "--\r\n");
    }

    private static String latin(byte[] content, int from, int to) {
        return new String(java.util.Arrays.copyOfRange(content, from, to), StandardCharsets.ISO_8859_1);
    }

    @Test
    void aBlobIsPushedByChunksAndOneOutOfOrderIsRefused() {
        byte[] content = large();
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        String upload = berth.upload(repository);
        var first = expect(
                202, berth.send("PATCH", upload, java.util.Arrays.copyOf(content, 1000), "Content-Range", "0-999"));
        assertThat(header(first, "Range")).isEqualTo("0-999");
        var refused = expect(
                416, berth.send("PATCH", upload, java.util.Arrays.copyOf(content, 10), "Content-Range", "5000-5009"));
        assertThat(header(refused, "Range")).isEqualTo("0-999");
        assertThat(header(refused, "Location")).isEqualTo(upload);
        var status = expect(204, berth.get(upload));
        assertThat(header(status, "Range")).isEqualTo("0-999");
        assertThat(header(status, "Docker-Upload-UUID")).isEqualTo(upload.substring(upload.lastIndexOf('/') + 1));
        expect(
                201,
                berth.send(
                        "PUT",
                        upload + "?digest=" + digest,
                        java.util.Arrays.copyOfRange(content, 1000, content.length),
                        "Content-Range",
                        "1000-" + (content.length - 1)));
        expect(404, berth.get(upload));
        assertThat(berth.get("/v2/" + repository + "/blobs/" + digest).body()).isEqualTo(content);
    }

    @Test
    void aWrongDigestEndsTheUploadAndLeavesNoBlob() {
        Digest wrong = Digest.of(Digest.Algorithm.SHA256, "other".getBytes(StandardCharsets.UTF_8));
        String upload = berth.upload(repository);
        var refused = expect(400, berth.send("PUT", upload + "?digest=" + wrong, large()));
        assertThat(text(refused)).contains("DIGEST_INVALID");
        expect(404, berth.get(upload));
        expect(404, berth.send("HEAD", "/v2/" + repository + "/blobs/" + wrong, null));
        expect(400, berth.send("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + wrong, SMALL));
    }

    @Test
    void anUploadIsCancelled() {
        String upload = berth.upload(repository);
        expect(202, berth.send("PATCH", upload, large()));
        expect(204, berth.send("DELETE", upload, null));
        expect(404, berth.get(upload));
        expect(404, berth.send("PATCH", upload, SMALL));
    }

    @Test
    void aCancelledUploadDoesNotComeBack() {
        for (int i = 0; i < 60; i++) {
            String upload = berth.upload(repository);
            expect(204, berth.send("DELETE", upload, null));
            expect(404, berth.get(upload));
        }
    }

    @Test
    void sha512IsHashedOnTheWayOrByReadingAgain() {
        byte[] content = large();
        Digest digest = Digest.of(Digest.Algorithm.SHA512, content);
        String announced = header(
                expect(202, berth.send("POST", "/v2/" + repository + "/blobs/uploads/?digest-algorithm=sha512", null)),
                "Location");
        expect(201, berth.send("PUT", announced + "?digest=" + digest, content));
        expect(202, berth.send("DELETE", "/v2/" + repository + "/blobs/" + digest, null));
        String silent = berth.upload(repository);
        expect(202, berth.send("PATCH", silent, content));
        expect(201, berth.send("PUT", silent + "?digest=" + digest, new byte[0]));
        assertThat(berth.get("/v2/" + repository + "/blobs/" + digest).body()).isEqualTo(content);
        // the same bytes under sha256 are another blob
        expect(404, berth.get("/v2/" + repository + "/blobs/" + Digest.of(Digest.Algorithm.SHA256, content)));
    }

    @Test
    void blobsAreMountedFromWhereTheCallerMayPull() {
        Digest digest = berth.blob(repository, large());
        String target = repository + "/copy";
        var mounted = expect(
                201,
                berth.send("POST", "/v2/" + target + "/blobs/uploads/?mount=" + digest + "&from=" + repository, null));
        assertThat(header(mounted, "Location")).isEqualTo("/v2/" + target + "/blobs/" + digest);
        expect(200, berth.get("/v2/" + target + "/blobs/" + digest));
        expect(201, berth.send("POST", "/v2/" + repository + "/any/blobs/uploads/?mount=" + digest, null));
        Digest unknown = Digest.of(Digest.Algorithm.SHA256, "nobody has this".getBytes(StandardCharsets.UTF_8));
        expect(202, berth.send("POST", "/v2/" + target + "/blobs/uploads/?mount=" + unknown, null));
        expect(202, berth.send("POST", "/v2/" + target + "/blobs/uploads/?mount=" + digest + "&from=no/such", null));
        // deleting the copy leaves the source
        expect(202, berth.send("DELETE", "/v2/" + target + "/blobs/" + digest, null));
        expect(404, berth.get("/v2/" + target + "/blobs/" + digest));
        expect(200, berth.get("/v2/" + repository + "/blobs/" + digest));
    }

    @Test
    void aManifestIsPulledAsItWasPushedByTagAndByDigest() {
        byte[] plain = berth.image(repository, SMALL);
        String odd =
                new String(plain, StandardCharsets.UTF_8).replace("\"layers\"", "  \"unknown\" : [1, 2],\n \"layers\"");
        byte[] manifest = odd.getBytes(StandardCharsets.UTF_8);
        var pushed = expect(201, berth.put(repository, "v1", manifest));
        Digest digest = Digest.of(Digest.Algorithm.SHA256, manifest);
        assertThat(header(pushed, "Location")).isEqualTo("/v2/" + repository + "/manifests/" + digest);
        for (String reference : new String[] {"v1", digest.toString()}) {
            var got = expect(
                    200,
                    berth.get("/v2/" + repository + "/manifests/" + reference, "Accept", MediaType.DOCKER_MANIFEST));
            assertThat(got.body()).isEqualTo(manifest);
            assertThat(header(got, "Content-Type")).isEqualTo(MediaType.OCI_MANIFEST);
            assertThat(header(got, "Docker-Content-Digest")).isEqualTo(digest.toString());
            var cached = expect(
                    304,
                    berth.get("/v2/" + repository + "/manifests/" + reference, "If-None-Match", header(got, "ETag")));
            assertThat(header(cached, "Docker-Content-Digest")).isEqualTo(digest.toString());
            assertThat(header(cached, "ETag")).isEqualTo(header(got, "ETag"));
        }
    }

    @Test
    void whatAManifestNamesHasToBeThere() {
        Digest config = berth.blob(repository, "{}".getBytes(StandardCharsets.UTF_8));
        Digest missing = Digest.of(Digest.Algorithm.SHA256, new byte[] {9, 9, 9});
        var refused = expect(404, berth.put(repository, "v1", image(config, descriptor(LAYER, missing, 3), "")));
        assertThat(text(refused)).contains("MANIFEST_BLOB_UNKNOWN").contains(missing.toString());
        expect(404, berth.put(repository, "v1", index(descriptor(MediaType.OCI_MANIFEST, missing, 3), "")));
        // in another repository it is not there either, though the registry has it
        berth.blob(repository + "/other", new byte[] {9, 9, 9});
        expect(404, berth.put(repository, "v1", image(config, descriptor(LAYER, missing, 3), "")));
        // a foreign layer may be absent, and a subject too
        String foreign = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", missing, 3);
        expect(201, berth.put(repository, "v2", image(config, foreign, "")));
        String subject = ",\"subject\":" + descriptor(MediaType.OCI_MANIFEST, missing, 3);
        var pushed = expect(201, berth.put(repository, "v3", image(config, "", subject)));
        assertThat(header(pushed, "OCI-Subject")).isEqualTo(missing.toString());
        // a size that is not the blob's is a lie
        var lie = expect(400, berth.put(repository, "v4", image(config, descriptor(LAYER, config, 77), "")));
        assertThat(text(lie)).contains("MANIFEST_INVALID").contains("77");
    }

    @Test
    void tagParametersAreSetAllOrNone() {
        byte[] manifest = berth.image(repository);
        Digest digest = Digest.of(Digest.Algorithm.SHA256, manifest);
        var pushed = expect(201, berth.put(repository, digest + "?tag=a&tag=b", manifest));
        assertThat(header(pushed, "OCI-Tag")).contains("a").contains("b");
        expect(200, berth.get("/v2/" + repository + "/manifests/b"));
        expect(400, berth.put(repository, digest + "?tag=c&tag=.bad", manifest));
        expect(404, berth.get("/v2/" + repository + "/manifests/c"));
        expect(400, berth.put(repository, "v1?tag=c", manifest));
    }

    @Test
    void conditionsGuardATag() {
        byte[] one = berth.image(repository, SMALL);
        byte[] two = berth.image(repository, new byte[] {1});
        expect(412, berth.put(repository, "v1", one, "If-Match", "*"));
        expect(201, berth.put(repository, "v1", one, "If-None-Match", "*"));
        expect(412, berth.put(repository, "v1", two, "If-None-Match", "*"));
        String etag = header(berth.get("/v2/" + repository + "/manifests/v1"), "ETag");
        expect(201, berth.put(repository, "v1", two, "If-Match", etag));
        expect(412, berth.put(repository, "v1", one, "If-Match", etag));
        expect(412, berth.send("DELETE", "/v2/" + repository + "/manifests/v1", null, "If-Match", etag));
        assertThat(berth.get("/v2/" + repository + "/manifests/v1").body()).isEqualTo(two);
    }

    @Test
    void tagsAreListedByPages() {
        byte[] manifest = berth.image(repository);
        for (String tag : new String[] {"b", "a", "C", "v1.0", "_x"}) {
            berth.manifest(repository, tag, manifest);
        }
        String path = "/v2/" + repository + "/tags/list";
        assertThat(text(expect(200, berth.get(path))))
                .isEqualTo("{\"name\":\"" + repository + "\",\"tags\":[\"C\",\"_x\",\"a\",\"b\",\"v1.0\"]}");
        var page = expect(200, berth.get(path + "?n=2"));
        assertThat(text(page)).endsWith("[\"C\",\"_x\"]}");
        assertThat(header(page, "Link")).isEqualTo("<" + path + "?n=2&last=_x>; rel=\"next\"");
        var last = expect(200, berth.get(path + "?n=3&last=_x"));
        assertThat(text(last)).endsWith("[\"a\",\"b\",\"v1.0\"]}");
        assertThat(header(last, "Link")).isNull();
        assertThat(text(berth.get(path + "?n=0"))).endsWith("[]}");
        assertThat(text(berth.get(path + "?last=zzz"))).endsWith("[]}");
        for (String bad : new String[] {"-1", "x", "1.5", "", "99999999999999999999"}) {
            assertThat(text(expect(400, berth.get(path + "?n=" + bad)))).contains("PAGINATION_NUMBER_INVALID");
        }
        expect(404, berth.get("/v2/" + repository + "/none/tags/list"));
        expect(202, berth.send("DELETE", "/v2/" + repository + "/manifests/b", null));
        assertThat(text(berth.get(path))).doesNotContain("\"b\"");
    }

    @Test
    void theCatalogListsRepositoriesThatHoldManifests() {
        berth.blob("catalog/only-a-blob", SMALL);
        for (int i = 0; i < 5; i++) {
            String name = "catalog/r" + i;
            berth.manifest(name, "v1", berth.image(name));
        }
        var page = expect(200, berth.get("/v2/_catalog?n=2&last=catalog/only"));
        assertThat(text(page)).isEqualTo("{\"repositories\":[\"catalog/r0\",\"catalog/r1\"]}");
        assertThat(header(page, "Link")).isEqualTo("</v2/_catalog?n=2&last=catalog%2Fr1>; rel=\"next\"");
        assertThat(text(berth.get("/v2/_catalog?n=1000"))).doesNotContain("only-a-blob");
    }

    @Test
    void referrersAreListedAndFiltered() {
        Digest subject = berth.manifest(repository, "v1", berth.image(repository, SMALL));
        Digest config = Digest.of(Digest.Algorithm.SHA256, "{}".getBytes(StandardCharsets.UTF_8));
        String about = ",\"subject\":" + descriptor(MediaType.OCI_MANIFEST, subject, 500);
        byte[] signature =
                image(config, "", about + ",\"artifactType\":\"application/x.sig\",\"annotations\":{\"by\":\"me\"}");
        byte[] sbom = image(config, "", about + ",\"artifactType\":\"application/x.sbom\"");
        Digest signed = Digest.of(Digest.Algorithm.SHA256, signature);
        expect(201, berth.put(repository, signed.toString(), signature));
        expect(
                201,
                berth.put(repository, Digest.of(Digest.Algorithm.SHA256, sbom).toString(), sbom));
        String path = "/v2/" + repository + "/referrers/" + subject;
        var all = expect(200, berth.get(path));
        assertThat(header(all, "Content-Type")).isEqualTo("application/vnd.oci.image.index.v1+json");
        assertThat(text(all))
                .contains("application/x.sig")
                .contains("application/x.sbom")
                .contains("\"by\":\"me\"");
        var filtered = expect(200, berth.get(path + "?artifactType=application/x.sig"));
        assertThat(header(filtered, "OCI-Filters-Applied")).isEqualTo("artifactType");
        assertThat(text(filtered)).contains(signed.toString()).doesNotContain("x.sbom");
        var page = expect(200, berth.get(path + "?n=1"));
        String next = header(page, "Link");
        assertThat(next).contains("rel=\"next\"");
        var rest = expect(200, berth.get(next.substring(1, next.indexOf('>'))));
        assertThat(header(rest, "Link")).isNull();
        assertThat(text(page) + text(rest)).contains("x.sig").contains("x.sbom");
        Digest unknown = Digest.of(Digest.Algorithm.SHA256, new byte[] {7});
        assertThat(text(expect(200, berth.get("/v2/no/such/referrers/" + unknown))))
                .contains("\"manifests\":[]");
    }

    @Test
    void referrersUnderTheFallbackTagAreShownToo() {
        Digest subject = berth.manifest(repository, "v1", berth.image(repository, SMALL));
        byte[] old = berth.image(repository, new byte[] {3});
        Digest referrer = berth.manifest(repository, "old", old);
        byte[] list = index(descriptor(MediaType.OCI_MANIFEST, referrer, old.length), "");
        berth.manifest(repository, "sha256-" + subject.hex(), list);
        assertThat(text(berth.get("/v2/" + repository + "/referrers/" + subject)))
                .contains(referrer.toString());
    }

    @Test
    void whatIsReferredToIsNotDeletedAndTheAnswerSaysByWhat() {
        Digest layer = berth.blob(repository, SMALL);
        byte[] image = berth.image(repository, SMALL);
        Digest child = berth.manifest(repository, "v1", image);
        Digest index =
                berth.manifest(repository, "list", index(descriptor(MediaType.OCI_MANIFEST, child, image.length), ""));
        String manifests = "/v2/" + repository + "/manifests/";
        var blob = expect(405, berth.send("DELETE", "/v2/" + repository + "/blobs/" + layer, null));
        assertThat(text(blob)).contains("UNSUPPORTED").contains(child.toString());
        assertThat(text(expect(405, berth.send("DELETE", manifests + child, null))))
                .contains(index.toString());
        expect(202, berth.send("DELETE", manifests + index, null));
        expect(404, berth.get(manifests + "list"));
        expect(202, berth.send("DELETE", manifests + child, null));
        expect(404, berth.get(manifests + "v1"));
        expect(202, berth.send("DELETE", "/v2/" + repository + "/blobs/" + layer, null));
        expect(404, berth.send("DELETE", "/v2/" + repository + "/blobs/" + layer, null));
        assertThat(text(expect(200, berth.get("/v2/" + repository + "/tags/list"))))
                .endsWith("[]}");
    }

    @Test
    void aTagIsDeletedAlone() {
        Digest digest = berth.manifest(repository, "v1", berth.image(repository, SMALL));
        expect(202, berth.send("DELETE", "/v2/" + repository + "/manifests/v1", null));
        expect(404, berth.get("/v2/" + repository + "/manifests/v1"));
        expect(200, berth.get("/v2/" + repository + "/manifests/" + digest));
        expect(404, berth.send("DELETE", "/v2/" + repository + "/manifests/v1", null));
    }

    @Test
    void dockersManifestsAndListsAreTaken() {
        byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
        Digest digest = berth.blob(repository, config);
        byte[] manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.DOCKER_MANIFEST + "\",\"config\":"
                        + descriptor("application/vnd.docker.container.image.v1+json", digest, 2) + ",\"layers\":[]}")
                .getBytes(StandardCharsets.UTF_8);
        Digest child = Digest.of(Digest.Algorithm.SHA256, manifest);
        expect(201, berth.put(repository, "v1", manifest, "Content-Type", MediaType.DOCKER_MANIFEST));
        byte[] list = ("{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.DOCKER_MANIFEST_LIST + "\",\"manifests\":["
                        + descriptor(MediaType.DOCKER_MANIFEST, child, manifest.length) + "]}")
                .getBytes(StandardCharsets.UTF_8);
        expect(201, berth.put(repository, "list", list, "Content-Type", MediaType.DOCKER_MANIFEST_LIST));
        assertThat(header(berth.get("/v2/" + repository + "/manifests/list"), "Content-Type"))
                .isEqualTo(MediaType.DOCKER_MANIFEST_LIST);
    }

    @Test
    void aNameOfOneSegmentIsInTheProjectLibrary() {
        berth.manifest("alpine" + number, "v1", berth.image("alpine" + number, SMALL));
        expect(200, berth.get("/v2/library/alpine" + number + "/manifests/v1"));
        assertThat(text(berth.get("/v2/alpine" + number + "/tags/list"))).contains("library/alpine" + number);
    }
}
