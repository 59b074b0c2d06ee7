package io.berth.http;

/**
 * Hears what changes nothing, and so is not in the change feed: pulls, logins, refusals. Called on event loops, so it never
 * blocks; what it cannot take it counts as dropped. Thread-safe.
 */
@FunctionalInterface
public interface AuditSink {
    /** Hears nothing. */
    AuditSink NONE = event -> {};

    void record(Event event);

    /**
     * What happened.
     *
     * @param operation {@code pull}, {@code login}, {@code push}, {@code delete} ...
     * @param resourceType {@code artifact}, {@code blob}, {@code repository}, {@code user} ...
     * @param resource its name, may be empty
     * @param actor a name as it was claimed, where nobody could verify it
     * @param credential the credential's id, may be empty
     * @param success whether it was allowed and done
     * @param rule what decided
     */
    record Event(
            String operation,
            String resourceType,
            String resource,
            String actor,
            String credential,
            String client,
            String requestId,
            boolean success,
            String rule) {}
}
