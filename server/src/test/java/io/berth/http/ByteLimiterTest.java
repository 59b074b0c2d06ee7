package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ByteLimiterTest {
    private static final int MIB = 1 << 20;
    private static final int LIMIT = 8 * MIB;

    private final AtomicLong nanos = new AtomicLong();

    private ByteLimiter limiter(Duration patience) {
        return new ByteLimiter(16L * MIB, patience, nanos::get);
    }

    private static byte[] read(ByteLimiter.Room room, ByteLimiter.Pieces pieces, long announced) throws IOException {
        return room.read(pieces, announced, LIMIT, () -> new IllegalStateException("too large"));
    }

    private static ByteLimiter.Pieces pieces(int size, int each) {
        int[] sent = {0};
        return () -> {
            int length = Math.min(each, size - sent[0]);
            if (length == 0) {
                return null;
            }
            byte[] piece = new byte[length];
            for (int i = 0; i < length; i++) {
                piece[i] = (byte) (sent[0] + i);
            }
            sent[0] += length;
            return ByteBuffer.wrap(piece);
        };
    }

    @Test
    void whatArrivesIsReadWholeOfWhateverSize() throws IOException {
        ByteLimiter limiter = limiter(Duration.ZERO);
        for (int size : new int[] {0, 1, 4 << 10, (4 << 10) + 1, 64 << 10, (64 << 10) + 1, 3 * MIB, LIMIT}) {
            for (long announced : new long[] {-1, size}) {
                try (ByteLimiter.Room room = limiter.room()) {
                    byte[] all = read(room, pieces(size, 5000), announced);
                    assertThat(all).hasSize(size);
                    for (int i = 0; i < size; i += 997) {
                        assertThat(all[i]).isEqualTo((byte) i);
                    }
                }
            }
        }
        try (ByteLimiter.Room room = limiter.room()) {
            assertThatThrownBy(() -> read(room, pieces(LIMIT + 1, 5000), -1)).hasMessage("too large");
        }
        // All of it has been given back.
        try (ByteLimiter.Room one = limiter.room()) {
            assertThat(read(one, pieces(LIMIT, MIB), -1)).hasSize(LIMIT);
        }
    }

    @Test
    void smallBodiesHaveRoomThoughLargeOnesHoldAllThatIsTheirs() throws IOException {
        ByteLimiter limiter = limiter(Duration.ZERO);
        var held = new ArrayList<ByteLimiter.Room>();
        for (int i = 0; i < 3; i++) {
            held.add(limiter.room());
            read(held.get(i), pieces(4 * MIB - 2048, MIB), 4 * MIB - 2048);
        }
        try (ByteLimiter.Room large = limiter.room();
                ByteLimiter.Room small = limiter.room()) {
            assertThatThrownBy(() -> read(large, pieces(100_000, 100_000), -1))
                    .isInstanceOfSatisfying(
                            OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
            assertThat(read(small, pieces(60_000, 1_000), -1)).hasSize(60_000);
        }
        held.forEach(ByteLimiter.Room::close);
    }

    @Test
    void whatIsAnnouncedAndNotSentHoldsNothing() throws IOException {
        ByteLimiter limiter = limiter(Duration.ZERO);
        var rooms = new ArrayList<ByteLimiter.Room>();
        for (int i = 0; i < 200; i++) {
            ByteLimiter.Room room = limiter.room();
            rooms.add(room);
            // One byte, and then nothing that would let the next call return.
            assertThatThrownBy(() -> read(room, cutOff(), LIMIT)).isInstanceOf(IOException.class);
        }
        try (ByteLimiter.Room room = limiter.room()) {
            assertThat(read(room, pieces(LIMIT, MIB), LIMIT)).hasSize(LIMIT);
        }
        rooms.forEach(ByteLimiter.Room::close);
    }

    private static ByteLimiter.Pieces cutOff() {
        boolean[] sent = {false};
        return () -> {
            if (sent[0]) {
                throw new IOException("cut off");
            }
            sent[0] = true;
            return ByteBuffer.allocate(1);
        };
    }

    @Test
    void bodiesThatWaitForEachOtherComeToAnEnd() throws Exception {
        ByteLimiter limiter = limiter(Duration.ofSeconds(30));
        int count = 6;
        var halfWay = new CountDownLatch(count);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(threads.submit(() -> {
                    ByteLimiter.Pieces pieces = pieces(LIMIT, MIB);
                    int[] sent = {0};
                    try (ByteLimiter.Room room = limiter.room()) {
                        // Each has its first piece before any goes on.
                        return read(
                                        room,
                                        () -> {
                                            if (sent[0]++ == 1) {
                                                halfWay.countDown();
                                                awaitAll(halfWay);
                                            }
                                            return pieces.next();
                                        },
                                        -1)
                                .length;
                    }
                }));
            }
            for (Future<Integer> one : all) {
                assertThat(one.get()).isEqualTo(LIMIT);
            }
        }
    }

    private static void awaitAll(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aBodyThatTakesTooLongIsGivenUp() {
        ByteLimiter limiter = limiter(Duration.ZERO);
        for (int first : new int[] {100, 60_000, 100_000}) {
            assertThat(slowly(limiter, first))
                    .isInstanceOfSatisfying(
                            OciException.class, e -> assertThat(e.status()).isEqualTo(408));
        }
    }

    private Throwable slowly(ByteLimiter limiter, int first) {
        int[] sent = {0};
        try (ByteLimiter.Room room = limiter.room()) {
            return catchThrowable(() -> read(
                    room,
                    () -> switch (sent[0]++) {
                        case 0 -> ByteBuffer.allocate(first);
                        case 1 -> ByteBuffer.allocate(1);
                        case 2 -> {
                            nanos.addAndGet(ByteLimiter.LONGEST.toNanos() + 1);
                            yield ByteBuffer.allocate(1);
                        }
                        default -> null;
                    },
                    -1));
        }
    }
}
