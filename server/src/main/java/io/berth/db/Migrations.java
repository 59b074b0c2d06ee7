package io.berth.db;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.sqlite.SQLiteErrorCode;

/** Brings a database to this version's schema. */
final class Migrations {
    /** The newest version there is under {@code db/migration}; a test compares. */
    static final String LATEST = "5";

    private Migrations() {}

    /**
     * Migrates, unless the database says that it is at {@link #LATEST} already: Flyway then stays unloaded, which is a
     * good part of the start-up time.
     *
     * @throws IllegalStateException when the database belongs to a newer Berth
     */
    static void run(DataSource source, Map<String, String> placeholders) {
        String installed = installed(source);
        if (LATEST.equals(installed)) {
            return;
        }
        if (installed != null && Integer.parseInt(installed) > Integer.parseInt(LATEST)) {
            throw new IllegalStateException("the database has schema version " + installed + ", this Berth knows "
                    + LATEST + ": start the newer Berth that made it, or restore the backup from before the upgrade");
        }
        Flyway.configure()
                .dataSource(source)
                .locations("classpath:db/migration")
                .placeholders(placeholders)
                .load()
                .migrate();
    }

    private static String installed(DataSource source) {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("""
                        SELECT version FROM flyway_schema_history
                        WHERE version IS NOT NULL ORDER BY installed_rank DESC LIMIT 1
                        """)) {
            return row.next() ? row.getString(1) : null;
        } catch (SQLException e) {
            SQLiteErrorCode code = SqliteErrors.code(e);
            if (code != null && code != SQLiteErrorCode.SQLITE_ERROR) {
                throw new IllegalStateException(
                        "the database cannot be opened: " + e.getMessage() + ". Is there space left on its disk?", e);
            }
            return null; // no such table: a new database
        }
    }
}
