package io.berth.db;

/** What the database tells of itself. Called on its threads, so an implementation must be quick. */
public interface DatabaseMetrics {
    /** Hears nothing. */
    DatabaseMetrics NONE = new DatabaseMetrics() {};

    /** A read took {@code nanos} on its connection. */
    default void read(long nanos) {}

    /** A group of {@code size} pieces of work was committed, or rolled back, in {@code nanos}. */
    default void group(int size, long nanos) {}
}
