package io.berth.db;

import java.util.concurrent.CompletableFuture;

/**
 * A database of Berth's schema. Implementations pass one contract suite.
 *
 * <p>Thread-safe. Work must not call the database it runs on, nor block on anything else: on SQLite all writers share
 * one thread.
 */
public interface Database extends AutoCloseable {
    /** What is done with a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T run(Tx tx);
    }

    /** Runs {@code work}, which only reads, and returns its result; what it throws comes out unchanged. */
    <T> T read(Work<T> work);

    /**
     * Runs {@code work} in a transaction and returns its result once the transaction is durable. What it throws comes out
     * unchanged, and then nothing of it has happened.
     *
     * @throws DatabaseException when the database itself failed; nothing has happened, or (only when {@link
     *     DatabaseException#outcomeUnknown()}) it is not known whether it has
     */
    <T> T write(Work<T> work);

    /**
     * As {@link #write}, without waiting: the future completes when the transaction is durable. A later {@code write} of
     * the same caller sees what this one did. Where commits are grouped this one waits for company (100 ms at most), so
     * that it costs no commit of its own. {@link CompletableFuture#cancel} takes it back if it has not begun, and tells
     * whether that was so.
     */
    <T> CompletableFuture<T> writeLater(Work<T> work);

    /**
     * The last number of {@code table}, which is only appended to, up to which nothing more will appear. Whoever reads such
     * a table by a cursor reads no further: where transactions run side by side they take their numbers in one order and
     * become visible in another, and a cursor that has passed a number never sees what comes there later.
     *
     * @param table a name of the schema, never input
     * @param last reads the last number that can be seen there, 0 while there is none
     * @return 0 while there is nothing
     */
    default long settled(String table, Work<Long> last) {
        // One writer: what can be seen was numbered before everything that is still to come.
        return read(last);
    }

    /** Whether other processes may write to it at the same time. */
    boolean isShared();

    /** How many pieces of work wait for the writer. */
    int queued();

    @Override
    void close();
}
