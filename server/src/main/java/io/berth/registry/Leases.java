package io.berth.registry;

import java.time.Clock;
import java.time.Duration;

/**
 * How long a positive answer about a blob or manifest holds. Whoever may push and was told that something exists may rely
 * on it until its lease ends, which is after the end of any upload that began meanwhile.
 */
final class Leases {
    private final Clock clock;
    private final long millis;

    Leases(Clock clock, Duration uploadExpiry) {
        this.clock = clock;
        this.millis = Math.max(Duration.ofHours(48).toMillis(), 2 * uploadExpiry.toMillis());
    }

    /** The end of a lease taken at {@code now}. */
    long from(long now) {
        return now + millis;
    }

    /** Whether a lease until {@code until} need not be renewed yet: half of it is left. */
    boolean fresh(long until) {
        return until - clock.millis() > millis / 2;
    }
}
