package io.berth.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A request's body, pulled by a virtual thread. At most {@value #WINDOW} pieces are on their way, so that a fast client
 * and a slow disk do not meet in memory; a single one when all bodies together hold more than their share.
 *
 * <p>Made on the event loop before anything else happens to the request; afterwards for one reader.
 */
public final class RequestBody {
    private static final int WINDOW = 4;

    private final HttpServerRequest request;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<Buffer> pieces = new ArrayDeque<>();
    private boolean ended;
    private Throwable failure;
    private final InboundMemory memory;
    private boolean started;
    private int requested;
    private int held;
    private long count;

    RequestBody(HttpServerRequest request, InboundMemory memory, Duration patience) {
        this.request = request;
        this.memory = memory;
        this.patience = patience;
        request.pause();
        request.handler(piece -> {
            memory.add(piece.length());
            signal(() -> pieces.add(piece));
        });
        request.endHandler(nothing -> signal(() -> ended = true));
        request.exceptionHandler(e -> signal(() -> failure = e));
    }

    private void signal(Runnable change) {
        lock.lock();
        try {
            change.run();
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next piece, valid until the next call, or null at the end.
     *
     * @throws IOException when the client went away or sends nothing for too long
     */
    public ByteBuffer next() throws IOException {
        start();
        Buffer piece;
        lock.lock();
        try {
            release();
            long left = patience.toNanos();
            while (pieces.isEmpty() && !ended && failure == null) {
                left = arrived.awaitNanos(left);
                if (left <= 0) {
                    throw new IOException("the client sent nothing for " + patience.toSeconds() + " s");
                }
            }
            if (failure != null) {
                throw new IOException("the client went away", failure);
            }
            piece = pieces.poll();
            if (piece == null) {
                return null;
            }
            held = piece.length();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            lock.unlock();
        }
        requested--;
        demand();
        count += piece.length();
        return ((BufferInternal) piece).getByteBuf().nioBuffer();
    }

    /**
     * All that is left of it.
     *
     * @param limit bytes
     * @param tooLarge what is thrown when there are more
     */
    public byte[] readAll(int limit, Supplier<? extends RuntimeException> tooLarge) throws IOException {
        var content = new ByteArrayOutputStream();
        for (ByteBuffer piece = next(); piece != null; piece = next()) {
            if (piece.remaining() > limit - content.size()) {
                throw tooLarge.get();
            }
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            content.writeBytes(bytes);
        }
        return content.toByteArray();
    }

    /** Bytes taken so far. */
    public long count() {
        return count;
    }

    private void start() {
        if (!started) {
            started = true;
            if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
                request.response().writeContinue();
            }
            demand();
        }
    }

    private void demand() {
        int window = memory.plenty() ? WINDOW : 1;
        if (requested <= window / 2) {
            int more = window - requested;
            requested += more;
            fetch(more);
        }
    }

    private void fetch(int more) {
        try {
            request.fetch(more);
        } catch (IllegalStateException e) {
            // Over HTTP/2 asking for more is an error once the end has been read; the end handler tells or has told.
        }
    }

    // Under the lock.
    private void release() {
        memory.remove(held);
        held = 0;
    }

    /** Gives up what has arrived and not been taken; nothing is taken afterwards. */
    void close() {
        lock.lock();
        try {
            release();
            pieces.forEach(piece -> memory.remove(piece.length()));
            pieces.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the client has been asked for the body. */
    boolean started() {
        return started;
    }

    /** Whether there is nothing left to come. */
    boolean ended() {
        lock.lock();
        try {
            return ended || failure != null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Reads what is left and throws it away, so that a client that is still sending sees the answer and not a reset. One
     * that sends more than {@code limit} bytes or for more than {@code time} is cut off.
     */
    void discard(io.vertx.core.Vertx vertx, long limit, Duration time) {
        close();
        long[] seen = {0};
        long timer = vertx.setTimer(
                Math.max(1, time.toMillis()), id -> request.connection().close());
        try {
            request.exceptionHandler(e -> vertx.cancelTimer(timer));
            request.endHandler(nothing -> vertx.cancelTimer(timer));
            request.handler(piece -> {
                seen[0] += piece.length();
                if (seen[0] > limit) {
                    vertx.cancelTimer(timer);
                    request.connection().close();
                }
            });
            request.resume();
        } catch (IllegalStateException e) {
            vertx.cancelTimer(timer); // its end has been read meanwhile: nothing is left
        }
    }
}
