package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What PostgreSQL's transactions do when they are in each other's way. */
class PostgresConflictTest {
    /** SQL of this test. */
    public interface Conflicts {
        @SqlUpdate("UPDATE setting SET value = value || :text WHERE name = :name")
        void add(String name, String text);

        @SqlQuery("SELECT value FROM setting WHERE name = :name")
        String value(String name);

        @SqlUpdate("""
                CREATE FUNCTION lose(state TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = state; END $$
                """)
        void define();

        @SqlQuery("SELECT lose(:state)")
        boolean lose(String state);
    }

    @TempDir
    Path directory;

    private Database database;

    @BeforeEach
    void open() {
        database = TestDatabase.POSTGRES.open(directory, Clock.systemUTC(), new Random(1));
        database.write(tx -> {
            tx.dao(Conflicts.class).define();
            tx.dao(DatabaseContract.Settings.class).put("a", "");
            tx.dao(DatabaseContract.Settings.class).put("b", "");
            return null;
        });
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void ofTwoTransactionsThatWaitForEachOtherOneIsRunAgain() throws Exception {
        var barrier = new CyclicBarrier(2);
        var runs = new AtomicInteger();
        var actions = new AtomicInteger();
        var done = new ArrayList<CompletableFuture<Void>>();
        for (String[] order : new String[][] {{"a", "b"}, {"b", "a"}}) {
            var result = new CompletableFuture<Void>();
            done.add(result);
            var first = new AtomicBoolean(true);
            Thread.startVirtualThread(() -> {
                try {
                    database.write(tx -> {
                        runs.incrementAndGet();
                        tx.afterCommit(actions::incrementAndGet);
                        tx.dao(Conflicts.class).add(order[0], order[0]);
                        if (first.getAndSet(false)) {
                            await(barrier); // now each has what the other wants
                        }
                        tx.dao(Conflicts.class).add(order[1], order[0]);
                        return null;
                    });
                    result.complete(null);
                } catch (RuntimeException e) {
                    result.completeExceptionally(e);
                }
            });
        }
        for (CompletableFuture<Void> result : done) {
            result.get(30, TimeUnit.SECONDS);
        }
        assertThat(runs.get()).isGreaterThanOrEqualTo(3);
        assertThat(actions).hasValue(2);
        assertThat(database.<String>read(tx -> tx.dao(Conflicts.class).value("a")))
                .hasSize(2);
        assertThat(database.<String>read(tx -> tx.dao(Conflicts.class).value("b")))
                .hasSize(2);
    }

    @Test
    void aTransactionThatLosesIsTriedAFewTimesAndNotForEver() {
        for (String state : new String[] {"40001", "40P01", "23505", "23503"}) {
            var runs = new AtomicInteger();
            assertThatThrownBy(() -> database.write(tx -> {
                        runs.incrementAndGet();
                        return tx.dao(Conflicts.class).lose(state);
                    }))
                    .isInstanceOf(DatabaseException.class);
            assertThat(runs).hasValue(8);
        }
    }

    @Test
    void aTransactionThatLosesOnceSucceedsAndLeavesOneTrace() {
        var runs = new AtomicInteger();
        database.write(tx -> {
            tx.dao(Conflicts.class).add("a", "x");
            tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
            return runs.incrementAndGet() < 3 && tx.dao(Conflicts.class).lose("40001");
        });
        assertThat(runs).hasValue(3);
        assertThat(database.<String>read(tx -> tx.dao(Conflicts.class).value("a")))
                .isEqualTo("x");
        assertThat(database.<Integer>read(
                        tx -> tx.dao(DatabaseContract.Settings.class).changes()))
                .isEqualTo(1);
    }

    @Test
    void anotherErrorIsNotTriedAgainAndAFullDiskIsToldApart() {
        var runs = new AtomicInteger();
        assertThatThrownBy(() -> database.write(tx -> {
                    runs.incrementAndGet();
                    return tx.dao(Conflicts.class).lose("53100");
                }))
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.full()).isTrue());
        assertThat(runs).hasValue(1);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
