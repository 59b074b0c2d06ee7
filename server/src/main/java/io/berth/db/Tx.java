package io.berth.db;

import java.time.Instant;

/** A transaction, valid within the {@link Database.Work} that it was given to. Not thread-safe. */
public interface Tx {

    /** The SqlObject {@code type} on this transaction's connection. */
    <D> D dao(Class<D> type);

    /** The time of this transaction, the same at every call. */
    Instant now();

    /** {@link #now} in milliseconds since 1970, the form of the schema. */
    default long nowMillis() {
        return now().toEpochMilli();
    }

    /** Appends to the change feed. */
    void change(Change change);

    /** Runs {@code action} after the transaction has become durable and before its caller hears of it. */
    void afterCommit(Runnable action);
}
