package io.berth.registry;

import java.time.Clock;
import java.time.Duration;

/**
 * How long a positive answer about a blob or manifest holds. Whoever may push and was told that something exists may rely
 * on it for longer than any upload takes that began before.
 */
final class Leases {
    private final Clock clock;
    private final long promised;

    /** @param uploadExpiry how long an upload may lie idle */
    Leases(Clock clock, Duration uploadExpiry) {
        this.clock = clock;
        this.promised = longestUpload(uploadExpiry).toMillis();
    }

    /** How long an upload may take, however busy it is: no lease could outlive one that never ends. */
    static Duration longestUpload(Duration uploadExpiry) {
        return Duration.ofMillis(Math.max(Duration.ofHours(48).toMillis(), 2 * uploadExpiry.toMillis()));
    }

    /** The end of a lease taken at {@code now}. */
    long from(long now) {
        return now + promised + promised / 2;
    }

    /** Whether a lease until {@code until} need not be renewed yet: it outlives an upload that begins now. */
    boolean fresh(long until) {
        return until - clock.millis() > promised;
    }
}
