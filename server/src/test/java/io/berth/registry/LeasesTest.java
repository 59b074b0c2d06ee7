package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.SteppedClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeasesTest {
    private final SteppedClock clock = new SteppedClock(Instant.parse("2026-01-01T00:00:00Z"));

    @ParameterizedTest
    @ValueSource(ints = {1, 24, 30 * 24})
    void aLeaseThatIsNotRenewedOutlivesEveryUploadThatBeginsNow(int expiryHours) {
        Duration expiry = Duration.ofHours(expiryHours);
        Duration longest = Leases.longestUpload(expiry);
        assertThat(longest).isGreaterThan(expiry);
        var leases = new Leases(clock, expiry);
        long until = leases.from(clock.millis());
        int answers = 0;
        while (leases.fresh(until)) {
            assertThat(clock.millis() + longest.toMillis()).isLessThan(until);
            clock.advance(Duration.ofHours(1));
            answers++;
        }
        // For a day at the least nothing is written.
        assertThat(answers).isGreaterThanOrEqualTo(24);
        assertThat(leases.fresh(leases.from(clock.millis()))).isTrue();
        assertThat(leases.fresh(0)).isFalse();
    }
}
