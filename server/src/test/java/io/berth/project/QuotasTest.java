package io.berth.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.OciException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuotasTest {
    @TempDir
    Path directory;

    private final AtomicInteger reads = new AtomicInteger();

    private Database counted(Database database) {
        return (Database) Proxy.newProxyInstance(
                Database.class.getClassLoader(), new Class<?>[] {Database.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("read")) {
                        reads.incrementAndGet();
                    }
                    try {
                        return method.invoke(database, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void refuses(Runnable asked) {
        assertThatThrownBy(asked::run).isInstanceOf(OciException.class);
    }

    @Test
    void aProjectWithoutAQuotaIsReadOnceUntilItGetsOne() throws Exception {
        try (Database database = TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new Random(1))) {
            Projects projects = TestProjects.of(database);
            Project project = projects.create("free", false, -1L, Map.of(), TestProjects.SYSTEM, Change.Origin.SYSTEM);
            var quotas = new Quotas(counted(database), () -> 100L);
            for (int i = 0; i < 10; i++) {
                quotas.require("free", null, 1_000_000);
            }
            assertThat(reads).hasValue(1);
            database.write(tx -> {
                projects.setQuota(tx, project, 10, Change.Origin.SYSTEM);
                quotas.changed(tx);
                return null;
            });
            refuses(() -> quotas.require("free", null, 11));
            quotas.require("free", null, 10);
            // What a push would make has the quota of new projects.
            refuses(() -> quotas.require("absent", null, 101));
            quotas.require("absent", null, 100);
        }
    }
}
