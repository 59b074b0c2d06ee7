package io.berth.http;

/** What answers the requests below one path. */
public interface Endpoint {

    /**
     * Answers at once when that is possible from memory. Runs on an event loop, so it must not block.
     *
     * @return whether the request has been answered
     */
    default boolean answerAtOnce(Exchange exchange) {
        return false;
    }

    /**
     * Answers. Runs on a virtual thread and may block.
     *
     * @throws Exception what {@link Errors} turns into an answer
     */
    void answer(Exchange exchange) throws Exception;
}
