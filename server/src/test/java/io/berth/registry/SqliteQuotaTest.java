package io.berth.registry;

import io.berth.db.Database;
import io.berth.db.TestDatabase;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;

class SqliteQuotaTest extends QuotaContract {
    @Override
    Database database(Path directory) {
        return TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new SecureRandom());
    }
}
