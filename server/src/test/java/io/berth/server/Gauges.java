package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** What a Berth says of itself under {@code /metrics}, and waiting for it to say so. */
final class Gauges {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private Gauges() {}

    /** Bytes of the buffers that downloads are pumped through. */
    static long buffers(BerthUnderTest berth) {
        return value(berth, "berth_http_buffers_bytes");
    }

    static long openUploads(BerthUnderTest berth) {
        return value(berth, "berth_uploads_open");
    }

    /** Requests that are being answered, the one that asks among them. */
    static long active(BerthUnderTest berth) {
        return value(berth, "berth_http_requests_active");
    }

    /** Bytes of bodies that an operation has sent so far in answers of status 200. */
    static long sentBy(BerthUnderTest berth, String operation) {
        return value(berth, "berth_http_response_bytes_total{code=\"200\",operation=\"" + operation + "\"}");
    }

    /** How often the database was read, and how often something was committed. */
    static long databaseWork(BerthUnderTest berth) {
        return value(berth, "berth_database_reads_seconds_count")
                + value(berth, "berth_database_commits_seconds_count");
    }

    /** Requests that were refused so far for this reason. */
    static long refused(BerthUnderTest berth, String reason) {
        return value(berth, "berth_refusals_total{reason=\"" + reason + "\"}");
    }

    private static long value(BerthUnderTest berth, String name) {
        String prefix = name + " ";
        return berth.get("/metrics")
                .isStatus(200)
                .text()
                .lines()
                .filter(line -> line.startsWith(prefix))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(prefix.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    /** Asks again and again; each question is a request or more, which is pause enough. */
    static void eventually(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        boolean held;
        do {
            held = holds.getAsBoolean();
        } while (!held && System.nanoTime() < end);
        assertThat(held).as(what).isTrue();
    }
}
