package io.berth.http;

import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Closes connections on which no request is under way for too long. Bytes that trickle in without ever making a request
 * (slowloris) do not count, which an idle timeout of the socket would not notice.
 */
final class ConnectionGuard {
    private static final class State {
        private final AtomicInteger requests = new AtomicInteger();
        private volatile long since = System.nanoTime();
    }

    private final Map<HttpConnection, State> connections = new ConcurrentHashMap<>();
    private final Duration timeout;

    ConnectionGuard(Duration timeout) {
        this.timeout = timeout;
    }

    /** How often to sweep. */
    Duration interval() {
        return Duration.ofMillis(Math.clamp(timeout.toMillis() / 4, 100, 5_000));
    }

    void opened(HttpConnection connection) {
        connections.put(connection, new State());
        connection.closeHandler(nothing -> connections.remove(connection));
    }

    void begin(HttpConnection connection) {
        State state = connections.get(connection);
        if (state != null) {
            state.requests.incrementAndGet();
        }
    }

    void end(HttpConnection connection) {
        State state = connections.get(connection);
        if (state != null) {
            state.since = System.nanoTime();
            state.requests.decrementAndGet();
        }
    }

    void sweep() {
        long now = System.nanoTime();
        connections.forEach((connection, state) -> {
            if (state.requests.get() <= 0 && now - state.since > timeout.toNanos()) {
                connection.close();
            }
        });
    }
}
