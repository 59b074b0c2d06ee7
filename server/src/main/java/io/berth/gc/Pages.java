package io.berth.gc;

import io.berth.db.Database;
import io.berth.db.Tx;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** Goes through a long result by pages, each a short read of its own. */
final class Pages {
    /** How many rows the pages of all queries have at most. */
    static final int SIZE = 500;

    private Pages() {}

    /**
     * Hands every row to {@code each}, outside of any transaction.
     *
     * @param start what comes before the first row
     * @param page the first {@link #SIZE} rows that follow a row, in an order that the row itself decides
     */
    static <R> void each(Database database, R start, BiFunction<Tx, R, List<R>> page, Consumer<R> each) {
        R after = start;
        while (true) {
            R from = after;
            List<R> rows = database.read(tx -> page.apply(tx, from));
            rows.forEach(each);
            if (rows.size() < SIZE) {
                return;
            }
            after = rows.getLast();
        }
    }

    /** Changes something in a transaction of its own. */
    static void write(Database database, Consumer<Tx> change) {
        database.write(tx -> {
            change.accept(tx);
            return null;
        });
    }
}
