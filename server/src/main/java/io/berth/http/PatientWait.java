package io.berth.http;

import io.vertx.core.Future;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Waits for a client to take what was written. That may last as long as it likes while it takes something, however little;
 * a client that takes nothing is given up. For one virtual thread.
 */
final class PatientWait {
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Supplier<Optional<SendingProgress>> progress;
    private final BooleanSupplier contended;
    private final long patience;

    /**
     * @param progress where the answer is
     * @param contended whether others wait for what this client holds, and a stall is therefore {@link BufferPool#STALL}
     * @param patience how long a client may take nothing otherwise
     */
    PatientWait(Supplier<Optional<SendingProgress>> progress, BooleanSupplier contended, Duration patience) {
        this.progress = progress;
        this.contended = contended;
        this.patience = patience.toMillis();
    }

    /** @throws IOException when the write failed, or the client takes nothing */
    void await(Future<Void> write) throws IOException {
        if (!write.isComplete()) {
            var done = new CountDownLatch(1);
            write.onComplete(result -> done.countDown());
            try {
                awaitProgress(done);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        if (write.failed()) {
            throw new IOException("the client went away", write.cause());
        }
    }

    private void awaitProgress(CountDownLatch done) throws IOException, InterruptedException {
        long step = Math.clamp(patience / 4, 1, LOOK.toMillis());
        long still = 0;
        Optional<SendingProgress> before = Optional.empty();
        while (!done.await(step, TimeUnit.MILLISECONDS)) {
            Optional<SendingProgress> now = progress.get();
            still = now.equals(before) ? still + step : 0;
            before = now;
            if (still >= patience || still >= BufferPool.STALL.toMillis() && contended.getAsBoolean()) {
                throw new IOException("the client takes nothing");
            }
        }
    }
}
