package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDatabaseTest extends DatabaseContract {
    /** SQLite's own settings. */
    public interface Pragmas {
        @SqlQuery("PRAGMA synchronous")
        int synchronous();

        @SqlQuery("PRAGMA journal_mode")
        String journalMode();

        @SqlQuery("PRAGMA max_page_count = 60")
        int limitPages();

        @SqlQuery("PRAGMA max_page_count = 1000000")
        int unlimitPages();
    }

    @TempDir
    Path directory;

    @Override
    Database open() {
        return SqliteDatabase.open(directory, 2, Clock.systemUTC(), random(), DatabaseMetrics.NONE);
    }

    @Test
    void commitsAreSyncedToTheDisk() {
        // 2 is FULL: the write-ahead log is synced at each commit
        assertThat(database.<Integer>write(tx -> tx.dao(Pragmas.class).synchronous()))
                .isEqualTo(2);
        assertThat(database.<String>write(tx -> tx.dao(Pragmas.class).journalMode()))
                .isEqualTo("wal");
    }

    @Test
    void readersCannotWrite() {
        assertThatThrownBy(() -> database.read(tx -> {
                    tx.dao(Settings.class).put("t-a", "1");
                    return null;
                }))
                .isInstanceOf(DatabaseException.class);
    }

    @Test
    void sqliteIsNeverCalledOnAVirtualThread() throws InterruptedException {
        var threads = new ConcurrentLinkedQueue<Thread>();
        Database.Work<Boolean> work = tx -> threads.add(Thread.currentThread());
        Thread.startVirtualThread(() -> {
                    database.read(work);
                    database.write(work);
                    database.writeLater(work).join();
                })
                .join();
        assertThat(threads).hasSize(3).noneMatch(Thread::isVirtual);
    }

    @Test
    void aFullDiskFailsWhoNeedsSpaceAndNobodyElseOfTheGroup() throws Exception {
        database.write(tx -> tx.dao(Pragmas.class).limitPages());
        var hold = new CountDownLatch(1);
        var held = new CountDownLatch(1);
        var blocker = Thread.startVirtualThread(() -> database.write(tx -> {
            held.countDown();
            try {
                hold.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return null;
        }));
        held.await();
        // These wait together for the writer, and so become one group.
        var results = new ArrayList<CompletableFuture<Throwable>>();
        for (int i = 0; i < 6; i++) {
            int number = i;
            var result = new CompletableFuture<Throwable>();
            results.add(result);
            Thread.startVirtualThread(() -> {
                try {
                    database.write(tx -> {
                        tx.dao(Settings.class).put("t-" + number, "x".repeat(number == 3 ? 4 << 20 : 10));
                        return null;
                    });
                    result.complete(null);
                } catch (RuntimeException e) {
                    result.complete(e);
                }
            });
        }
        while (database.queued() < 6) {
            Thread.onSpinWait();
        }
        hold.countDown();
        blocker.join();
        for (int i = 0; i < 6; i++) {
            Throwable failure = results.get(i).join();
            if (i == 3) {
                assertThat(failure)
                        .isInstanceOfSatisfying(
                                DatabaseException.class,
                                e -> assertThat(e.full()).isTrue());
            } else {
                assertThat(failure).isNull();
            }
        }
        assertThat(database.<Integer>read(tx -> tx.dao(Settings.class).count())).isEqualTo(5);
        database.write(tx -> tx.dao(Pragmas.class).unlimitPages());
    }

    @Test
    void closingFinishesWhatIsQueued() {
        var last = database.writeLater(tx -> {
            tx.dao(Settings.class).put("t-last", "1");
            return null;
        });
        database.close();
        assertThat(last).isCompleted();
        database = open();
        assertThat(database.<String>read(tx -> tx.dao(Settings.class).get("t-last")))
                .isEqualTo("1");
    }

    @Test
    void theNewestMigrationIsTheOneThatStartsCheckFor() throws Exception {
        Path migrations = Path.of(getClass().getResource("/db/migration").toURI());
        try (Stream<Path> files = Files.list(migrations)) {
            String newest = files.map(file -> file.getFileName().toString())
                    .map(name -> name.substring(1, name.indexOf("__")))
                    .max((a, b) -> Integer.compare(Integer.parseInt(a), Integer.parseInt(b)))
                    .orElseThrow();
            assertThat(Migrations.LATEST).isEqualTo(newest);
        }
    }
}
