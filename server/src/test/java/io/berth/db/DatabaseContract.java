package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every database of Berth does. */
abstract class DatabaseContract {
    /** SQL of this suite. */
    public interface Settings {
        @SqlUpdate("INSERT INTO setting (name, value) VALUES (:name, :value)")
        void put(String name, String value);

        @SqlQuery("SELECT value FROM setting WHERE name = :name")
        String get(String name);

        @SqlQuery("SELECT COUNT(*) FROM setting WHERE name LIKE 't-%'")
        int count();

        @SqlQuery("SELECT COUNT(*) FROM change")
        int changes();

        @SqlQuery("SELECT COUNT(DISTINCT tx_id) FROM change")
        int transactions();

        @SqlQuery("SELECT MIN(epoch) FROM change")
        long epoch();

        @SqlUpdate("INSERT INTO change_cursor (reader, seq, updated_at) VALUES ('test', :seq, 0)")
        void cursor(long seq);
    }

    Database database;

    abstract Database open() throws Exception;

    @BeforeEach
    void openDatabase() throws Exception {
        database = open();
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    private int count() {
        return database.read(tx -> tx.dao(Settings.class).count());
    }

    @Test
    void whatWasWrittenIsReadBack() {
        database.write(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            return null;
        });
        assertThat(database.<String>read(tx -> tx.dao(Settings.class).get("t-a")))
                .isEqualTo("1");
    }

    @Test
    void whatThrowsLeavesNothingBehindAndThrowsUnchanged() {
        var failure = new IllegalArgumentException("no");
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.dao(Settings.class).put("t-a", "1");
                    tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
                    throw failure;
                }))
                .isSameAs(failure);
        assertThat(count()).isZero();
        assertThat(database.<Integer>read(tx -> tx.dao(Settings.class).changes()))
                .isZero();
    }

    @Test
    void oneFailingWriterUndoesItselfAlone() throws Exception {
        int writers = 64;
        var start = new CountDownLatch(1);
        var failed = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < writers; i++) {
            int number = i;
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    start.await();
                    database.write(tx -> {
                        tx.dao(Settings.class).put("t-" + number, "1");
                        if (number % 4 == 0) {
                            throw new IllegalStateException("no");
                        }
                        return null;
                    });
                } catch (IllegalStateException e) {
                    failed.incrementAndGet();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failed.get()).isEqualTo(writers / 4);
        assertThat(count()).isEqualTo(writers - writers / 4);
    }

    @Test
    void aViolatedConstraintFailsOneTransactionOnly() {
        database.write(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            return null;
        });
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.dao(Settings.class).put("t-b", "1");
                    tx.dao(Settings.class).put("t-a", "2");
                    return null;
                }))
                .isInstanceOf(RuntimeException.class);
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void actionsRunAfterTheCommitAndBeforeTheCallerHearsOfIt() {
        var seen = new ArrayList<Integer>();
        database.write(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            tx.afterCommit(() -> seen.add(1));
            return null;
        });
        assertThat(seen).containsExactly(1);
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.afterCommit(() -> seen.add(2));
                    throw new IllegalStateException("no");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(seen).containsExactly(1);
    }

    @Test
    void whatIsWrittenLaterBecomesDurableByItself() {
        database.writeLater(tx -> {
                    tx.dao(Settings.class).put("t-a", "1");
                    return null;
                })
                .join();
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void aWriteSeesWhatItsCallerWroteLaterBefore() {
        var later = database.writeLater(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            return null;
        });
        assertThat(database.<String>write(tx -> tx.dao(Settings.class).get("t-a")))
                .isEqualTo("1");
        assertThat(later).isCompleted();
    }

    @Test
    void changesOfATransactionShareItsIdAndCarryTheEpoch() {
        for (int i = 0; i < 2; i++) {
            database.write(tx -> {
                tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
                tx.change(new Change("test", "b", "{}", new Change.Origin("me", "c", "r", "rule")));
                return null;
            });
        }
        assertThat(database.<List<Integer>>read(tx -> List.of(
                        tx.dao(Settings.class).changes(), tx.dao(Settings.class).transactions())))
                .containsExactly(4, 2);
        assertThat(database.<Long>read(tx -> tx.dao(Settings.class).epoch())).isEqualTo(1);
    }

    @Test
    void theFeedIsTrimmedNoFurtherThanItsSlowestReader() {
        for (int i = 0; i < 5; i++) {
            database.write(tx -> {
                tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
                return null;
            });
        }
        database.write(tx -> {
            tx.dao(Settings.class).cursor(2);
            return null;
        });
        var feed = new ChangeFeed(database);
        assertThat(feed.trim(java.time.Duration.ofDays(1))).isZero();
        assertThat(feed.trim(java.time.Duration.ofMillis(-60_000))).isEqualTo(2);
        assertThat(database.<Integer>read(tx -> tx.dao(Settings.class).changes()))
                .isEqualTo(3);
    }

    @Test
    void aNewerDatabaseIsRefused() throws Exception {
        database.write(tx -> {
            tx.dao(Newer.class).pretend();
            return null;
        });
        database.close();
        assertThatThrownBy(this::open).isInstanceOf(IllegalStateException.class).hasMessageContaining("newer Berth");
        database = new NoDatabase();
    }

    /** Says that a newer version was here. */
    public interface Newer {
        @SqlUpdate("""
                INSERT INTO flyway_schema_history
                    (installed_rank, version, description, type, script, installed_by, execution_time, success)
                VALUES (999, '999', 'future', 'SQL', 'V999__future.sql', 'test', 1, true)
                """)
        void pretend();
    }

    /** Nothing to close. */
    private static final class NoDatabase implements Database {
        @Override
        public <T> T read(Work<T> work) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> T write(Work<T> work) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> java.util.concurrent.CompletableFuture<T> writeLater(Work<T> work) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int queued() {
            return 0;
        }

        @Override
        public void close() {}
    }

    static Random random() {
        return new Random(7);
    }
}
