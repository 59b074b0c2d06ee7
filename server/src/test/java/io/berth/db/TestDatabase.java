package io.berth.db;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.random.RandomGenerator;

/** The databases that every contract runs on. */
public enum TestDatabase {
    SQLITE {
        @Override
        public Database open(Path directory, Clock clock, RandomGenerator random) {
            return SqliteDatabase.open(directory, 2, clock, random, DatabaseMetrics.NONE);
        }
    },
    /** Here the time is the server's. */
    POSTGRES {
        @Override
        public Database open(Path directory, Clock clock, RandomGenerator random) {
            try {
                Path url = directory.resolve("postgres-url");
                if (!Files.exists(url)) {
                    Files.createDirectories(directory);
                    Files.writeString(url, TestPostgres.newDatabase());
                }
                return PostgresDatabase.open(Files.readString(url), 8, random);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
    };

    /** Opens the database of {@code directory}, a new one at the first time. */
    public abstract Database open(Path directory, Clock clock, RandomGenerator random);
}
