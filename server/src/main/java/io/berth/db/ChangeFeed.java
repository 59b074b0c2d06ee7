package io.berth.db;

import java.time.Duration;

/** The change feed as a whole. Thread-safe. */
public final class ChangeFeed {
    private final Database database;

    public ChangeFeed(Database database) {
        this.database = database;
    }

    /**
     * Deletes what is older than {@code retention} and what every reader has seen.
     *
     * @return how many entries went
     */
    public int trim(Duration retention) {
        return database.write(tx -> tx.dao(ChangeDao.class).trim(tx.nowMillis() - retention.toMillis()));
    }
}
