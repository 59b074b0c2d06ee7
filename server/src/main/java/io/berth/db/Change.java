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
     * Whether what allowed a change still does: asked in its transaction, since between the decision and the commit the right
     * may have been taken away. What it throws undoes the transaction. It reads by that transaction alone, and is asked with
     * each change, so it takes next to no time.
     */
    @FunctionalInterface
    public interface Gate {
        Gate OPEN = tx -> {};

        void require(Tx tx);

        default Gate and(Gate other) {
            return this == OPEN
                    ? other
                    : tx -> {
                        require(tx);
                        other.require(tx);
                    };
        }
    }

    /**
     * Where a change comes from. Each part may be null.
     *
     * @param actor the user's or robot's name
     * @param credential the id of the credential that was used
     * @param client the address that the request came from
     * @param requestId the request's X-Request-Id
     * @param rule the rule that allowed it
     * @param gate asked once more before the change is recorded
     */
    public record Origin(String actor, String credential, String client, String requestId, String rule, Gate gate) {
        /** What the server does by itself. */
        public static final Origin SYSTEM = by("system");

        /** Somebody who did not come through a request. */
        public static Origin by(String actor) {
            return new Origin(actor, null, null, null, null);
        }

        /** One that nothing more is asked of. */
        public Origin(String actor, String credential, String client, String requestId, String rule) {
            this(actor, credential, client, requestId, rule, Gate.OPEN);
        }

        public Origin {
            requireNonNull(gate, "gate is null");
        }

        /** The same, with one more gate to pass. */
        public Origin through(Gate another) {
            return new Origin(actor, credential, client, requestId, rule, gate.and(another));
        }
    }

    public Change {
        requireNonNull(kind, "kind is null");
        requireNonNull(key, "key is null");
        requireNonNull(payload, "payload is null");
        requireNonNull(origin, "origin is null");
    }
}
