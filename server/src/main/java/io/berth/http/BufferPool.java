package io.berth.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that downloads are pumped through: direct buffers of one size, at most so many for all connections together.
 * Whoever finds none waits; a client that holds some and takes nothing is cut off after {@link #STALL} while others wait,
 * so that stalled clients cannot hoard them. See {@link PatientWait}.
 *
 * <p>Thread-safe.
 */
public final class BufferPool {
    /** The size of a buffer in bytes. */
    static final int SIZE = 128 << 10;

    /** How long a client may take nothing while others wait. */
    static final Duration STALL = Duration.ofSeconds(10);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    private final ArrayDeque<ByteBuf> idle = new ArrayDeque<>();
    private final int limit;
    private int made;
    private int waiting;

    /** @param bytes the most memory that it will take, at least one buffer */
    public BufferPool(long bytes) {
        limit = Math.toIntExact(Math.max(1, bytes / SIZE));
    }

    /**
     * A buffer, empty.
     *
     * @throws IOException when none came back within {@code patience}
     */
    ByteBuf take(Duration patience) throws IOException {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (idle.isEmpty() && made == limit) {
                waiting++;
                try {
                    left = returned.awaitNanos(left);
                } finally {
                    waiting--;
                }
                if (left <= 0) {
                    throw new IOException("no buffer was free for " + patience.toSeconds() + " s");
                }
            }
            ByteBuf buffer = idle.poll();
            if (buffer == null) {
                made++;
                buffer = Unpooled.unreleasableBuffer(Unpooled.directBuffer(SIZE, SIZE));
            }
            return buffer.clear();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            lock.unlock();
        }
    }

    /** A buffer when one is free now, else null. */
    ByteBuf tryTake() {
        lock.lock();
        try {
            if (waiting > 0 || idle.isEmpty() && made == limit) {
                return null;
            }
            ByteBuf buffer = idle.poll();
            if (buffer == null) {
                made++;
                buffer = Unpooled.unreleasableBuffer(Unpooled.directBuffer(SIZE, SIZE));
            }
            return buffer.clear();
        } finally {
            lock.unlock();
        }
    }

    void giveBack(ByteBuf buffer) {
        lock.lock();
        try {
            idle.push(buffer);
            returned.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Whether somebody waits for a buffer. */
    boolean contended() {
        lock.lock();
        try {
            return waiting > 0;
        } finally {
            lock.unlock();
        }
    }

    /** The most memory that it will take, in bytes. */
    long limitBytes() {
        return (long) limit * SIZE;
    }

    /** Bytes that are lent out. */
    public long inUse() {
        lock.lock();
        try {
            return (long) (made - idle.size()) * SIZE;
        } finally {
            lock.unlock();
        }
    }
}
