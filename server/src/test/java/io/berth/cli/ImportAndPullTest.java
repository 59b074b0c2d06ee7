package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.berth.Berth;
import io.berth.config.ConfigLoader;
import io.berth.identity.TestIdentity;
import io.berth.oci.Digest;
import io.berth.registry.TreeOfImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The import as its user sees it: another registry's files in, every image out again by the API. */
class ImportAndPullTest {
    private static final Path REGISTRY = Path.of("/usr/bin/docker-registry");
    private static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

    @TempDir
    Path directory;

    private final Random random = new Random(17);
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpResponse<byte[]> send(String method, URI uri, byte[] body, String... headers) {
        try {
            var request = HttpRequest.newBuilder(uri)
                    .method(
                            method,
                            body == null
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(body));
            if (headers.length > 0) {
                request.headers(headers);
            }
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(method + " " + uri, e);
        }
    }

    private Path data() {
        return directory.resolve("data");
    }

    private CommandLineRun berth(String... arguments) throws Exception {
        return CommandLineRun.of(directory, "", arguments);
    }

    /** What was pushed: paths below /v2/ and their bytes. */
    private final Map<String, byte[]> pushed = new LinkedHashMap<>();

    private final class Peer implements AutoCloseable {
        private final Process process;
        private final String url;

        Peer(Path root) throws Exception {
            int port;
            try (var probe = new ServerSocket(0)) {
                port = probe.getLocalPort();
            }
            url = "http://127.0.0.1:" + port;
            Path config = Files.writeString(directory.resolve("registry.yml"), """
                    version: 0.1
                    log: {level: error}
                    storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
                    http: {addr: "127.0.0.1:%d"}
                    """.formatted(root, port));
            process = new ProcessBuilder(REGISTRY.toString(), "serve", config.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("registry.log").toFile())
                    .start();
            for (int i = 0; i < 300; i++) {
                try {
                    client.send(
                            HttpRequest.newBuilder(URI.create(url + "/v2/")).build(),
                            HttpResponse.BodyHandlers.discarding());
                    return;
                } catch (IOException e) {
                    Thread.sleep(100);
                }
            }
            throw new AssertionError(Files.readString(directory.resolve("registry.log")));
        }

        Digest blob(String repository, byte[] content) {
            Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
            var opened = send("POST", URI.create(url + "/v2/" + repository + "/blobs/uploads/"), null);
            String location = opened.headers().firstValue("Location").orElseThrow();
            var put = send(
                    "PUT",
                    URI.create(url).resolve(location + (location.contains("?") ? "&" : "?") + "digest=" + digest),
                    content,
                    "Content-Type",
                    "application/octet-stream");
            assertThat(put.statusCode()).isEqualTo(201);
            pushed.put(repository + "/blobs/" + digest, content);
            return digest;
        }

        Digest manifest(String repository, String reference, String type, String document) {
            byte[] content = document.getBytes(StandardCharsets.UTF_8);
            Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
            var put = send(
                    "PUT",
                    URI.create(url + "/v2/" + repository + "/manifests/" + (reference == null ? digest : reference)),
                    content,
                    "Content-Type",
                    type);
            assertThat(put.statusCode())
                    .as(new String(put.body(), StandardCharsets.UTF_8))
                    .isEqualTo(201);
            pushed.put(repository + "/manifests/" + digest, content);
            if (reference != null) {
                pushed.put(repository + "/manifests/" + reference, content);
            }
            return digest;
        }

        Digest image(String repository, String tag, String type, int... layers) {
            var descriptors = new StringBuilder();
            for (int size : layers) {
                byte[] layer = new byte[size];
                random.nextBytes(layer);
                descriptors
                        .append(descriptors.isEmpty() ? "" : ",")
                        .append(TreeOfImages.descriptor(
                                "application/vnd.docker.image.rootfs.diff.tar.gzip", blob(repository, layer), size));
            }
            byte[] config =
                    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
                            .getBytes(StandardCharsets.UTF_8);
            return manifest(
                    repository,
                    tag,
                    type,
                    "{\"schemaVersion\":2,\"mediaType\":\"" + type + "\",\"config\":"
                            + TreeOfImages.descriptor(
                                    "application/vnd.docker.container.image.v1+json",
                                    blob(repository, config),
                                    config.length)
                            + ",\"layers\":[" + descriptors + "]}");
        }

