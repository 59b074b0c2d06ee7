package io.berth.db;

import static java.util.Objects.requireNonNull;

/**
 * One entry of the change feed.
 *
 * @param kind what happened, for example {@code tag-set}
 * @param key to what, for example {@code library/alpine:latest}
 * @param payload JSON that stands for itself: old and new values
 * @param origin who did it and why it was allowed
 */
public record Change(String kind, String key, String payload, Origin origin) {
    /** The form of payloads written now. */
    public static final int PAYLOAD_VERSION = 1;

    /**
     * Where a change comes from. Each part may be null.
     *
     * @param actor the user's or robot's name
     * @param credential the id of the credential that was used
     * @param client the address that the request came from
     * @param requestId the request's X-Request-Id
     * @param rule the rule that allowed it
     */
    public record Origin(String actor, String credential, String client, String requestId, String rule) {
        /** What the server does by itself. */
        public static final Origin SYSTEM = by("system");

        /** Somebody who did not come through a request. */
        public static Origin by(String actor) {
            return new Origin(actor, null, null, null, null);
        }
    }

    public Change {
        requireNonNull(kind, "kind is null");
        requireNonNull(key, "key is null");
        requireNonNull(payload, "payload is null");
        requireNonNull(origin, "origin is null");
    }
}
