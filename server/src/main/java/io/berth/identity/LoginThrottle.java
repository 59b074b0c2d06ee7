package io.berth.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;

/**
 * Slows guessing down: after a few failures each further one doubles how long the same address has to wait before it may
 * try the same name again. It is per name and address, so that nobody can lock somebody out from elsewhere, and per
 * address over all names, more patiently, for those who try one password on many. Thread-safe.
 */
final class LoginThrottle {
    private static final int FREE = 20;
    private static final int FREE_OF_ADDRESS = 200;
    private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);
    private static final Duration REMEMBERED = Duration.ofMinutes(30);

    private record Failures(int count, long openAt) {}

    private final Clock clock;
    private final Cache<String, Failures> failures = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(REMEMBERED)
            .build();

    LoginThrottle(Clock clock) {
        this.clock = clock;
    }

    /** @throws OciException {@code TOO_MANY_REQUESTS}, with the seconds to wait */
    void require(String name, String address) {
        long wait = Math.max(waitOf(key(name, address)), waitOf(address));
        if (wait > 0) {
            throw new OciException(ErrorCode.TOO_MANY_REQUESTS, "too many failed logins, try again later")
                    .header("Retry-After", Long.toString((wait + 999) / 1000));
        }
    }

    private long waitOf(String key) {
        Failures known = failures.getIfPresent(key);
        return known == null ? 0 : known.openAt() - clock.millis();
    }

    void failed(String name, String address) {
        count(key(name, address), FREE);
        count(address, FREE_OF_ADDRESS);
    }

    /** Forgets the failures of the name; those of the address stay. */
    void succeeded(String name, String address) {
        failures.invalidate(key(name, address));
    }

    private void count(String key, int free) {
        failures.asMap().compute(key, (k, known) -> {
            int count = known == null ? 1 : known.count() + 1;
            long wait = count < free
                    ? 0
                    : Math.min(LONGEST_WAIT.toMillis(), FIRST_WAIT.toMillis() << Math.min(20, count - free));
            return new Failures(count, clock.millis() + wait);
        });
    }

    private static String key(String name, String address) {
        return address + " " + name.toLowerCase(Locale.ROOT);
    }
}
