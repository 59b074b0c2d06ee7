package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same blob, manifest, tag or upload by several clients at the same moment. */
@Timeout(120)
class ConcurrentPushesTest {
    private static final String REPOSITORY = "race/course";
    private static final int CLIENTS = 12;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.stillServes();
        berth.close();
    }

    private interface Work<T> {
        T run(int client) throws Exception;
    }

    /** Runs {@code work} for each client, all beginning together. */
    private static <T> List<T> together(Work<T> work) throws InterruptedException, ExecutionException {
        var start = new CyclicBarrier(CLIENTS);
        try (var executor = Executors.newFixedThreadPool(CLIENTS)) {
            List<Callable<T>> all = IntStream.range(0, CLIENTS)
                    .mapToObj(client -> (Callable<T>) () -> {
                        start.await();
                        return work.run(client);
                    })
                    .toList();
            var results = new ArrayList<T>();
            for (Future<T> future : executor.invokeAll(all)) {
                results.add(future.get());
            }
            return results;
        }
    }

    @Test
    void theSameBlobPushedAtOnceIsStoredForAll() throws Exception {
        for (int size : List.of(1_000, 200_000)) {
            byte[] content = Content.random(size);
            together(client -> berth.pushBlob(client % 2 == 0 ? REPOSITORY : "race/other" + client, content));
            assertThat(berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(content))
                            .isStatus(200)
                            .body())
                    .isEqualTo(content);
        }
    }

    @Test
    void oneTagAtOnceIsOneOfThePushedManifests() throws Exception {
        var images = new ConcurrentHashMap<String, Content>();
        for (int i = 0; i < CLIENTS; i++) {
            Content image = Content.image(berth, REPOSITORY, Content.random(10));
            images.put(Integer.toString(i), image);
        }
        List<String> pushed =
                together(client -> berth.pushManifest(REPOSITORY, "contested", images.get(Integer.toString(client))));
        String tagged = berth.get("/v2/" + REPOSITORY + "/manifests/contested")
                .isStatus(200)
                .header("Docker-Content-Digest");
        assertThat(pushed).contains(tagged);
        for (Content image : images.values()) {
            assertThat(berth.get("/v2/" + REPOSITORY + "/manifests/" + image.digest())
                            .isStatus(200)
                            .body())
                    .isEqualTo(image.bytes());
        }
    }

    @Test
    void theSameManifestAtOnceIsStoredOnce() throws Exception {
        Content image = Content.image(berth, REPOSITORY, Content.random(10));
        together(client -> berth.pushManifest(REPOSITORY, "same" + client % 3, image));
        for (int i = 0; i < 3; i++) {
            berth.get("/v2/" + REPOSITORY + "/manifests/same" + i)
                    .isStatus(200)
                    .has("Docker-Content-Digest", image.digest());
        }
    }

    @Test
    void onlyOneCreatesATagThatMustNotExist() throws Exception {
        Content image = Content.image(berth, REPOSITORY, Content.random(10));
        List<Integer> statuses = together(client -> berth.call("PUT", "/v2/" + REPOSITORY + "/manifests/created")
                .header("Content-Type", image.type())
                .header("If-None-Match", "*")
                .body(image.bytes())
                .send()
                .status());
        assertThat(statuses.stream().filter(status -> status == 201)).hasSize(1);
        assertThat(statuses.stream().filter(status -> status == 412)).hasSize(CLIENTS - 1);
    }

    @Test
    void ofSeveralWritersToOneUploadOneWinsAndTheOthersGet416() throws Exception {
        byte[] content = Content.random(500_000);
        for (int round = 0; round < 3; round++) {
            String upload = berth.openUpload(REPOSITORY);
            List<Integer> statuses = together(client -> berth.call("PATCH", upload)
                    .header("Content-Range", "0-" + (content.length - 1))
                    .body(content)
                    .send()
                    .status());
            assertThat(statuses.stream().filter(status -> status == 202)).hasSize(1);
            assertThat(statuses.stream().filter(status -> status == 416)).hasSize(CLIENTS - 1);
            List<Integer> closings = together(client -> berth.call("PUT", upload + "?digest=" + Content.sha256(content))
                    .send()
                    .status());
            assertThat(closings.stream().filter(status -> status == 201)).hasSize(1);
            assertThat(closings).allMatch(status -> status == 201 || status == 404 || status == 416);
            assertThat(berth.get("/v2/" + REPOSITORY + "/blobs/" + Content.sha256(content))
                            .body())
                    .isEqualTo(content);
        }
    }

    @Test
    void aPushAndADeleteAtOnceLeaveAWholeImageOrNone() throws Exception {
        for (int round = 0; round < 5; round++) {
            byte[] layer = Content.random(300);
            Content image = Content.image(berth, REPOSITORY, layer);
            String blob = "/v2/" + REPOSITORY + "/blobs/" + Content.sha256(layer);
            List<Integer> statuses = together(client -> client % 2 == 0
                    ? berth.delete(blob).status()
                    : berth.call(
                                    "PUT",
                                    "/v2/" + REPOSITORY + "/manifests/whole"
                                            + image.digest().substring(7, 20))
                            .header("Content-Type", image.type())
                            .body(image.bytes())
                            .send()
                            .status());
            int manifest = berth.get("/v2/" + REPOSITORY + "/manifests/" + image.digest())
                    .status();
            assertThat(statuses.contains(201)).isEqualTo(manifest == 200);
            if (manifest == 200) {
                assertThat(berth.get(blob).isStatus(200).body()).isEqualTo(layer);
            }
        }
    }
}
