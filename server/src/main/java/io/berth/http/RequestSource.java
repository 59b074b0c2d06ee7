package io.berth.http;

import static java.util.Objects.requireNonNull;

/**
 * Where a request comes from.
 *
 * @param client the address of who asks, by which failed logins are slowed down
 * @param requestId what its answer carries in {@code X-Request-Id}; empty where there is none
 */
public record RequestSource(String client, String requestId) {
    public RequestSource {
        requireNonNull(client, "client is null");
        requireNonNull(requestId, "requestId is null");
    }
}
