package io.berth.db;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A transaction on one connection. It is used again for each piece of work on its connection, since making DAOs and preparing
 * statements is dearer than most statements.
 */
final class JdbiTx implements Tx {
    private static final Logger LOG = LoggerFactory.getLogger(JdbiTx.class);

    private final Daos daos;
    private final RandomGenerator random;
    private final Map<Class<?>, Runnable> last = new LinkedHashMap<>();
    private final List<Runnable> actions = new ArrayList<>();
    private Instant now = Instant.EPOCH;
    private long txId;
    private long epoch;

    JdbiTx(Daos daos, RandomGenerator random) {
        this.daos = daos;
        this.random = random;
    }

    /** Begins a new piece of work. */
    JdbiTx begin(Instant time, long currentEpoch) {
        now = time;
        epoch = currentEpoch;
        txId = 0;
        last.clear();
        actions.clear();
        return this;
    }

    /** Runs {@code work} and what it has left for the end. */
    <T> T run(Database.Work<T> work) {
        T result = work.run(this);
        last.values().forEach(Runnable::run);
        return result;
    }

    /** The actions for after the commit; the list is the caller's. */
    List<Runnable> takeActions() {
        List<Runnable> taken = actions.isEmpty() ? List.of() : new ArrayList<>(actions);
        actions.clear();
        return taken;
    }

    /** Runs the actions of a transaction that has become durable. */
    static void runActions(List<Runnable> actions) {
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (Throwable e) {
                // The transaction stands; a cache that could not follow must not hide that.
                LOG.error("an action after a commit failed", e);
            }
        }
    }

    @Override
    public <D> D dao(Class<D> type) {
        return daos.get(type);
    }

    @Override
    public Instant now() {
        return now;
    }

    @Override
    public void change(Change change) {
        change.origin().gate().require(this);
        if (txId == 0) {
            txId = random.nextLong(1, Long.MAX_VALUE);
        }
        dao(ChangeDao.class)
                .append(
                        epoch,
                        txId,
                        change.kind(),
                        change.key(),
                        change.payload(),
                        Change.PAYLOAD_VERSION,
                        change.origin(),
                        now.toEpochMilli());
    }

    @Override
    public <T extends Runnable> T atEnd(Class<T> type, Supplier<T> maker) {
        return type.cast(last.computeIfAbsent(type, missing -> maker.get()));
    }

    @Override
    public void afterCommit(Runnable action) {
        actions.add(action);
    }
}
