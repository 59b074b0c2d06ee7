package io.berth.db;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/**
 * Whether the database takes writes: a row is written and removed again, at most every few seconds however often it is
 * asked. A database that can be read may lie on a disk that has become read-only. Thread-safe.
 */
public final class WriteProbe {
    private static final Duration REMEMBER = Duration.ofSeconds(5);
    private static final Duration REMEMBER_FAILURE = Duration.ofSeconds(1);

    private final Database database;
    private final Duration patience;
    private final LongSupplier nanoTime;
    private CompletableFuture<?> asked;
    private long askedAt;

    interface ProbeDao {
        // Without the row in between SQLite would find nothing to write.
        @SqlUpdate("""
                INSERT INTO setting (name, value) VALUES ('write-probe', '')
                ON CONFLICT (name) DO UPDATE SET value = excluded.value
                """)
        void put();

        @SqlUpdate("DELETE FROM setting WHERE name = 'write-probe'")
        void remove();
    }

    /** @param patience how long a write may take */
    public WriteProbe(Database database, Duration patience, LongSupplier nanoTime) {
        this.database = database;
        this.patience = patience;
        this.nanoTime = nanoTime;
    }

    /**
     * What was wrong with the last write, or null. Waits for nothing: asked for the first time it begins one and knows
     * nothing against the database, which has just been opened.
     */
    public synchronized String problem() {
        long now = nanoTime.getAsLong();
        if (asked == null) {
            ask(now);
            return null;
        }
        if (!asked.isDone()) {
            return now - askedAt > patience.toNanos() ? "the database takes no writes" : null;
        }
        boolean failed = asked.isCompletedExceptionally();
        if (now - askedAt > (failed ? REMEMBER_FAILURE : REMEMBER).toNanos()) {
            ask(now);
        }
        return failed ? "the database cannot be written" : null;
    }

    private void ask(long now) {
        asked = database.writeLater(tx -> {
            tx.dao(ProbeDao.class).put();
            tx.dao(ProbeDao.class).remove();
            return null;
        });
        askedAt = now;
    }
}
