package io.berth;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs what has to be done every minute, on a thread of its own. */
final class Maintenance implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Maintenance.class);
    private static final long SECONDS = 60;

    private final ScheduledExecutorService executor;

    Maintenance(Runnable work) {
        executor = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("maintenance").daemon().factory());
        var unused = executor.scheduleWithFixedDelay(() -> run(work), 5, SECONDS, TimeUnit.SECONDS);
    }

    private static void run(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            LOG.error("maintenance failed and is tried again in {} s", SECONDS, e);
        }
    }

    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(10, TimeUnit.SECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
