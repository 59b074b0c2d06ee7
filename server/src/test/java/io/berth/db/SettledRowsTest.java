package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Transactions side by side become visible in another order than that of their numbers: on PostgreSQL alone. */
@Timeout(60)
class SettledRowsTest {
    @TempDir
    Path directory;

    private Database database;
    private final List<String> seen = new ArrayList<>();

    @BeforeEach
    void open() {
        database = TestDatabase.POSTGRES.open(directory, Clock.systemUTC(), new Random(1));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static void change(Tx tx, String key) {
        tx.change(new Change("test", key, "{}", Change.Origin.SYSTEM));
    }

    // A transaction that has made its change and ends when it is told to.
    private CompletableFuture<Void> slow(String key, CountDownLatch end) {
        var numbered = new CountDownLatch(1);
        var done = CompletableFuture.<Void>supplyAsync(
                () -> database.write(tx -> {
                    change(tx, key);
                    numbered.countDown();
                    await(end);
                    return null;
                }),
                Thread::startVirtualThread);
        await(numbered);
        return done;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private int read() {
        return new FeedReader(database, "reader")
                .read(100, (tx, entries) -> entries.forEach(entry -> seen.add(entry.key())));
    }

    @Test
    void aChangeThatIsCommittedLateIsNotPassedBy() {
        var end = new CountDownLatch(1);
        CompletableFuture<Void> slow = slow("first", end);
        database.write(tx -> {
            change(tx, "second");
            return null;
        });
        assertThat(read()).as("the first is still to come").isZero();
        end.countDown();
        slow.join();
        assertThat(read()).isEqualTo(2);
        assertThat(seen).containsExactly("first", "second");
    }

    @Test
    void laterWritersHoldNobodyUp() {
        var endOfFirst = new CountDownLatch(1);
        var endOfThird = new CountDownLatch(1);
        CompletableFuture<Void> first = slow("first", endOfFirst);
        database.write(tx -> {
            change(tx, "second");
            return null;
        });
        assertThat(read()).isZero();
        CompletableFuture<Void> third = slow("third", endOfThird); // there is never a moment without a writer
        endOfFirst.countDown();
        first.join();
        assertThat(read()).isEqualTo(2);
        endOfThird.countDown();
        third.join();
        assertThat(read()).isEqualTo(1);
        assertThat(seen).containsExactly("first", "second", "third");
    }

    @Test
    void ofManyWritersNothingIsLostAndNothingComesTwice() {
        var left = new AtomicInteger(4);
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int w = 0; w < 4; w++) {
            int writer = w;
            writers.add(CompletableFuture.runAsync(
                    () -> {
                        var random = new Random(writer);
                        for (int i = 0; i < 150; i++) {
                            String key = writer + "/" + i;
                            boolean fails = random.nextInt(10) == 0;
                            try {
                                database.write(tx -> {
                                    change(tx, fails ? "undone" : key);
                                    if (fails) {
                                        throw new IllegalStateException("undone");
                                    }
                                    if (random.nextInt(4) == 0) {
                                        Thread.yield();
                                    }
                                    return null;
                                });
                            } catch (IllegalStateException e) {
                                // as it was to be
                            }
                        }
                        left.decrementAndGet();
                    },
                    Thread::startVirtualThread));
        }
        while (left.get() > 0) {
            read();
        }
        writers.forEach(CompletableFuture::join);
        while (read() > 0) {
            // the rest
        }
        long committed = database.read(tx -> tx.dao(Rows.class).count());
        assertThat(seen).doesNotContain("undone").doesNotHaveDuplicates().hasSize((int) committed);
    }

    /** SQL of this test. */
    public interface Rows {
        @org.jdbi.v3.sqlobject.statement.SqlQuery("SELECT COUNT(*) FROM change")
        long count();
    }
}
