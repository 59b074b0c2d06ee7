package io.berth.audit;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** A thread that does something again and again until it is closed. */
final class Worker implements AutoCloseable {
    private static final long PATIENCE_MILLIS = 30_000;

    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /** @param work returns how many milliseconds to wait before it is run again */
    Worker(String name, LongSupplier work) {
        thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(work));
    }

    void start() {
        thread.start();
    }

    private void run(LongSupplier work) {
        try {
            boolean last;
            do {
                last = isClosing(); // whatever came while it waited is still to be done
                long pause = work.getAsLong();
                var unused = closing.await(last ? 0 : pause, TimeUnit.MILLISECONDS);
            } while (!last);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Lets it end, without waiting for that. */
    void stop() {
        closing.countDown();
    }

    boolean isClosing() {
        return closing.getCount() == 0;
    }

    /** Ends it after a last run of its work, which {@link #isClosing} tells that it is the last. */
    @Override
    public void close() {
        stop();
        try {
            thread.join(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