        @Override
        public void close() throws Exception {
            process.destroy();
            process.waitFor(10, TimeUnit.SECONDS);
            process.destroyForcibly();
        }
    }

    private void assertThatEverythingPulls() throws Exception {
        try (var berth = new Berth(
                new ConfigLoader()
                        .set("data", data().toString(), "test")
                        .set("server.port", "0", "test")
                        .set("log.access", "false", "test")
                        .set("admin.password", "correct horse", "test")
                        .load(),
                Clock.systemUTC(),
                new SecureRandom())) {
            String url = "http://127.0.0.1:" + berth.port() + "/v2/";
            String admin = TestIdentity.basic("admin", "correct horse");
            pushed.forEach((path, content) -> {
                var got = send("GET", URI.create(url + path), null, "Authorization", admin);
                assertThat(got.statusCode()).as(path).isEqualTo(200);
                assertThat(got.body()).as(path).isEqualTo(content);
            });
        }
    }

    @Test
    void everyImageOfARealRegistryPullsBitForBit() throws Exception {
        assumeTrue(Files.isExecutable(REGISTRY), "Debian's docker-registry is not installed");
        Path root = directory.resolve("registry");
        try (var peer = new Peer(root)) {
            peer.image("alpine", "3.20", DOCKER_MANIFEST, 3_000_000, 20);
            Digest amd64 = peer.image("team/deep/app", "v1", OCI_MANIFEST, 200_000);
            Digest arm64 = peer.image("team/deep/app", null, OCI_MANIFEST, 150_000, 16_384, 16_385);
            peer.manifest(
                    "team/deep/app",
                    "multi",
                    OCI_INDEX,
                    "{\"schemaVersion\":2,\"mediaType\":\"" + OCI_INDEX + "\",\"manifests\":["
                            + TreeOfImages.descriptor(
                                    OCI_MANIFEST, amd64, pushed.get("team/deep/app/manifests/" + amd64).length)
                            + ","
                            + TreeOfImages.descriptor(
                                    OCI_MANIFEST, arm64, pushed.get("team/deep/app/manifests/" + arm64).length)
                            + "]}");
            // Moved tags and deleted manifests leave their own traces in the tree.
            peer.image("team/moved", "latest", DOCKER_MANIFEST, 1000);
            peer.image("team/moved", "latest", DOCKER_MANIFEST, 2000);
            Digest deleted = peer.image("team/moved", null, DOCKER_MANIFEST, 3000);
            var delete = send("DELETE", URI.create(peer.url + "/v2/team/moved/manifests/" + deleted), null);
            assertThat(delete.statusCode()).isEqualTo(202);
            pushed.remove("team/moved/manifests/" + deleted);
        }
        CommandLineRun run = berth("import", "--data", data().toString(), root.toString());
        assertThat(run.code()).as(run.out() + run.err()).isZero();
        assertThat(run.out()).contains("imported from 3 repositories");
        CommandLineRun fsck = berth("fsck", "--data", data().toString());
        assertThat(fsck.code()).as(fsck.out() + fsck.err()).isZero();
        assertThat(fsck.out()).contains("sound: 0 damaged, 0 warnings");
        assertThatEverythingPulls();
    }

    private long objects() throws IOException {
        Path objects = data().resolve("blobs/sha256");
        if (!Files.exists(objects)) {
            return 0;
        }
        try (var files = Files.walk(objects)) {
            return files.filter(file -> file.getFileName().toString().indexOf('.') > 0)
                    .count();
        } catch (UncheckedIOException e) {
            return 0; // the import has just moved something away
        }
    }

