package io.berth.http;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * So many requests a second for each key, with bursts of twice as many: a token bucket.
 *
 * <p>Thread-safe. Remembers the keys of the last minutes only, and no more than 100,000.
 */
public final class RateLimiter {
    private final double perNano;
    private final double burst;
    private final LongSupplier nanoTime;
    private final Cache<String, Bucket> buckets = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterAccess(Duration.ofMinutes(2))
            .build();

    private static final class Bucket {
        private double tokens;
        private long at;

        private Bucket(double tokens, long at) {
            this.tokens = tokens;
            this.at = at;
        }
    }

    /** @param perSecond requests a second, 0 for no limit */
    public RateLimiter(int perSecond, LongSupplier nanoTime) {
        this.perNano = perSecond / 1e9;
        this.burst = 2.0 * perSecond;
        this.nanoTime = nanoTime;
    }

    /**
     * Takes the request out of the bucket of who asks, or of their address where nobody has said.
     *
     * @throws OciException {@code TOO_MANY_REQUESTS} when it is empty
     */
    public void require(Exchange exchange, Principal principal) {
        if (perNano > 0 && !allow(principal.isAnonymous() ? exchange.client() : principal.identity())) {
            throw new OciException(ErrorCode.TOO_MANY_REQUESTS, "too many requests").header("Retry-After", "1");
        }
    }

    /** Takes one request out of {@code key}'s bucket; false when it is empty. */
    boolean allow(String key) {
        if (perNano == 0) {
            return true;
        }
        long now = nanoTime.getAsLong();
        Bucket bucket = buckets.get(key, unused -> new Bucket(burst, now));
        synchronized (bucket) {
            // Whoever read the clock earlier may come later: time that has been given is not given again.
            long passed = Math.max(0, now - bucket.at);
            bucket.tokens = Math.min(burst, bucket.tokens + passed * perNano);
            bucket.at += passed;
            if (bucket.tokens < 1) {
                return false;
            }
            bucket.tokens--;
            return true;
        }
    }
}
