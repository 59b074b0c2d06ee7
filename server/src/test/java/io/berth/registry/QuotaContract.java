package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.Database;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Quotas under everything that changes what projects hold, at random and at once: at every commit each project is charged
 * exactly for the different blobs and manifests that its repositories link, and none holds more than it may.
 *
 * <p>{@code -Dberth.quota.seed=S} draws the same operations again; what they meet depends on the threads. {@code
 * -Dberth.quota.operations=N} makes it longer.
 */
abstract class QuotaContract {
    private static final long SEED = Long.getLong("berth.quota.seed", System.nanoTime());
    private static final int OPERATIONS = Integer.getInteger("berth.quota.operations", 3_000);
    private static final int THREADS = 8;

    /** What an operation may be answered when others were faster, or when there is no room. */
    private static final List<ErrorCode> REFUSALS = List.of(
            ErrorCode.DENIED,
            ErrorCode.BLOB_UNKNOWN,
            ErrorCode.MANIFEST_UNKNOWN,
            ErrorCode.MANIFEST_BLOB_UNKNOWN,
            ErrorCode.NAME_UNKNOWN,
            ErrorCode.UNSUPPORTED,
            ErrorCode.CONFLICT,
            ErrorCode.PRECONDITION);

    private enum Operation {
        PUSH_BLOB(4),
        PUSH_IMAGE(6),
        PUSH_MANIFEST(4),
        TAG(2),
        MOUNT(5),
        COPY(4),
        DELETE_TAG(2),
        DELETE_MANIFEST(5),
        DELETE_ARTIFACT(3),
        DELETE_BLOB(4),
        DELETE_REPOSITORY(2),
        END_LEASES(2);

        private final int weight;

        Operation(int weight) {
            this.weight = weight;
        }

        static Operation any(Random random) {
            int left = random.nextInt(
                    List.of(values()).stream().mapToInt(one -> one.weight).sum());
            for (Operation operation : values()) {
                left -= operation.weight;
                if (left < 0) {
                    return operation;
                }
            }
            throw new IllegalStateException();
        }
    }

    @TempDir
    Path directory;

    private final Map<Operation, AtomicInteger> done = new EnumMap<>(Operation.class);
    private final Map<ErrorCode, AtomicInteger> refused = new ConcurrentHashMap<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private QuotaWorld world;

    abstract Database database(Path directory);

    @BeforeEach
    void open() throws IOException {
        world = new QuotaWorld(database(directory), directory);
        for (Operation operation : Operation.values()) {
            done.put(operation, new AtomicInteger());
        }
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void whateverHappensAtOnceEachProjectIsChargedForWhatItHoldsAndHoldsWhatItMay() throws InterruptedException {
        var looks = new AtomicInteger();
        var over = new AtomicBoolean();
        Thread watcher = Thread.ofPlatform().start(() -> watch(over, looks));
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < THREADS; i++) {
            var random = new Random(SEED + i);
            int number = i;
            threads.add(Thread.ofPlatform().start(() -> work(number, random)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        over.set(true);
        watcher.join();
        look("at the end");
        assertThat(failures).as(description()).isEmpty();
        // It was all tried, there was a lack of room, and somebody was looking.
        assertThat(done)
                .as(description())
                .allSatisfy((operation, count) ->
                        assertThat(count.get()).as(operation.name()).isPositive());
        assertThat(refused).as(description()).containsKey(ErrorCode.DENIED);
        assertThat(looks.get()).as(description()).isGreaterThan(OPERATIONS / 100);

        world.repositories().forEach(name -> {
            try {
                world.deleteRepository(name);
            } catch (OciException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.NAME_UNKNOWN);
            }
        });
        assertThat(world.counts())
                .as(description())
                .allSatisfy(count -> assertThat(count.used()).isZero());
        assertThat(world.charged()).as(description()).isZero();
    }

    private String description() {
        return "-Dberth.quota.seed=%d, done %s, refused %s".formatted(SEED, done, refused);
    }

    private void watch(AtomicBoolean over, AtomicInteger looks) {
        while (!over.get() && failures.isEmpty()) {
            look("after " + looks.incrementAndGet() + " looks");
        }
    }

    private void look(String when) {
        world.counts().stream().filter(QuotaWorld.Count::isWrong).forEach(count -> failures.add(when + ": " + count));
    }

    private void work(int number, Random random) {
        for (int i = 0; i < OPERATIONS / THREADS && failures.isEmpty(); i++) {
            Operation operation = Operation.any(random);
            try {
                if (run(operation, random)) {
                    done.get(operation).incrementAndGet();
                }
            } catch (OciException e) {
                refused.computeIfAbsent(e.code(), code -> new AtomicInteger()).incrementAndGet();
                if (!REFUSALS.contains(e.code())) {
                    failures.add("thread " + number + ", " + operation + " " + i + ": " + e);
                }
            } catch (RuntimeException e) {
                failures.add("thread " + number + ", " + operation + " " + i + ": " + e + ": " + e.getCause());
            }
        }
    }

    // Draws as often whatever the state of the world is, so that a seed means the same operations each time.
    private boolean run(Operation operation, Random random) {
        RepositoryName in = world.repository(random);
        RepositoryName other = world.repository(random);
        QuotaWorld.Item item = world.item(random);
        byte[] blob = world.blob(random);
        var tag = new Tag("t" + random.nextInt(4));
        boolean coin = random.nextBoolean();
        Reference reference = coin ? tag : item.digest();
        switch (operation) {
            case PUSH_BLOB -> world.pushBlob(in, blob);
            case PUSH_IMAGE -> world.pushImage(in, item, reference);
            case PUSH_MANIFEST -> world.pushManifest(in, item, reference);
            case TAG -> world.tag(in, item, tag);
            case MOUNT -> {
                return world.mount(other, in, blob, coin);
            }
            case COPY -> world.copy(other, in, item, tag);
            case DELETE_TAG -> world.delete(in, tag);
            case DELETE_MANIFEST -> world.delete(in, item.digest());
            case DELETE_ARTIFACT -> world.deleteArtifact(in, item);
            case DELETE_BLOB -> world.deleteBlob(in, blob);
            case DELETE_REPOSITORY -> world.deleteRepository(in);
            case END_LEASES -> world.endLeases(in);
        }
        return true;
    }
}
