package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every database of Berth does. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
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

    private record Last(Runnable work) implements Runnable {
        @Override
        public void run() {
            work.run();
        }
    }

    @Test
    void whatIsLeftForTheEndRunsOnceBehindTheWorkAndCanUndoIt() {
        database.write(tx -> {
            for (int i = 0; i < 2; i++) {
                tx.atEnd(Last.class, () -> new Last(() -> tx.dao(Settings.class).put("t-b", "last")));
            }
            tx.dao(Settings.class).put("t-a", "1");
            return null;
        });
        assertThat(count()).isEqualTo(2);
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.dao(Settings.class).put("t-c", "1");
                    return tx.atEnd(
                            Last.class,
                            () -> new Last(() -> {
                                throw new IllegalStateException("no");
                            }));
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(count()).isEqualTo(2);
        database.write(tx -> null); // of an earlier transaction nothing is left
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
                tx.change(new Change("test", "b", "{}", new Change.Origin("me", "c", "10.0.0.1", "r", "rule")));
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
    void anActionSeesWhatItsTransactionCommitted() {
        var seen = new ArrayList<String>();
        database.write(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            tx.afterCommit(() -> seen.add(
                    database.<String>read(other -> other.dao(Settings.class).get("t-a"))));
            return null;
        });
        assertThat(seen).containsExactly("1");
    }

    @Test
    void anActionThatFailsHidesNeitherTheCommitNorTheOtherActions() {
        var seen = new ArrayList<Integer>();
        String result = database.write(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            tx.afterCommit(() -> {
                throw new IllegalStateException("a cache could not follow");
            });
            tx.afterCommit(() -> {
                throw new AssertionError("not even so");
            });
            tx.afterCommit(() -> seen.add(1));
            return "written";
        });
        assertThat(result).isEqualTo("written");
        assertThat(seen).containsExactly(1);
        assertThat(count()).isEqualTo(1);
        // and the database goes on
        assertThat(database.<String>write(tx -> tx.dao(Settings.class).get("t-a")))
                .isEqualTo("1");
    }

    @Test
    void timeStandsStillWithinATransaction() {
        List<Long> times = database.write(tx -> {
            long first = tx.nowMillis();
            tx.dao(Settings.class).put("t-a", "1");
            return List.of(first, tx.nowMillis(), tx.now().toEpochMilli());
        });
        assertThat(times).containsOnly(times.getFirst());
        assertThat(times.getFirst()).isGreaterThan(1_700_000_000_000L);
    }

    @Test
    void whatFailsLaterFailsItsFutureUnchanged() {
        var failure = new IllegalArgumentException("no");
        var later = database.writeLater(tx -> {
            tx.dao(Settings.class).put("t-a", "1");
            throw failure;
        });
        assertThatThrownBy(later::join).hasCause(failure);
        assertThat(count()).isZero();
    }

    @Test
    void anErrorOfTheWorkComesOutToo() {
        var error = new AssertionError("a bug");
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.dao(Settings.class).put("t-a", "1");
                    throw error;
                }))
                .isSameAs(error);
        assertThat(count()).isZero();
    }

    @Test
    void aWriteSeesEveryOneOfManyWritesThatWereToComeLater() {
        int many = 1000;
        for (int i = 0; i < many; i++) {
            int number = i;
            var unused = database.writeLater(tx -> {
                tx.dao(Settings.class).put("t-" + number, "1");
                return null;
            });
        }
        assertThat(database.<Integer>write(tx -> tx.dao(Settings.class).count()))
                .isEqualTo(many);
    }

    @Test
    void aClosedDatabaseRefusesWorkInsteadOfLettingItWait() {
        database.close();
        assertThatThrownBy(() -> database.write(tx -> null)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> database.read(tx -> null)).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> database.writeLater(tx -> null).join()).isInstanceOf(RuntimeException.class);
    }

    @Test
    void aViolatedConstraintIsAFailureOfTheDatabaseThatIsNotItsLackOfSpace() {
        assertThatThrownBy(() -> database.write(tx -> {
                    tx.dao(Settings.class).put("epoch", "2");
                    return null;
                }))
                .isInstanceOfSatisfying(DatabaseException.class, e -> {
                    assertThat(e.full()).isFalse();
                    assertThat(e.outcomeUnknown()).isFalse();
                });
    }

    @Test
    void anEntryOfTheFeedHoldsAllThatWasSaid() {
        long before = database.write(tx -> {
            tx.change(new Change(
                    "tag-set", "library/a:1", "{\"x\":1}", new Change.Origin("me", "c", "10.0.0.1", "r", "rule")));
            return tx.nowMillis();
        });
        FeedRow row = database.read(tx -> tx.dao(Feed.class).rows()).getFirst();
        assertThat(row.txId()).isPositive();
        assertThat(row)
                .isEqualTo(new FeedRow(
                        row.seq(),
                        1,
                        row.txId(),
                        "tag-set",
                        "library/a:1",
                        "{\"x\":1}",
                        1,
                        "me",
                        "c",
                        "10.0.0.1",
                        "r",
                        "rule",
                        before));
    }

    @Test
    void changesOfOneWriterKeepTheirOrder() {
        for (int i = 0; i < 20; i++) {
            int number = i;
            database.write(tx -> {
                tx.change(new Change("test", "a" + number, "{}", Change.Origin.SYSTEM));
                tx.change(new Change("test", "b" + number, "{}", Change.Origin.SYSTEM));
                return null;
            });
        }
        List<FeedRow> rows = database.read(tx -> tx.dao(Feed.class).rows());
        for (int i = 0; i < 20; i++) {
            assertThat(rows.get(2 * i).key()).isEqualTo("a" + i);
            assertThat(rows.get(2 * i + 1).key()).isEqualTo("b" + i);
        }
    }

    @Test
    void withoutReadersTheFeedIsTrimmedByAgeAloneAndNumbersAreNeverUsedAgain() {
        database.write(tx -> {
            tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
            return null;
        });
        long last = database.<List<FeedRow>>read(tx -> tx.dao(Feed.class).rows())
                .getLast()
                .seq();
        var feed = new ChangeFeed(database);
        assertThat(feed.trim(java.time.Duration.ofHours(1))).isZero();
        assertThat(feed.trim(java.time.Duration.ofMillis(-60_000))).isEqualTo(1);
        assertThat(feed.trim(java.time.Duration.ofMillis(-60_000))).isZero();
        database.write(tx -> {
            tx.change(new Change("test", "b", "{}", Change.Origin.SYSTEM));
            return null;
        });
        assertThat(database.<List<FeedRow>>read(tx -> tx.dao(Feed.class).rows()))
                .singleElement()
                .satisfies(row -> assertThat(row.seq()).isGreaterThan(last));
    }

    @Test
    void whatReadersHaveSeenStaysForAsLongAsItIsKept() {
        database.write(tx -> {
            tx.change(new Change("test", "a", "{}", Change.Origin.SYSTEM));
            tx.dao(Settings.class).cursor(1_000);
            return null;
        });
        assertThat(new ChangeFeed(database).trim(java.time.Duration.ofHours(1))).isZero();
    }

    /** A row of the change feed. */
    public record FeedRow(
            long seq,
            long epoch,
            long txId,
            String kind,
            String key,
            String payload,
            int payloadVersion,
            String actor,
            String credential,
            String client,
            String requestId,
            String rule,
            long at) {}

    /** Reads the change feed. */
    @RegisterConstructorMapper(FeedRow.class)
    public interface Feed {
        @SqlQuery("SELECT * FROM change ORDER BY seq")
        List<FeedRow> rows();
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
        public boolean isShared() {
            return false;
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
