package io.berth.db;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes to SQLite. What has arrived while a commit waited for the disk shares the next one: group
 * commit, as databases do it with their logs.
 *
 * <p>Each piece of work runs in a savepoint of the shared transaction, so that one that throws undoes itself alone.
 * SQLite answers some errors (no space, no memory, an error of the disk) by rolling the whole transaction back; then each
 * member is run once more in a transaction of its own, and fails or succeeds by itself. Nobody hears of success before
 * COMMIT has returned; actions of {@link Tx#afterCommit} run in between.
 */
final class GroupCommitWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GroupCommitWriter.class);
    private static final int MAX_GROUP = 256;
    private static final long LATER_MILLIS = 100;

    private static final class Job<T> {
        private final Database.Work<T> work;
        private final AtomicBoolean begun = new AtomicBoolean();
        private final CompletableFuture<T> result = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                return begin() && super.cancel(mayInterrupt);
            }
        };
        private List<Runnable> actions = List.of();
        private T value;
        private Throwable failure;

        private Job(Database.Work<T> work) {
            this.work = work;
        }

        /** True once: for the writer, or for whoever takes it back before. */
        private boolean begin() {
            return begun.compareAndSet(false, true);
        }

        private void finish() {
            if (failure == null) {
                result.complete(value);
            } else {
                result.completeExceptionally(SqliteErrors.translate(failure));
            }
        }
    }

    private final LinkedBlockingQueue<Job<?>> queue = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<Job<?>> later = new LinkedBlockingQueue<>();
    private final Clock clock;
    private final DatabaseMetrics metrics;
    private final Connection connection;
    private final JdbiTx tx;
    private final Map<String, PreparedStatement> frames = new HashMap<>();
    private final Thread thread;
    private final Job<?> stop = new Job<>(ignored -> null);
    private volatile boolean closed;
    private long epoch;

    GroupCommitWriter(DataSource source, Clock clock, RandomGenerator random, DatabaseMetrics metrics)
            throws SQLException {
        this.clock = clock;
        this.metrics = metrics;
        connection = source.getConnection();
        tx = new JdbiTx(new Daos(connection), random);
        epoch = tx.dao(ChangeDao.class).epoch();
        thread = Thread.ofPlatform().name("db-writer").daemon().start(this::run);
    }

    <T> CompletableFuture<T> submit(Database.Work<T> work) {
        return submit(queue, work);
    }

    <T> CompletableFuture<T> submitLater(Database.Work<T> work) {
        return submit(later, work);
    }

    private <T> CompletableFuture<T> submit(LinkedBlockingQueue<Job<?>> to, Database.Work<T> work) {
        var job = new Job<>(work);
        to.add(job);
        if (closed && to.remove(job)) {
            job.result.completeExceptionally(new IllegalStateException("the database is closed"));
        }
        return job.result;
    }

    int queued() {
        return queue.size() + later.size();
    }

    private void run() {
        var group = new ArrayList<Job<?>>();
        boolean running = true;
        while (running) {
            group.clear();
            try {
                running = gather(group);
                group.removeIf(job -> !job.begin());
                if (!group.isEmpty()) {
                    long start = System.nanoTime();
                    commitTogether(group);
                    measure(group.size(), System.nanoTime() - start);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException | Error e) {
                // No memory, say. Who is in this group hears of it, and the next group gets its turn.
                rollback();
                group.forEach(job -> job.result.completeExceptionally(e));
            }
        }
    }

    /** Fills {@code group} with what waits; false when nothing comes after it. */
    private boolean gather(List<Job<?>> group) throws InterruptedException {
        Job<?> first = queue.poll(LATER_MILLIS, TimeUnit.MILLISECONDS);
        var now = new ArrayList<Job<?>>();
        if (first != null) {
            now.add(first);
            queue.drainTo(now, MAX_GROUP);
        }
        later.drainTo(group); // after that and all of it: a write sees what its caller wrote later before
        group.addAll(now);
        if (!group.remove(stop)) {
            return true;
        }
        later.drainTo(group);
        return false;
    }

    private void measure(int size, long nanos) {
        try {
            metrics.group(size, nanos);
        } catch (RuntimeException | Error e) {
            LOG.error("a commit could not be counted", e);
        }
    }

    private void commitTogether(List<Job<?>> group) {
        try {
            execute("BEGIN IMMEDIATE");
            for (Job<?> job : group) {
                runInSavepoint(job);
            }
            execute("COMMIT");
        } catch (SQLException | RuntimeException | Error e) { // whatever it is, the next group is not to wait for ever
            rollback();
            if (group.size() == 1) {
                group.getFirst().failure = e;
                group.getFirst().finish();
            } else {
                group.forEach(job -> commitTogether(List.of(job)));
            }
            return;
        }
        group.forEach(job -> JdbiTx.runActions(job.actions));
        group.forEach(Job::finish);
    }

    // Throws only what ends the whole transaction; a failure of the work itself stays in the job.
    private <T> void runInSavepoint(Job<T> job) throws SQLException {
        job.failure = null;
        job.actions = List.of();
        execute("SAVEPOINT work");
        try {
            job.value = tx.begin(clock.instant(), epoch).run(job.work);
            job.actions = tx.takeActions();
        } catch (Throwable e) {
            if (SqliteErrors.endsTransaction(e)) {
                throw new SQLException(e);
            }
            job.failure = e;
            execute("ROLLBACK TO work");
        }
        execute("RELEASE work");
    }

    private void execute(String sql) throws SQLException {
        PreparedStatement statement = frames.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            frames.put(sql, statement);
        }
        try {
            statement.execute();
        } catch (SQLException e) {
            frames.remove(sql); // the driver ends a statement that met an error of the disk
            statement.close();
            throw e;
        }
    }

    private void rollback() {
        try {
            execute("ROLLBACK");
        } catch (SQLException | RuntimeException | Error e) {
            // SQLite has rolled back already, or will refuse the next BEGIN, and then each job fails by itself.
        }
    }

    @Override
    public void close() {
        closed = true; // first: whoever has not seen it has its job in the queue already, before the end
        queue.add(stop);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.warn("the database could not be closed: {}", e.getMessage());
        }
    }
}
