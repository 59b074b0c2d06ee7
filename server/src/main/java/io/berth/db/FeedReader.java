package io.berth.db;

import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * A reader of the change feed, whose durable cursor moves in the transaction that holds what it made of the changes: each
 * is seen once, also across a crash. The feed is kept until all readers have seen it.
 */
public final class FeedReader {
    private final Database database;
    private final String name;

    /**
     * One change.
     *
     * @param payload JSON
     * @param at milliseconds since 1970
     */
    public record Entry(
            long seq,
            String kind,
            String key,
            String payload,
            String actor,
            String credential,
            String client,
            String requestId,
            String rule,
            long at) {}

    /** A reader that begins, unless it is known already, with the oldest change that there is. */
    public FeedReader(Database database, String name) {
        this.database = database;
        this.name = name;
        if (cursor().isEmpty()) {
            database.write(tx -> {
                tx.dao(FeedReaderDao.class).register(name, tx.nowMillis());
                return null;
            });
        }
    }

    /** The last change up to which nothing more will appear, 0 while there is none. */
    static long settled(Database database) {
        return database.settled("change", tx -> tx.dao(FeedReaderDao.class).last());
    }

    private Optional<Long> cursor() {
        return database.read(tx -> tx.dao(FeedReaderDao.class).cursor(name));
    }

    /**
     * Gives the next changes to {@code work}, in their order.
     *
     * @param limit how many at most
     * @param work what is done with them, in the transaction that moves the cursor; may run again when that is repeated
     * @return how many there were
     */
    public int read(int limit, BiConsumer<Tx, List<Entry>> work) {
        long settled = settled(database);
        if (cursor().orElseThrow() >= settled) {
            return 0; // without a transaction that writes
        }
        return database.write(tx -> {
            FeedReaderDao dao = tx.dao(FeedReaderDao.class);
            long cursor = dao.lock(name, tx.nowMillis());
            List<Entry> entries = dao.after(cursor, settled, limit);
            if (!entries.isEmpty()) {
                work.accept(tx, entries);
                dao.move(name, entries.getLast().seq(), tx.nowMillis());
            }
            return entries.size();
        });
    }
}
