package io.berth;

import io.berth.config.BerthConfig;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.time.Clock;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/** A Berth whose blobs come from a store of a test's own. */
public final class BerthOnStore {
    private BerthOnStore() {}

    public static Berth start(BerthConfig config, Clock clock, RandomGenerator random, UnaryOperator<BlobStore> between)
            throws IOException {
        return new Berth(config, clock, random, between);
    }
}
