package io.berth.identity;

import io.berth.db.Database;
import io.berth.db.Tx;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The version of everything that decides who may do what: accounts, groups, robots, tokens, roles, grants, projects'
 * visibility. Whoever remembers something of it compares versions, and asks again after a change.
 *
 * <p>Where other processes write to the same database, {@link #follow} looks at its version, twice a second, so that what
 * they take away ends here within a second. A node that could not look for five seconds trusts nothing that it remembers.
 * Thread-safe.
 */
public final class AccessVersion {
    private static final Logger LOG = LoggerFactory.getLogger(AccessVersion.class);
    private static final long PAUSE = Duration.ofMillis(500).toNanos();
    private static final long TRUSTED = Duration.ofSeconds(5).toNanos();

    private final AtomicLong current = new AtomicLong();
    private final Database shared;
    private final LongSupplier nanoTime;
    private volatile long stored;
    private volatile long confirmedAt;

    /** Of a database that this process alone writes to. */
    public AccessVersion() {
        this.shared = null;
        this.nanoTime = () -> 0;
    }

    /** @param nanoTime as {@link System#nanoTime} */
    public AccessVersion(Database database, LongSupplier nanoTime) {
        this.shared = database.isShared() ? database : null;
        this.nanoTime = nanoTime;
        if (shared != null) {
            look();
        }
    }

    /** The version now. To be taken before reading what is remembered under it. */
    public long current() {
        boolean trusted = shared == null || nanoTime.getAsLong() - confirmedAt < TRUSTED;
        return trusted ? current.get() : current.incrementAndGet(); // one that nothing was read under
    }

    /** Raises it with the commit of {@code tx}, before anybody hears of the commit. */
    public void raise(Tx tx) {
        tx.dao(AccessVersionDao.class).raise();
        tx.afterCommit(current::incrementAndGet);
    }

    /** Whether what was decided still holds. To be taken before the decision. */
    public interface Mark {
        /** Also by what other processes had committed when {@code tx} asks. */
        boolean holds(Tx tx);
    }

    public Mark mark() {
        long storedThen = stored; // first: a look in between makes the mark old, and not what was decided too new
        long then = current();
        return tx -> current() == then
                && (shared == null || tx.dao(AccessVersionDao.class).stored() == storedThen);
    }

    /** Looks at the database's version once. */
    void look() {
        long asked = nanoTime.getAsLong();
        long found = shared.read(tx -> tx.dao(AccessVersionDao.class).stored());
        if (found != stored) {
            stored = found;
            current.incrementAndGet();
        }
        confirmedAt = asked;
    }

    /** Looks from now on, until what is returned is closed. */
    public AutoCloseable follow() {
        if (shared == null) {
            return () -> {};
        }
        Thread thread = Thread.ofPlatform().name("access-version").daemon().start(this::lookAgainAndAgain);
        return thread::interrupt;
    }

    private void lookAgainAndAgain() {
        boolean told = false;
        while (!Thread.interrupted()) {
            try {
                look();
                told = false;
            } catch (RuntimeException e) {
                if (Thread.currentThread().isInterrupted()) {
                    return;
                }
                if (!told) {
                    LOG.warn("whether rights have changed on other nodes cannot be seen: {}", e.getMessage());
                }
                told = true;
            }
            LockSupport.parkNanos(PAUSE);
        }
    }
}
