package io.berth.db;

/** The database failed: no space, an error of the disk, a lost connection. It says nothing about the request. */
public final class DatabaseException extends RuntimeException {
    private final boolean full;
    private final boolean outcomeUnknown;

    public DatabaseException(String message, Throwable cause, boolean full, boolean outcomeUnknown) {
        super(message, cause);
        this.full = full;
        this.outcomeUnknown = outcomeUnknown;
    }

    /** Whether the disk has no space left. */
    public boolean full() {
        return full;
    }

    /** Whether the transaction may have become durable nevertheless. */
    public boolean outcomeUnknown() {
        return outcomeUnknown;
    }
}
