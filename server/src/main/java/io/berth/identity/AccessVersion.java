package io.berth.identity;

import io.berth.db.Tx;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The version of everything that decides who may do what: accounts, groups, robots, tokens, roles, grants, projects'
 * visibility. Whoever remembers something of it compares versions, and asks again after a change. Thread-safe.
 */
public final class AccessVersion {
    private final AtomicLong current = new AtomicLong();

    /** The version now. To be taken before reading what is remembered under it. */
    public long current() {
        return current.get();
    }

    /** Raises it with the commit of {@code tx}, before anybody hears of the commit. */
    public void raise(Tx tx) {
        tx.dao(AccessVersionDao.class).raise();
        tx.afterCommit(current::incrementAndGet);
    }
}
