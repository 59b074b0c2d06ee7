package io.berth.registry;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * Refuses uploads before a disk is full, so that deletes and metadata still have room. Blobs and the database may lie on
 * disks of their own, and an upload needs both. Thread-safe.
 */
public final class FreeSpace {
    private static final long REMEMBER_NANOS = 500_000_000;

    /** A disk. */
    public interface Disk {
        /** Bytes that are free. */
        long usable() throws IOException;
    }

    private final Map<String, Disk> disks;
    private final long minimum;
    private final LongSupplier nanoTime;
    private volatile long checkedAt;
    private volatile String problem;

    /**
     * @param disks by what lies on them
     * @param minimum bytes that must stay free on each
     */
    public FreeSpace(Map<String, Disk> disks, long minimum, LongSupplier nanoTime) {
        this.disks = new LinkedHashMap<>(disks);
        this.minimum = minimum;
        this.nanoTime = nanoTime;
        this.checkedAt = nanoTime.getAsLong() - 2 * REMEMBER_NANOS;
    }

    /** What is wrong, or null. */
    public String problem() {
        long now = nanoTime.getAsLong();
        if (now - checkedAt > REMEMBER_NANOS) {
            problem = disks.entrySet().stream()
                    .map(disk -> problem(disk.getKey(), disk.getValue()))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
            checkedAt = now;
        }
        return problem;
    }

    private String problem(String what, Disk disk) {
        try {
            long usable = disk.usable();
            return usable >= minimum
                    ? null
                    : "only %d MiB are free for %s, storage.min-free is %d MiB"
                            .formatted(usable >> 20, what, minimum >> 20);
        } catch (IOException e) {
            return "the free space for " + what + " cannot be read";
        }
    }

    /** @throws OciException {@code STORAGE_FULL} */
    void require() {
        String wrong = problem();
        if (wrong != null) {
            throw new OciException(ErrorCode.STORAGE_FULL, "uploads are refused: " + wrong);
        }
    }
}
