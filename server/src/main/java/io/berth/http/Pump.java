package io.berth.http;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Copies bytes into a response through a few pooled buffers, each used again when its write has completed.
 *
 * <p>Waiting for the completion, and not for the write queue to drain, is what bounds the memory: off the event loop the
 * queue does not yet know what has been handed to it. For one virtual thread.
 */
final class Pump implements AutoCloseable {
    private static final int RING = 4;

    private record InFlight(ByteBuf buffer, Future<Void> write) {}

    private final HttpServerResponse response;
    private final BufferPool pool;
    private final PatientWait client;
    private final Duration patience;
    private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>();

    /** @param patience how long to wait for the first buffer */
    Pump(HttpServerResponse response, BufferPool pool, PatientWait client, Duration patience) {
        this.response = response;
        this.pool = pool;
        this.client = client;
        this.patience = patience;
    }

    /** Fills a buffer with the next bytes; false at the end. */
    @FunctionalInterface
    interface Filler {
        boolean fill(ByteBuf buffer) throws IOException;
    }

    /** Writes everything {@code filler} gives. The response is not ended. */
    void write(Filler filler) throws IOException {
        while (true) {
            ByteBuf buffer = buffer();
            boolean more = false;
            try {
                more = filler.fill(buffer);
            } finally {
                if (!more) {
                    pool.giveBack(buffer);
                }
            }
            if (!more) {
                return;
            }
            inFlight.add(new InFlight(buffer, response.write(BufferInternal.buffer(buffer))));
        }
    }

    /** Waits for the end of the response, as patiently as for each of its pieces. */
    void finish(Future<Void> end) throws IOException {
        client.await(end);
    }

    private ByteBuf buffer() throws IOException {
        if (inFlight.isEmpty()) {
            return pool.take(patience);
        }
        if (inFlight.size() < RING && !inFlight.peek().write().isComplete()) {
            ByteBuf another = pool.tryTake();
            if (another != null) {
                return another;
            }
        }
        InFlight oldest = inFlight.poll();
        try {
            client.await(oldest.write());
        } catch (IOException e) {
            inFlight.push(oldest);
            throw e;
        }
        return oldest.buffer().clear();
    }

    /**
     * Gives the buffers back, each when Netty is through with it. A response that failed must have been reset before, or
     * they stay lent until its connection closes.
     */
    @Override
    public void close() {
        inFlight.forEach(one -> one.write().onComplete(result -> pool.giveBack(one.buffer())));
        inFlight.clear();
    }
}
