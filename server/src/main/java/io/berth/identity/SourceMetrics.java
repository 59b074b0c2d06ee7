package io.berth.identity;

/** Hears how sources do. Thread-safe; called while somebody waits, so an implementation must be quick. */
public interface SourceMetrics {
    /** Hears nothing. */
    SourceMetrics NONE = (source, result) -> {};

    /** What came of asking a source. */
    enum Result {
        /** It knows them, and they may log in. */
        VERIFIED,
        /** It has refused them. */
        REFUSED,
        /** It does not know the name. */
        UNKNOWN,
        /** It could not be asked. */
        UNAVAILABLE
    }

    /** The source of this name was asked. */
    void asked(String source, Result result);

    /** A source of this name is in use from now on. */
    default void inUse(String source) {}
}
