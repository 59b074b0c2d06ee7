package io.berth.http;

/** Hears of every request that has been answered, so that it can be shown beside those of other systems. Thread-safe. */
@FunctionalInterface
public interface Tracing {
    /** Hears nothing; a server that has it does not even make the {@link Answered}. */
    Tracing OFF = answered -> {};

    /**
     * A request and how it ended. Who asked is not part of it.
     *
     * @param operation what it did, one of a few fixed names
     * @param startMillis when it began, since 1970
     * @param nanos how long it took, its bodies included
     * @param traceparent the header of W3C Trace Context, or null
     * @param tracestate the other one, or null
     */
    record Answered(
            String method,
            String operation,
            int status,
            long startMillis,
            long nanos,
            String requestId,
            String traceparent,
            String tracestate) {}

    /** Runs on the connection's event loop, so it must not block. */
    void answered(Answered request);
}
