package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private static final long SECOND = 1_000_000_000;

    private final AtomicLong time = new AtomicLong(Long.MAX_VALUE - 3 * SECOND); // nanoTime may be anything, and wraps

    private int taken(RateLimiter limiter, String key) {
        int taken = 0;
        while (taken < 1000 && limiter.allow(key)) {
            taken++;
        }
        return taken;
    }

    @Test
    void aBurstIsTwiceTheRateAndThenItIsTheRate() {
        var limiter = new RateLimiter(10, time::get);
        assertThat(taken(limiter, "a")).isEqualTo(20);
        time.addAndGet(SECOND);
        assertThat(taken(limiter, "a")).isEqualTo(10);
        time.addAndGet(SECOND / 10);
        assertThat(taken(limiter, "a")).isEqualTo(1);
        time.addAndGet(100 * SECOND);
        assertThat(taken(limiter, "a")).isEqualTo(20);
    }

    @Test
    void nobodyPaysForAnother() {
        var limiter = new RateLimiter(1, time::get);
        assertThat(taken(limiter, "a")).isEqualTo(2);
        assertThat(taken(limiter, "b")).isEqualTo(2);
        assertThat(limiter.allow("a")).isFalse();
    }

    @Test
    void zeroIsNoLimit() {
        assertThat(taken(new RateLimiter(0, time::get), "a")).isEqualTo(1000);
    }

    @Property
    void noMoreThanTheBurstAndTheRateIsAllowed(
            @ForAll @IntRange(min = 1, max = 100) int rate,
            @ForAll @Size(max = 50) List<@IntRange(max = 2_000) Integer> pauses) {
        var now = new AtomicLong();
        var limiter = new RateLimiter(rate, now::get);
        int allowed = 0;
        for (int millis : pauses) {
            now.addAndGet(millis * 1_000_000L);
            for (int i = 0; i < 30; i++) {
                allowed += limiter.allow("a") ? 1 : 0;
            }
        }
        assertThat(allowed).isLessThanOrEqualTo((int) Math.ceil(2.0 * rate + now.get() / 1e9 * rate + 1e-6));
    }

    // Two requests read the clock one after the other, and come to the bucket in the opposite order.
    @Test
    void aRequestThatReadTheClockEarlierGivesNoTimeTwice() {
        var limiter = new RateLimiter(10, time::get);
        taken(limiter, "a");
        long start = time.get();
        for (int i = 0; i < 1000; i++) {
            time.set(start + SECOND / 20);
            assertThat(limiter.allow("a")).isFalse();
            time.set(start);
            assertThat(limiter.allow("a")).isFalse();
        }
    }

    @Test
    void manyAtOnceGetNoMoreThanOneAfterTheOther() throws InterruptedException {
        var limiter = new RateLimiter(50, time::get);
        var allowed = new AtomicInteger();
        var start = new CountDownLatch(1);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    start.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                for (int n = 0; n < 100; n++) {
                    if (limiter.allow("a")) {
                        allowed.incrementAndGet();
                    }
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(allowed).hasValue(100);
    }
}
