package io.berth.db;

import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.io.TempDir;

class PostgresDatabaseTest extends DatabaseContract {
    @TempDir
    Path directory;

    @Override
    Database open() {
        return TestDatabase.POSTGRES.open(directory, Clock.systemUTC(), random());
    }
}
