package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GroupCommitWriterTest {
    @TempDir
    Path directory;

    private final List<Integer> groups = new CopyOnWriteArrayList<>();
    private DatabaseMetrics metrics = new DatabaseMetrics() {
        @Override
        public void group(int size, long nanos) {
            groups.add(size);
        }
    };
    private String url;
    private GroupCommitWriter writer;

    @BeforeEach
    void open() throws Exception {
        SqliteDatabase.open(directory, 1, Clock.systemUTC(), new Random(1), DatabaseMetrics.NONE)
                .close();
        url = "jdbc:sqlite:" + directory.resolve(SqliteDatabase.FILE);
        writer = writer();
    }

    private GroupCommitWriter writer() throws Exception {
        var source = new SQLiteDataSource();
        source.setUrl(url);
        return new GroupCommitWriter(source, Clock.systemUTC(), new Random(1), new DatabaseMetrics() {
            @Override
            public void group(int size, long nanos) {
                metrics.group(size, nanos);
            }
        });
    }

    @AfterEach
    void close() {
        writer.close();
    }

    private int committed() {
        try (Connection connection = DriverManager.getConnection(url);
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT COUNT(*) FROM setting WHERE name LIKE 't-%'")) {
            row.next();
            return row.getInt(1);
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static DatabaseContract.Settings settings(Tx tx) {
        return tx.dao(DatabaseContract.Settings.class);
    }

    private static Database.Work<Integer> put(String name) {
        return tx -> {
            settings(tx).put(name, "1");
            return settings(tx).count();
        };
    }

    /** Keeps the writer busy until it is released, so that what is submitted meanwhile becomes one group. */
    private final class Hold {
        private final CountDownLatch release = new CountDownLatch(1);
        private final CompletableFuture<Object> done;

        Hold() throws InterruptedException {
            var held = new CountDownLatch(1);
            done = writer.submit(tx -> {
                held.countDown();
                await(release);
                return null;
            });
            held.await();
        }

        void release() {
            release.countDown();
            done.join();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatWaitsTogetherSharesACommit() throws Exception {
        var hold = new Hold();
        var results = new ArrayList<CompletableFuture<Integer>>();
        for (int i = 0; i < 10; i++) {
            results.add(writer.submit(put("t-" + i)));
        }
        assertThat(writer.queued()).isEqualTo(10);
        hold.release();
        for (int i = 0; i < 10; i++) {
            // each sees those before it
            assertThat(results.get(i).join()).isEqualTo(i + 1);
        }
        writer.close();
        assertThat(groups).containsExactly(1, 10);
    }

    @Test
    void aMemberThatFailsIsInvisibleToTheNext() throws Exception {
        var hold = new Hold();
        var failure = new IllegalStateException("no");
        var ran = new AtomicInteger();
        CompletableFuture<Integer> failing = writer.submit(tx -> {
            settings(tx).put("t-failing", "1");
            tx.change(new Change("test", "failing", "{}", Change.Origin.SYSTEM));
            tx.afterCommit(ran::incrementAndGet);
            throw failure;
        });
        CompletableFuture<Integer> next =
                writer.submit(tx -> settings(tx).count() + settings(tx).changes());
        hold.release();
        assertThat(next.join()).isZero();
        assertThat(failing)
                .failsWithin(java.time.Duration.ZERO)
                .withThrowableThat()
                .withCause(failure);
        assertThat(ran).hasValue(0);
        assertThat(committed()).isZero();
    }

    @Test
    void nobodyHearsOfSuccessBeforeTheGroupIsCommitted() throws Exception {
        var hold = new Hold();
        CompletableFuture<Integer> first = writer.submit(put("t-first"));
        var seenByAction = new AtomicInteger(-1);
        var lastRuns = new CountDownLatch(1);
        var finishLast = new CountDownLatch(1);
        CompletableFuture<Object> last = writer.submit(tx -> {
            lastRuns.countDown();
            await(finishLast);
            tx.afterCommit(() -> seenByAction.set(committed()));
            return null;
        });
        hold.release.countDown();
        lastRuns.await();
        assertThat(first).isNotDone();
        assertThat(committed()).isZero();
        finishLast.countDown();
        last.join();
        assertThat(first).isCompletedWithValue(1);
        assertThat(seenByAction).hasValue(1);
    }

    @Test
    void actionsRunInTheOrderOfTheirTransactions() throws Exception {
        var hold = new Hold();
        var order = new CopyOnWriteArrayList<Integer>();
        var results = new ArrayList<CompletableFuture<?>>();
        for (int i = 0; i < 20; i++) {
            int number = i;
            results.add(writer.submit(tx -> {
                tx.afterCommit(() -> order.add(2 * number));
                tx.afterCommit(() -> order.add(2 * number + 1));
                return null;
            }));
        }
        hold.release();
        results.forEach(CompletableFuture::join);
        for (int i = 0; i < 40; i++) {
            assertThat(order.get(i)).isEqualTo(i);
        }
    }

    @Test
    void afterAnErrorThatEndsTheTransactionEachMemberIsRunOnceMoreAlone() throws Exception {
        writer.submit(tx -> tx.dao(SqliteDatabaseTest.Pragmas.class).limitPages())
                .join();
        var hold = new Hold();
        var runs = new AtomicInteger();
        var actions = new AtomicInteger();
        CompletableFuture<Integer> before = writer.submit(tx -> {
            runs.incrementAndGet();
            tx.afterCommit(actions::incrementAndGet);
            settings(tx).put("t-before", "1");
            return settings(tx).count();
        });
        CompletableFuture<Integer> large = writer.submit(tx -> {
            tx.afterCommit(() -> actions.addAndGet(100));
            settings(tx).put("t-large", "x".repeat(4 << 20));
            return 0;
        });
        CompletableFuture<Integer> after = writer.submit(put("t-after"));
        hold.release();
        assertThat(before.join()).isEqualTo(1);
        assertThat(after.join()).isEqualTo(2);
        assertThat(large)
                .failsWithin(java.time.Duration.ofSeconds(10))
                .withThrowableThat()
                .havingCause()
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.full()).isTrue());
        assertThat(runs).hasValue(2);
        assertThat(actions).hasValue(1);
        assertThat(committed()).isEqualTo(2);
        writer.submit(tx -> tx.dao(SqliteDatabaseTest.Pragmas.class).unlimitPages())
                .join();
        assertThat(writer.submit(put("t-room")).join()).isEqualTo(3);
    }

    // What SQLite does when the disk fails or memory is short: the statement tells, and the transaction may be gone.
    private static void fail(Tx tx, SQLiteErrorCode code, boolean rolledBack) {
        if (rolledBack) {
            tx.dao(Transactions.class).rollback();
        }
        throw new IllegalStateException(new SQLiteException(code.message, code));
    }

    /** SQL of this test. */
    interface Transactions {
        @SqlUpdate("ROLLBACK")
        void rollback();
    }

    @ParameterizedTest
    @CsvSource({
        "SQLITE_IOERR, true",
        "SQLITE_IOERR_WRITE, false",
        "SQLITE_IOERR_FSYNC, false",
        "SQLITE_NOMEM, true",
        "SQLITE_NOMEM, false"
    })
    void anErrorOfTheDiskOrOfMemoryFailsWhoMetItAndNobodyElseOfTheGroup(SQLiteErrorCode code, boolean rolledBack)
            throws Exception {
        var hold = new Hold();
        var runs = new AtomicInteger();
        var actions = new AtomicInteger();
        CompletableFuture<Integer> before = writer.submit(tx -> {
            runs.incrementAndGet();
            tx.afterCommit(actions::incrementAndGet);
            return put("t-before").run(tx);
        });
        var met = new AtomicInteger();
        CompletableFuture<Integer> once = writer.submit(tx -> {
            if (met.getAndIncrement() == 0) {
                fail(tx, code, rolledBack);
            }
            return put("t-once").run(tx);
        });
        CompletableFuture<Integer> unlucky = writer.submit(tx -> {
            settings(tx).put("t-unlucky", "1");
            tx.afterCommit(() -> actions.addAndGet(100));
            fail(tx, code, rolledBack);
            return 0;
        });
        CompletableFuture<Integer> after = writer.submit(put("t-after"));
        hold.release();
        before.join();
        after.join();
        once.join(); // it has been run again, and nothing was wrong any more
        assertThat(unlucky)
                .failsWithin(java.time.Duration.ofSeconds(10))
                .withThrowableThat()
                .havingCause()
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.full()).isFalse());
        assertThat(runs).hasValue(2);
        assertThat(actions).hasValue(1);
        assertThat(committed()).isEqualTo(3);
        assertThat(writer.submit(put("t-later")).join()).isEqualTo(4);
    }

    @Test
    void whatIsWrittenLaterNeedsNobodyToComeAlong() throws Exception {
        assertThat(writer.submitLater(put("t-later")).get(10, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(committed()).isEqualTo(1);
    }

    @Test
    void whatIsWrittenLaterComesBeforeEveryWriteAfterIt() throws Exception {
        var hold = new Hold();
        for (int i = 0; i < 600; i++) {
            writer.submitLater(put("t-" + i));
        }
        CompletableFuture<Integer> write = writer.submit(tx -> settings(tx).count());
        hold.release();
        assertThat(write.join()).isEqualTo(600);
    }

    @Test
    void whatIsTakenBackInTimeIsNotDoneAndWhatHasBegunIs() throws Exception {
        var hold = new Hold();
        CompletableFuture<Integer> first = writer.submitLater(put("t-first"));
        CompletableFuture<Integer> second = writer.submitLater(put("t-second"));
        assertThat(first.cancel(false)).isTrue();
        hold.release();
        assertThat(second.join()).isEqualTo(1);
        assertThat(second.cancel(false)).isFalse();
        assertThat(first).isCancelled();

        var begun = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        CompletableFuture<Integer> third = writer.submitLater(tx -> {
            begun.countDown();
            await(release);
            return put("t-third").run(tx);
        });
        begun.await();
        assertThat(third.cancel(false)).isFalse();
        release.countDown();
        assertThat(third.join()).isEqualTo(2);
        assertThat(committed()).isEqualTo(2);
    }

    @Test
    void closingFinishesWhatIsQueuedNowAndLater() throws Exception {
        var hold = new Hold();
        var results = new ArrayList<CompletableFuture<Integer>>();
        for (int i = 0; i < 600; i++) {
            results.add(i % 2 == 0 ? writer.submit(put("t-" + i)) : writer.submitLater(put("t-" + i)));
        }
        hold.release.countDown();
        writer.close();
        assertThat(results).allMatch(CompletableFuture::isDone).noneMatch(CompletableFuture::isCompletedExceptionally);
        assertThat(committed()).isEqualTo(600);
    }

    @Test
    void whoComesWhileItClosesIsServedOrRefusedButNeverLeftWaiting() throws Exception {
        for (int round = 0; round < 50; round++) {
            var results = new CopyOnWriteArrayList<CompletableFuture<Integer>>();
            var start = new CountDownLatch(1);
            var threads = new ArrayList<Thread>();
            for (int i = 0; i < 4; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    await(start);
                    for (int n = 0; n < 20; n++) {
                        results.add(writer.submit(tx -> 1));
                        results.add(writer.submitLater(tx -> 1));
                    }
                }));
            }
            start.countDown();
            writer.close();
            for (Thread thread : threads) {
                thread.join();
            }
            for (CompletableFuture<Integer> result : results) {
                assertThat(result.handle((value, failure) -> true).get(10, TimeUnit.SECONDS))
                        .isTrue();
            }
            writer = writer();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anErrorInAnActionOrInTheMetricsDoesNotStopTheWriter(boolean memory) throws Exception {
        metrics = new DatabaseMetrics() {
            @Override
            public void group(int size, long nanos) {
                if (memory) {
                    throw new OutOfMemoryError("none is left");
                }
                throw new IllegalStateException("metrics are broken");
            }
        };
        assertThat(writer.submit(tx -> {
                            tx.afterCommit(() -> {
                                throw new AssertionError("an action is broken");
                            });
                            return 1;
                        })
                        .get(10, TimeUnit.SECONDS))
                .isEqualTo(1);
        assertThat(writer.submit(put("t-a")).get(10, TimeUnit.SECONDS)).isEqualTo(1);
    }
}
