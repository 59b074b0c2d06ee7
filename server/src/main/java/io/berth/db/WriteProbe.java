package io.berth.db;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    private CompletableFuture<?> answer;
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

    /** What is wrong, or null. Waits for the writer, but no longer than a write may take. */
    public String problem() {
        long left;
        CompletableFuture<?> asked;
        synchronized (this) {
            long now = nanoTime.getAsLong();
            if (answer == null
                    || answer.isDone() && now - askedAt > remembered().toNanos()) {
                answer = database.writeLater(tx -> {
                    tx.dao(ProbeDao.class).put();
                    tx.dao(ProbeDao.class).remove();
                    return null;
                });
                askedAt = now;
            }
            asked = answer;
            left = Math.max(0, patience.toNanos() - (now - askedAt));
        }
        return outcome(asked, left);
    }

    private Duration remembered() {
        return answer.isCompletedExceptionally() ? REMEMBER_FAILURE : REMEMBER;
    }

    private static String outcome(CompletableFuture<?> asked, long left) {
        try {
            asked.get(left, TimeUnit.NANOSECONDS);
            return null;
        } catch (TimeoutException e) {
            return "the database takes no writes";
        } catch (ExecutionException e) {
            return "the database cannot be written";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }
}
