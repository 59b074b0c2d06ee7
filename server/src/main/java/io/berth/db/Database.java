package io.berth.db;

import java.util.concurrent.CompletableFuture;

/**
 * A database of Berth's schema. Implementations pass one contract suite.
 *
 * <p>Thread-safe. Work must not call the database it runs on, nor block on anything else: on SQLite all writers share
 * one thread.
 */
public interface Database extends AutoCloseable {
    /** What SQL of many forms begins with, so that its statements are not kept in the place of frequent ones. */
    String RARE = "/* rare */ ";

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
     * that it costs no commit of its own.
     */
    <T> CompletableFuture<T> writeLater(Work<T> work);

    /** How many pieces of work wait for the writer. */
    int queued();

    @Override
    void close();
}
