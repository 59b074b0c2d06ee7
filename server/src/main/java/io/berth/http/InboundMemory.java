package io.berth.http;

import java.util.concurrent.atomic.LongAdder;

/** How many bytes of request bodies have arrived and are not yet dealt with, over all requests. Thread-safe. */
final class InboundMemory {
    private final LongAdder bytes = new LongAdder();
    private final long share;

    /** @param share above so many bytes there is not plenty any more */
    InboundMemory(long share) {
        this.share = share;
    }

    void add(int more) {
        bytes.add(more);
    }

    void remove(int fewer) {
        bytes.add(-fewer);
    }

    boolean plenty() {
        return bytes.sum() < share;
    }
}
