package io.berth.http;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/**
 * Hears what changes nothing, and so is not in the change feed: pulls, logins, refusals. Called on event loops, so it never
 * blocks; what it cannot take it counts as dropped. Thread-safe.
 */
@FunctionalInterface
public interface AuditSink {
    /** Hears nothing. */
    AuditSink NONE = new AuditSink() {
        @Override
        public boolean wantsPull(String project) {
            return false;
        }

        @Override
        public void record(Event event) {}
    };

    /**
     * Whether the next pull from {@code project} is to be recorded, asked once for each before the event is made. Takes no
     * time.
     */
    default boolean wantsPull(String project) {
        return true;
    }

    void record(Event event);

    /** Counts a request that is answered 401 and that nobody records. Takes no time. */
    default void challenged(Challenge reason) {}

    /** Why a client is told to present a credential, or a better one. */
    enum Challenge {
        /** It has presented none. */
        ANONYMOUS,
        /** Its token is good for less than this. */
        SCOPE,
        /** Its credential is wrong, and is no login that is recorded. */
        CREDENTIAL
    }

    /**
     * What happened.
     *
     * @param operation {@code pull}, {@code login}, {@code push}, {@code delete} ...
     * @param resourceType {@code artifact}, {@code blob}, {@code repository}, {@code user} ...
     * @param resource its name, may be empty
     * @param project where it is, empty where the name says it or there is none
     * @param actor a name as it was claimed, where nobody could verify it
     * @param credential the credential's id, may be empty
     * @param success whether it was allowed and done
     * @param rule what decided
     * @param detail what else is worth keeping, by name
     */
    record Event(
            String operation,
            String resourceType,
            String resource,
            String project,
            String actor,
            String credential,
            String client,
            String requestId,
            boolean success,
            String rule,
            Map<String, String> detail) {
        /** The detail of a login that names who has verified or refused it. */
        public static final String SOURCE = "source";

        /** The source of names that no source knows. */
        public static final String NOBODY = "none";

        public Event {
            requireNonNull(operation, "operation is null");
            requireNonNull(resourceType, "resourceType is null");
            requireNonNull(resource, "resource is null");
            requireNonNull(project, "project is null");
            requireNonNull(actor, "actor is null");
            requireNonNull(detail, "detail is null");
        }

        /** One of which there is no more to say. */
        public Event(
                String operation,
                String resourceType,
                String resource,
                String actor,
                String credential,
                String client,
                String requestId,
                boolean success,
                String rule) {
            this(operation, resourceType, resource, "", actor, credential, client, requestId, success, rule, Map.of());
        }

        /** A login that {@code source} has decided, by which logins are counted. */
        public static Event login(
                String source, String actor, String credential, RequestSource from, boolean success, String rule) {
            return new Event(
                    "login",
                    "user",
                    actor,
                    "",
                    actor,
                    credential,
                    from.client(),
                    from.requestId(),
                    success,
                    rule,
                    Map.of(SOURCE, source));
        }

        /** What the one who makes this request is refused. */
        static Event refusal(
                Exchange exchange,
                String operation,
                String resourceType,
                String resource,
                String project,
                String rule) {
            Principal who = exchange.principal();
            return new Event(
                    operation,
                    resourceType,
                    resource,
                    project,
                    who.name(),
                    who.credential(),
                    exchange.client(),
                    exchange.requestId(),
                    false,
                    rule,
                    Map.of());
        }

        /**
         * A request by something wrong that is no login: a token, a session, a certificate.
         *
         * @param actor whose it would be, or {@code unknown}
         * @param rule what is wrong
         */
        public static Event wrong(Exchange exchange, String actor, String rule) {
            return new Event(
                    "authenticate",
                    "request",
                    exchange.rawPath(),
                    actor,
                    "",
                    exchange.client(),
                    exchange.requestId(),
                    false,
                    rule);
        }
    }
}