    @Test
    @Timeout(240) // a dozen starts of a JVM, on a machine that may be busy
    void anImportThatIsKilledAgainAndAgainEndsWhole() throws Exception {
        Path root = directory.resolve("registry");
        var tree = new TreeOfImages(root);
        for (int i = 0; i < 40; i++) {
            String repository = "team/app" + i % 4;
            var image = tree.image(repository, 40_000 + i, 100 + i, 400_000 + i);
            tree.tag(repository, "v" + i, image.manifest());
            for (Digest layer : image.layers()) {
                pushed.put(repository + "/blobs/" + layer, Files.readAllBytes(tree.blobFile(layer)));
            }
            pushed.put(repository + "/manifests/v" + i, Files.readAllBytes(tree.blobFile(image.manifest())));
        }
        int kills = 0;
        while (true) {
            long before = objects();
            Process process =
                    CommandLineRun.start(directory, "import", "--move", "--data", data().toString(), root.toString());
            // A few objects further, so that the kill strikes the work and not the start of the JVM.
            long until = before + 1 + random.nextInt(6);
            while (kills < 12 && process.isAlive() && objects() < until) {
                Thread.sleep(1);
            }
            if (kills < 12 && process.isAlive()) {
                Thread.sleep(random.nextInt(12));
                process.destroyForcibly().waitFor(); // SIGKILL
                kills++;
                continue;
            }
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(directory.resolve("out")) + Files.readString(directory.resolve("err")))
                    .isZero();
            break;
        }
        assertThat(kills).isGreaterThan(5);
        CommandLineRun fsck = berth("fsck", "--data", data().toString());
        assertThat(fsck.code()).as(fsck.out() + fsck.err()).isZero();
        assertThat(fsck.out()).contains("sound: 0 damaged, 0 warnings", "40 tags");
        assertThat(data().resolve("blobs/uploads")).isEmptyDirectory();
        assertThatEverythingPulls();
    }

    @Test
    void exitCodesTellSoundDamagedAndImpossible() throws Exception {
        Path root = directory.resolve("registry");
        var tree = new TreeOfImages(root);
        var image = tree.image("team/app", "v1");
        byte[] layer = Files.readAllBytes(tree.blobFile(image.layer()));
        Files.write(tree.blobFile(image.layer()), new byte[] {1});
        CommandLineRun none = berth("fsck", "--data", data().toString());
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("there is no Berth in");
        assertThat(data()).doesNotExist();
        CommandLineRun dry = berth("import", "--dry-run", "--data", data().toString(), root.toString());
        assertThat(dry.code()).isEqualTo(1);
        assertThat(data()).doesNotExist();
        CommandLineRun damaged = berth("import", "--data", data().toString(), root.toString());
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out().lines())
                .as("its own lines alone, no log")
                .allMatch(line -> line.startsWith("damage: ") || line.startsWith("imported from"))
                .anyMatch(line -> line.contains(image.layer().hex()));
        assertThat(dry.out()).isEqualTo(damaged.out().replace("imported from", "would import from"));
        Files.write(tree.blobFile(image.layer()), layer);
        assertThat(berth("import", "--data", data().toString(), root.toString()).code())
                .isZero();
        Path object = data().resolve("blobs/sha256/" + image.layer().hex().substring(0, 2));
        try (var files = Files.list(object)) {
            Path file = files.findFirst().orElseThrow();
            Files.delete(file); // which shares its bytes with the tree
            Files.write(file, new byte[layer.length]);
        }
        CommandLineRun checked = berth("fsck", "--output", "json", "--data", data().toString());
        assertThat(checked.code()).isEqualTo(1);
        JsonNode report = new JsonMapper().readTree(checked.out());
        assertThat(report.path("sound").asBoolean(true)).isFalse();
        assertThat(report.path("damaged").asInt()).isEqualTo(1);
        assertThat(report.path("findings").path(0).path("kind").asText()).isEqualTo("damage");
        assertThat(report.path("findings").path(0).path("text").asText())
                .contains(image.layer().hex());
        assertThat(berth(
                                "import",
                                "--data",
                                data().toString(),
                                directory.resolve("nowhere").toString())
                        .code())
                .isEqualTo(2);
        try (var running = new Berth(
                new ConfigLoader()
                        .set("data", data().toString(), "test")
                        .set("server.port", "0", "test")
                        .set("admin.password", "correct horse", "test")
                        .load(),
                Clock.systemUTC(),
                new SecureRandom())) {
            CommandLineRun busy = berth("fsck", "--data", data().toString());
            assertThat(busy.code()).isEqualTo(2);
            assertThat(busy.err()).contains("is in use by another Berth: stop that one");
            assertThat(running.port()).isPositive();
        }
    }
}
