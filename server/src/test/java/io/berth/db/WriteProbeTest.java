package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WriteProbeTest {
    private final AtomicLong nanos = new AtomicLong();

    /** SQL of this test. */
    public interface Rows {
        @SqlQuery("SELECT COUNT(*) FROM setting WHERE name = 'write-probe'")
        int left();
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void aDatabaseThatIsWellTakesItAndKeepsNothing(TestDatabase kind, @TempDir Path directory) {
        try (Database database = kind.open(directory, Clock.systemUTC(), new Random(1))) {
            var probe = new WriteProbe(database, Duration.ofSeconds(60), nanos::get);
            assertThat(probe.problem()).isNull();
            database.write(tx -> null); // by now it has been written
            nanos.addAndGet(Duration.ofMinutes(1).toNanos());
            assertThat(probe.problem()).isNull();
            assertThat(database.<Integer>read(tx -> tx.dao(Rows.class).left())).isZero();
        }
    }

    @Test
    void aWriterThatDoesNotAnswerIsAProblemAndIsNotAskedAgain() {
        var asked = new ArrayList<CompletableFuture<Object>>();
        var probe = new WriteProbe(silent(asked), Duration.ofSeconds(3), nanos::get);
        assertThat(probe.problem()).isNull(); // it has a moment
        for (int i = 0; i < 3; i++) {
            nanos.addAndGet(Duration.ofMinutes(1).toNanos());
            assertThat(probe.problem()).contains("takes no writes");
        }
        assertThat(asked).hasSize(1);
        asked.getFirst().complete(null);
        assertThat(probe.problem()).isNull();
        assertThat(asked).hasSize(2); // the answer was old
        asked.get(1).completeExceptionally(new IllegalStateException("read-only"));
        assertThat(probe.problem()).contains("cannot be written");
        assertThat(asked).hasSize(2); // remembered
        nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        assertThat(probe.problem()).contains("cannot be written");
        assertThat(asked).hasSize(3);
        asked.get(2).complete(null);
        assertThat(probe.problem()).isNull();
    }

    private static Database silent(List<CompletableFuture<Object>> asked) {
        return (Database) Proxy.newProxyInstance(
                Database.class.getClassLoader(), new Class<?>[] {Database.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("writeLater");
                    asked.add(new CompletableFuture<>());
                    return asked.getLast();
                });
    }
}
