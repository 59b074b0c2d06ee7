package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several clients of which one may win. */
class RacesTest {
    private static final int CLIENTS = 12;
    private static BerthUnderTest berth;

    @BeforeAll
    static void start(@TempDir Path data) {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    /** Runs all at once, from one starting line. */
    private static <T> List<T> together(List<Callable<T>> racers) throws Exception {
        var line = new CyclicBarrier(racers.size());
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> running = racers.stream()
                    .map(racer -> executor.submit(() -> {
                        line.await(30, TimeUnit.SECONDS);
                        return racer.call();
                    }))
                    .toList();
            var results = new ArrayList<T>();
            for (Future<T> one : running) {
                results.add(one.get(60, TimeUnit.SECONDS));
            }
            return results;
        }
    }

    private static List<Answer> clients(java.util.function.IntFunction<Answer> client) throws Exception {
        return together(IntStream.range(0, CLIENTS)
                .<Callable<Answer>>mapToObj(i -> () -> client.apply(i))
                .toList());
    }

    private static Answer put(String path, Content manifest, String... header) {
        BerthUnderTest.Call call = berth.call("PUT", path).header("Content-Type", manifest.type());
        if (header.length > 0) {
            call.header(header[0], header[1]);
        }
        return call.body(manifest.bytes()).send();
    }

    private static List<Content> images(String repository) {
        return IntStream.range(0, CLIENTS)
                .mapToObj(i -> Content.image(berth, repository))
                .toList();
    }

    @Test
    void aTagIsMovedByOneOfThoseThatKnewWhereItWas() throws Exception {
        List<Content> images = images("race/move");
        String etag = "\"" + berth.pushImage("race/move", "moving") + "\"";
        List<Answer> answers = clients(i -> put("/v2/race/move/manifests/moving", images.get(i), "If-Match", etag));
        assertOneWon(answers, images, "/v2/race/move/manifests/moving");
    }

    @Test
    void aTagIsDeletedOnlyWhereItWasKnownToBe() throws Exception {
        String path = "/v2/race/delete/manifests/deleted";
        for (int round = 0; round < 20; round++) {
            String etag = "\"" + berth.pushImage("race/delete", "deleted") + "\"";
            Content moved = Content.image(berth, "race/delete");
            List<Answer> answers = together(List.of(
                    () -> berth.call("DELETE", path).header("If-Match", etag).send(), () -> put(path, moved)));
            // Whichever was first, what was pushed meanwhile is not deleted by who did not know of it.
            answers.get(1).isStatus(201);
            assertThat(answers.getFirst().status()).isIn(202, 412);
            berth.get(path).isStatus(200).has("Docker-Content-Digest", moved.digest());
        }
    }

    private static void assertOneWon(List<Answer> answers, List<Content> images, String path) {
        assertThat(answers).extracting(Answer::status).containsOnly(201, 412).containsOnlyOnce(201);
        int winner = answers.stream().map(Answer::status).toList().indexOf(201);
        assertThat(berth.get(path).isStatus(200).body())
                .isEqualTo(images.get(winner).bytes());
    }

    @Test
    void ofTwoWritersOfAnUploadTheSecondIsTurnedAway() throws IOException {
        byte[] blob = Content.random(100_000);
        String upload = berth.openUpload("race/upload");
        try (var first = berth.raw()) {
            first.head("PATCH " + upload, "Content-Length: 100000", "Expect: 100-continue");
            assertThat(first.read().status()).isEqualTo(100); // it is told to go on only when the upload is its own
            berth.call("PATCH", upload)
                    .body(Content.random(10))
                    .send()
                    .isError(416, "RANGE_INVALID")
                    .has("Location", upload);
            first.send(blob);
            first.read("PATCH").isStatus(202).has("Range", "0-99999");
        }
        berth.call("PUT", upload + "?digest=" + Content.sha256(blob)).send().isStatus(201);
        assertThat(berth.get("/v2/race/upload/blobs/" + Content.sha256(blob))
                        .isStatus(200)
                        .body())
                .isEqualTo(blob);
    }

    @Test
    void anUploadIsFinishedByOneOfThoseThatTry() throws Exception {
        byte[] blob = Content.random(50_000);
        String upload = berth.openUpload("race/finish");
        berth.call("PATCH", upload).body(blob).send().isStatus(202);
        List<Answer> answers = clients(i ->
                berth.call("PUT", upload + "?digest=" + Content.sha256(blob)).send());
        assertThat(answers).extracting(Answer::status).containsOnlyOnce(201).isSubsetOf(List.of(201, 404, 416));
        assertThat(berth.get("/v2/race/finish/blobs/" + Content.sha256(blob))
                        .isStatus(200)
                        .body())
                .isEqualTo(blob);
    }
}
