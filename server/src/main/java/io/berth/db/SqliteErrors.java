package io.berth.db;

import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Tells errors of the disk from errors of a statement. */
final class SqliteErrors {
    private SqliteErrors() {}

    /** SQLite's own error within {@code e}, or null. */
    static SQLiteErrorCode code(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLiteException sqlite) {
                return sqlite.getResultCode();
            }
        }
        return null;
    }

    /**
     * Whether SQLite may have rolled the whole transaction back on its own.
     *
     * @see <a href="https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction">SQLite, Response
     *     To Errors Within A Transaction</a>
     */
    static boolean endsTransaction(Throwable e) {
        SQLiteErrorCode code = code(e);
        if (code == null) {
            return false;
        }
        // Extended codes carry the primary one in their low byte.
        return switch (code.code & 0xff) {
            case 7, 9, 10, 13 -> true; // NOMEM, INTERRUPT, IOERR, FULL
            default -> false;
        };
    }

    static Throwable translate(Throwable e) {
        SQLiteErrorCode code = code(e);
        if (code == null || e instanceof DatabaseException) {
            return e;
        }
        boolean full = (code.code & 0xff) == SQLiteErrorCode.SQLITE_FULL.code;
        return new DatabaseException("the database failed: " + code.message, e, full, false);
    }
}
