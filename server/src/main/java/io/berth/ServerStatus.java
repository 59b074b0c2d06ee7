package io.berth;

import io.berth.db.Database;
import io.berth.db.WriteProbe;
import io.berth.registry.Registry;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** How the server does: what readiness checks, and what {@code berth admin status} shows. */
final class ServerStatus {
    private static final Duration WRITE_PATIENCE = Duration.ofSeconds(3);

    private ServerStatus() {}

    static String version() {
        String version = ServerStatus.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    static Map<String, Supplier<String>> checks(Database database, Registry registry) {
        var checks = new LinkedHashMap<String, Supplier<String>>();
        var writes = new WriteProbe(database, WRITE_PATIENCE, System::nanoTime);
        checks.put("database", () -> {
            try {
                database.read(tx -> tx.now());
                return writes.problem();
            } catch (RuntimeException e) {
                return "the database cannot be read";
            }
        });
        checks.put("space", registry::spaceProblem);
        return checks;
    }

    static Map<String, Object> status(Database database, BlobStore store, Registry registry) {
        var status = new LinkedHashMap<String, Object>();
        status.put("version", version());
        status.put("uptimeSeconds", ManagementFactory.getRuntimeMXBean().getUptime() / 1000);
        status.put("openUploads", registry.openUploads());
        status.put("databaseQueue", database.queued());
        String space = registry.spaceProblem();
        status.put("space", space == null ? "ok" : space);
        try {
            status.put("freeBytes", store.usableSpace());
        } catch (IOException e) {
            status.put("freeBytes", null);
        }
        return status;
    }
}
