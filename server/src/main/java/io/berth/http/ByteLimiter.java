package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** So many bytes of bodies in memory at once; whoever finds no room waits. Thread-safe. */
public final class ByteLimiter {
    private final int total;
    private final Duration patience;
    private final Semaphore kibibytes;

    /** @param bytes at least as much as the largest body */
    public ByteLimiter(long bytes, Duration patience) {
        this.total = Math.toIntExact(bytes >> 10);
        this.patience = patience;
        this.kibibytes = new Semaphore(total, true);
    }

    /** @throws OciException {@code UNAVAILABLE} when there was no room for long */
    public void acquire(long bytes) {
        try {
            if (!kibibytes.tryAcquire(permits(bytes), patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new OciException(ErrorCode.UNAVAILABLE, "too many large requests at once, try again")
                        .header("Retry-After", "1");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public void release(long bytes) {
        kibibytes.release(permits(bytes));
    }

    private int permits(long bytes) {
        return (int) Math.min(total, (bytes >> 10) + 1);
    }
}
