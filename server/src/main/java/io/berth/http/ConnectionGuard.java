package io.berth.http;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Closes connections on which no request is under way for too long. Bytes that trickle in without ever making a request
 * (slowloris) do not count, which an idle timeout of the socket would not notice; and a request may take as long as it
 * takes, which an idle timeout would not let it.
 *
 * <p>Connections are seen from the moment they are accepted, by {@link GuardedTransport}. Thread-safe.
 */
public final class ConnectionGuard {
    /** The largest piece that is read from a socket at once, in bytes. */
    static final int PIECE = 128 << 10;

    private static final class State {
        private final AtomicInteger requests = new AtomicInteger();
        private volatile long since = System.nanoTime();
    }

    private final Map<Channel, State> connections = new ConcurrentHashMap<>();
    private final Duration timeout;

    /** @param timeout how long a connection may stay without a request */
    public ConnectionGuard(Duration timeout) {
        this.timeout = timeout;
    }

    /** Begins to close idle connections, until {@code vertx} is closed. */
    public void start(Vertx vertx) {
        vertx.setPeriodic(Math.clamp(timeout.toMillis() / 4, 100, 5_000), id -> sweep());
    }

    /** For the pipeline of a listening socket, through which accepted connections pass. */
    ChannelInboundHandlerAdapter acceptHandler() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                if (message instanceof Channel accepted) {
                    accepted(accepted);
                }
                context.fireChannelRead(message);
            }
        };
    }

    private void accepted(Channel channel) {
        // Reads grow with what arrives: a layer comes in pieces twice as large as Netty's largest, at half the cost.
        channel.config().setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(512, 4096, PIECE));
        connections.put(channel, new State());
        channel.closeFuture().addListener(closed -> connections.remove(channel));
    }

    void begin(HttpConnection connection) {
        State state = state(connection);
        if (state != null) {
            state.requests.incrementAndGet();
        }
    }

    void end(HttpConnection connection) {
        State state = state(connection);
        if (state != null) {
            state.since = System.nanoTime();
            state.requests.decrementAndGet();
        }
    }

    private State state(HttpConnection connection) {
        return connection instanceof ConnectionBase base ? connections.get(base.channel()) : null;
    }

    private void sweep() {
        long now = System.nanoTime();
        connections.forEach((channel, state) -> {
            if (state.requests.get() <= 0 && now - state.since > timeout.toNanos()) {
                channel.close();
            }
        });
    }
}
