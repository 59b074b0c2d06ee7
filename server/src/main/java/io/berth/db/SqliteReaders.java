package io.berth.db;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Platform threads with a read-only connection each. */
final class SqliteReaders implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SqliteReaders.class);

    private record Job<T>(Database.Work<T> work, CompletableFuture<T> result) {}

    private static final Job<?> STOP = new Job<>(tx -> null, new CompletableFuture<>());

    private final LinkedBlockingQueue<Job<?>> queue = new LinkedBlockingQueue<>();
    private final Thread[] threads;
    private final Clock clock;
    private final RandomGenerator random;
    private final DatabaseMetrics metrics;
    private volatile boolean closed;

    SqliteReaders(DataSource source, int count, Clock clock, RandomGenerator random, DatabaseMetrics metrics)
            throws SQLException {
        this.clock = clock;
        this.random = random;
        this.metrics = metrics;
        threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            Connection connection = source.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("PRAGMA query_only = true");
            }
            threads[i] = Thread.ofPlatform().name("db-reader-" + i).daemon().start(() -> run(connection));
        }
    }

    <T> CompletableFuture<T> submit(Database.Work<T> work) {
        var job = new Job<>(work, new CompletableFuture<>());
        queue.add(job);
        if (closed && queue.remove(job)) {
            job.result().completeExceptionally(new IllegalStateException("the database is closed"));
        }
        return job.result();
    }

    private void run(Connection connection) {
        try (connection) {
            var tx = new JdbiTx(new Daos(connection), random);
            while (true) {
                Job<?> job = queue.take();
                if (job == STOP) {
                    return;
                }
                execute(job, tx);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            LOG.warn("a connection could not be closed: {}", e.getMessage());
        }
    }

    private <T> void execute(Job<T> job, JdbiTx tx) {
        long start = System.nanoTime();
        try {
            T result = job.work().run(tx.begin(clock.instant(), 0));
            metrics.read(System.nanoTime() - start);
            job.result().complete(result);
        } catch (Throwable e) {
            job.result().completeExceptionally(SqliteErrors.translate(e));
        }
    }

    @Override
    public void close() {
        closed = true;
        for (int i = 0; i < threads.length; i++) {
            queue.add(STOP);
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
