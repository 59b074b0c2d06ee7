package io.berth.db;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * How far tables of PostgreSQL are settled. A transaction takes a lock on the table before it takes a number there, and
 * keeps it to its end. So the last number that can be seen is noted first, and then who holds such locks: when all of those
 * have ended, nothing at or below that number is still to come. Nobody is made to wait, and later writers do not matter.
 *
 * <p>Thread-safe.
 */
final class SettledRows {
    private static final class Mark {
        private long settled;
        private long next;
        private Set<String> awaited = Set.of();
    }

    private final Database database;
    private final Map<String, Mark> marks = new HashMap<>();

    SettledRows(Database database) {
        this.database = database;
    }

    synchronized long last(String table, Database.Work<Long> seen) {
        Mark mark = marks.computeIfAbsent(table, name -> new Mark());
        // Each statement sees what was committed before it began.
        return database.read(tx -> {
            SettledDao dao = tx.dao(SettledDao.class);
            if (!passes(mark, dao, table)) {
                return mark.settled;
            }
            long last = seen.run(tx);
            if (last > mark.settled) {
                mark.next = last;
                mark.awaited = dao.writers(table);
                passes(mark, dao, table);
            }
            return mark.settled;
        });
    }

    private static boolean passes(Mark mark, SettledDao dao, String table) {
        if (!mark.awaited.isEmpty()) {
            var still = new HashSet<>(mark.awaited);
            still.retainAll(dao.writers(table));
            mark.awaited = still;
        }
        if (mark.awaited.isEmpty()) {
            mark.settled = Math.max(mark.settled, mark.next);
            return true;
        }
        return false;
    }
}
