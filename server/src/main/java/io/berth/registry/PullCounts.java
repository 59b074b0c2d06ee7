package io.berth.registry;

import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often repositories were pulled, and when their manifests and tags were the last time. Pulls are added up in memory, and
 * written some seconds later in one statement for each repository, manifest and tag that was touched: a row that every pull
 * of a busy image writes would make them wait for each other. A crash loses some seconds of them. Thread-safe.
 */
final class PullCounts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PullCounts.class);
    private static final int EVERY_SECONDS = 5;
    private static final int BATCH = 500;

    /** So many different things are remembered; what comes then waits for nobody, and is not counted. */
    private static final int MOST = 50_000;

    /** What was pulled; without a tag where it was asked for by its digest. */
    private record Pulled(String repository, String digest, String tag) {}

    private record Seen(long times, long last) {
        Seen and(Seen other) {
            return new Seen(times + other.times, Math.max(last, other.last));
        }
    }

    private final ConcurrentHashMap<Pulled, Seen> waiting = new ConcurrentHashMap<>();
    private final Database database;
    private final Clock clock;
    private final int most;
    private ScheduledExecutorService executor;

    PullCounts(Database database, Clock clock) {
        this(database, clock, MOST);
    }

    PullCounts(Database database, Clock clock, int most) {
        this.database = database;
        this.clock = clock;
        this.most = most;
    }

    /** Writes by itself from now on. */
    void start() {
        executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("pull-counts").daemon().factory());
        var unused = executor.scheduleWithFixedDelay(this::tryToWrite, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
    }

    /** Takes no time. */
    void pulled(RepositoryName repository, Reference reference, String digest) {
        var pulled = new Pulled(repository.value(), digest, reference instanceof Tag tag ? tag.name() : null);
        if (waiting.size() < most || waiting.containsKey(pulled)) {
            waiting.merge(pulled, new Seen(1, clock.millis()), Seen::and);
        }
    }

    private void tryToWrite() {
        try {
            write();
        } catch (RuntimeException | Error e) { // thrown out of here it would end the schedule
            LOG.warn("pulls could not be counted, which is tried again: {}", e.toString());
        }
    }

    /** Writes what was pulled until now. */
    void write() {
        List<Pulled> all = new ArrayList<>(waiting.keySet());
        for (int at = 0; at < all.size(); at += BATCH) {
            Map<Pulled, Seen> batch = new HashMap<>();
            for (Pulled one : all.subList(at, Math.min(all.size(), at + BATCH))) {
                Seen seen = waiting.remove(one);
                if (seen != null) { // the last writer of all can meet one that was given up
                    batch.put(one, seen);
                }
            }
            CompletableFuture<Void> written = database.writeLater(tx -> {
                write(tx, batch);
                return null;
            });
            try {
                written.join();
            } catch (RuntimeException e) {
                batch.forEach((one, seen) -> waiting.merge(one, seen, Seen::and));
                throw e;
            }
        }
    }

    // In one order, so that nobody who does the same waits for this in a circle.
    private static void write(Tx tx, Map<Pulled, Seen> batch) {
        Map<String, Seen> repositories = new TreeMap<>();
        Map<List<String>, Seen> manifests = new HashMap<>();
        batch.forEach((pulled, seen) -> {
            repositories.merge(pulled.repository(), seen, Seen::and);
            manifests.merge(List.of(pulled.repository(), pulled.digest()), seen, Seen::and);
        });
        PullCountDao dao = tx.dao(PullCountDao.class);
        repositories.forEach((name, seen) -> dao.repository(name, seen.times()));
        manifests.forEach((key, seen) -> dao.manifest(key.get(0), key.get(1), seen.last()));
        batch.forEach((pulled, seen) -> {
            if (pulled.tag() != null) {
                dao.tag(pulled.repository(), pulled.tag(), pulled.digest(), seen.last());
            }
        });
    }

    /** Writes what is left. */
    @Override
    public void close() {
        if (executor != null) {
            executor.shutdown();
            try {
                if (!executor.awaitTermination(10, TimeUnit.SECONDS)) {
                    executor.shutdownNow();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        tryToWrite();
    }
}
