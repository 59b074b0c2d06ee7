package io.berth.registry;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.util.function.LongSupplier;

/** Refuses uploads before the disk is full, so that deletes and metadata still have room. Thread-safe. */
public final class FreeSpace {
    private static final long REMEMBER_NANOS = 500_000_000;

    private final BlobStore store;
    private final long minimum;
    private final LongSupplier nanoTime;
    private volatile long checkedAt;
    private volatile long usable = Long.MAX_VALUE;

    /** @param minimum bytes that must stay free */
    public FreeSpace(BlobStore store, long minimum, LongSupplier nanoTime) {
        this.store = store;
        this.minimum = minimum;
        this.nanoTime = nanoTime;
        this.checkedAt = nanoTime.getAsLong() - 2 * REMEMBER_NANOS;
    }

    /** What is wrong, or null. */
    public String problem() {
        long now = nanoTime.getAsLong();
        if (now - checkedAt > REMEMBER_NANOS) {
            try {
                usable = store.usableSpace();
            } catch (IOException e) {
                return "the free space of the blob store cannot be read";
            }
            checkedAt = now;
        }
        return usable >= minimum
                ? null
                : "only %d MiB are free, storage.min-free is %d MiB".formatted(usable >> 20, minimum >> 20);
    }

    /** @throws OciException {@code STORAGE_FULL} */
    void require() {
        String problem = problem();
        if (problem != null) {
            throw new OciException(ErrorCode.STORAGE_FULL, "uploads are refused: " + problem);
        }
    }
}
