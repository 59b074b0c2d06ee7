package io.berth.db;

import java.time.Instant;
import java.util.function.Supplier;

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

    /** Appends to the change feed, when the gate of its origin lets it. */
    void change(Change change);

    /**
     * What runs as the last of the transaction's work, one for each {@code type}: made when it is first asked for. What it
     * throws undoes the transaction, as what the work throws does.
     */
    <T extends Runnable> T atEnd(Class<T> type, Supplier<T> maker);

    /** Runs {@code action} after the transaction has become durable and before its caller hears of it. */
    void afterCommit(Runnable action);
}
