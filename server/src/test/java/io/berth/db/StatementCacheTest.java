package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatementCacheTest {
    private static final String SELECT = "SELECT value FROM item WHERE value >= ? ORDER BY value";

    @TempDir
    Path directory;

    private Connection connection;

    @BeforeEach
    void connect() throws SQLException {
        connection = StatementCache.wrap(DriverManager.getConnection(url()));
        try (var statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode = WAL");
            statement.execute("CREATE TABLE item (value INTEGER PRIMARY KEY)");
            statement.execute("INSERT INTO item VALUES (1), (2), (3)");
        }
    }

    private String url() {
        return "jdbc:sqlite:" + directory.resolve("test.db");
    }

    @AfterEach
    void disconnect() throws SQLException {
        connection.close();
    }

    private static long sum(PreparedStatement statement, int from) throws SQLException {
        statement.setInt(1, from);
        try (var rows = statement.executeQuery()) {
            long sum = 0;
            while (rows.next()) {
                sum += rows.getLong(1);
            }
            return sum;
        }
    }

    @Test
    void aStatementThatWasClosedIsUsedAgain() throws SQLException {
        PreparedStatement first = connection.prepareStatement(SELECT);
        assertThat(sum(first, 2)).isEqualTo(5);
        first.close();
        PreparedStatement second = connection.prepareStatement(SELECT);
        assertThat((Object) second).isSameAs(first);
        assertThat(sum(second, 3)).isEqualTo(3);
        second.close();
    }

    @Test
    void aStatementThatIsInUseIsNotGivenToAnother() throws SQLException {
        try (PreparedStatement outer = connection.prepareStatement(SELECT)) {
            outer.setInt(1, 1);
            long sum = 0;
            try (var rows = outer.executeQuery()) {
                while (rows.next()) {
                    try (PreparedStatement inner = connection.prepareStatement(SELECT)) {
                        assertThat((Object) inner).isNotSameAs(outer);
                        sum += sum(inner, rows.getInt(1));
                    }
                }
            }
            assertThat(sum).isEqualTo(6 + 5 + 3);
        }
    }

    @Test
    void parametersDoNotLeakIntoTheNextUse() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SELECT)) {
            sum(statement, 2);
        }
        try (PreparedStatement statement = connection.prepareStatement(SELECT);
                var rows = statement.executeQuery()) {
            // an unset parameter is NULL, to which nothing compares
            assertThat(rows.next()).isFalse();
        }
    }

    @Test
    void aStatementThatFailedCanBeUsedAgain() throws SQLException {
        String sql = "INSERT INTO item VALUES (?)";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, 1);
            assertThatThrownBy(statement::executeUpdate).isInstanceOf(SQLException.class);
        }
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, 9);
            assertThat(statement.executeUpdate()).isEqualTo(1);
        }
    }

    @Test
    void aReadEndsWithItsStatementSoThatItPinsNoOldState() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(SELECT)) {
            statement.setInt(1, 1);
            statement.executeQuery().next(); // the result is left open and unread
        }
        try (var writer = DriverManager.getConnection(url());
                var statement = writer.createStatement()) {
            statement.execute("INSERT INTO item VALUES (100)");
            try (var checkpoint = statement.executeQuery("PRAGMA wal_checkpoint(TRUNCATE)")) {
                checkpoint.next();
                assertThat(checkpoint.getInt(1)).as("busy").isZero();
            }
        }
    }

    @Test
    void moreStatementsThanAreKeptStillWork() throws SQLException {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 300; i++) {
                try (PreparedStatement statement = connection.prepareStatement("SELECT value + " + i + " FROM item");
                        var rows = statement.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getInt(1)).isEqualTo(1 + i);
                }
            }
        }
    }
}
