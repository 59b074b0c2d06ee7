package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * So many bytes of bodies in memory at once; whoever finds no room waits.
 *
 * <p>Room is taken as bytes arrive: a client that sends nothing holds nothing, whatever it has announced. What is larger
 * than {@value #SMALL} bytes has three quarters of the room to itself, and every body has to be whole in {@link #LONGEST}, so
 * that clients which send much slowly are in the way of each other alone, and for a while. When such bodies hold
 * all of it and each waits for more, one of them at a time gets more than there is, so that they come to an end.
 *
 * <p>Thread-safe.
 */
public final class ByteLimiter {
    /** How long a body may take. */
    static final Duration LONGEST = Duration.ofMinutes(5);

    private static final int SMALL = 64 << 10;
    private static final int FIRST = 4 << 10;

    private final Pool small;
    private final Pool large;
    private final Duration patience;
    private final LongSupplier nanoTime;

    /** @param bytes three quarters of it are at least as much as the largest body */
    public ByteLimiter(long bytes, Duration patience, LongSupplier nanoTime) {
        int kibibytes = Math.toIntExact(bytes >> 10);
        this.large = new Pool(kibibytes * 3L / 4);
        this.small = new Pool(kibibytes - kibibytes * 3L / 4);
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    /** Room for one body; it has none until something arrives. */
    public Room room() {
        return new Room();
    }

    /** Kibibytes, of which one body at a time may hold more than there are. */
    private static final class Pool {
        private final int total;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition released = lock.newCondition();
        private int free;
        private volatile Room overdrawn;

        Pool(long total) {
            this.total = (int) total;
            this.free = this.total;
        }

        /**
         * Takes {@code more} for whom holds {@code room.held}, or lets it go on without.
         *
         * @return false when there was no room for so long
         */
        boolean take(Room room, int more, long nanos) {
            lock.lock();
            try {
                long left = nanos;
                while (free < more) {
                    // Whoever has some and waits for more may wait for others who do the same.
                    if (room.held > 0 && overdrawn == null) {
                        overdrawn = room;
                        return true;
                    }
                    if (left <= 0) {
                        return false;
                    }
                    left = released.awaitNanos(left);
                }
                free -= more;
                room.held += more;
                return true;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            } finally {
                lock.unlock();
            }
        }

        void giveBack(Room room) {
            lock.lock();
            try {
                free += room.held;
                room.held = 0;
                if (overdrawn == room) {
                    overdrawn = null;
                }
                released.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** A body, piece by piece; null at its end. */
    @FunctionalInterface
    public interface Pieces {
        ByteBuffer next() throws IOException;
    }

    /** What one body holds. For one thread. */
    public final class Room implements AutoCloseable {
        private final long began = nanoTime.getAsLong();
        private Pool pool = small;
        private int held;

        private Room() {}

        /**
         * Reads a body.
         *
         * @param announced bytes, -1 when that is not known
         * @param limit bytes
         * @param tooLarge what is thrown when there are more
         * @throws OciException {@code UNAVAILABLE} when there was no room for long, or the body took too long
         */
        public byte[] read(Pieces body, long announced, int limit, Supplier<? extends RuntimeException> tooLarge)
                throws IOException {
            int most = announced < 0 ? limit : (int) Math.min(announced, limit);
            byte[] content = new byte[0];
            int size = 0;
            for (ByteBuffer piece = body.next(); piece != null; piece = body.next()) {
                int after = size + piece.remaining();
                if (after > most) {
                    throw tooLarge.get();
                }
                if (nanoTime.getAsLong() - began > LONGEST.toNanos()) {
                    throw new OciException(ErrorCode.UNAVAILABLE, 408, "the body has taken too long to arrive");
                }
                if (after > content.length) {
                    int largest = after <= SMALL ? Math.min(SMALL, most) : most;
                    int capacity = Math.clamp(Math.max(FIRST, content.length * 4L), after, largest);
                    grow(capacity);
                    content = Arrays.copyOf(content, capacity);
                }
                piece.get(content, size, after - size);
                size = after;
            }
            return size == content.length ? content : Arrays.copyOf(content, size);
        }

        private void grow(int bytes) {
            Pool needed = bytes > SMALL ? large : small;
            if (needed != pool) {
                close();
                pool = needed;
            }
            int permits = Math.min(pool.total, (bytes >> 10) + 1);
            if (pool.overdrawn != this && !pool.take(this, permits - held, patience.toNanos())) {
                throw new OciException(ErrorCode.UNAVAILABLE, "too many large requests at once, try again")
                        .header("Retry-After", "1");
            }
        }

        /** Gives the room back. */
        @Override
        public void close() {
            pool.giveBack(this);
        }
    }
}
