package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AccessLogTest {
    private static final int MANY = 20_000;

    /** A terminal that somebody has stopped, until they let it go on. */
    private static final class Stopped extends OutputStream {
        private final CountDownLatch stopped = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public void write(int b) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            stopped.countDown();
            await(goOn);
            taken.write(bytes, from, length);
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        long lines() {
            return taken.toString(StandardCharsets.UTF_8).lines().count();
        }
    }

    private static AccessLog.Entry entry(int number) {
        return new AccessLog.Entry(
                0, "127.0.0.1", "admin", "GET", "/v2/" + number, 200, 0, 2, 100, "ping", "id-" + number, "test");
    }

    @Test
    void requestsNeverWaitForAnOutputThatTakesNothingAndLostLinesAreCounted() {
        var out = new Stopped();
        var log = new AccessLog(out, false);
        log.add(entry(0));
        Stopped.await(out.stopped); // its thread hangs in the first line
        for (int i = 1; i < MANY; i++) {
            log.add(entry(i)); // were it to wait here, this test would never end
        }
        long dropped = log.dropped();
        assertThat(dropped).isPositive().isLessThan(MANY);
        out.goOn.countDown();
        log.close();
        assertThat(out.lines()).isEqualTo(MANY - dropped);
        // Of those that came first nothing is lost.
        assertThat(out.taken.toString(StandardCharsets.UTF_8)).contains("/v2/0\"", "/v2/1000\"", "/v2/16000\"");
        log.add(entry(MANY));
        assertThat(log.dropped()).isEqualTo(dropped + 1);
    }
}
