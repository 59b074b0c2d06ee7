package io.berth.cli;

import java.io.PrintStream;
import java.time.Duration;

/** How far something has come: a bar on a terminal, a line now and then elsewhere. For one thread. */
final class ProgressBar {
    private static final int WIDTH = 30;

    private final PrintStream out;
    private final String what;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private long shownAt = start;

    ProgressBar(PrintStream out, String what) {
        this.out = out;
        this.what = what;
        this.terminal = System.console() != null && System.console().isTerminal();
    }

    /** So many of so many bytes are done. */
    void bytes(long done, long total) {
        long now = System.nanoTime();
        boolean last = done >= total;
        Duration every = terminal ? Duration.ofMillis(200) : Duration.ofSeconds(10);
        if (now - shownAt < every.toNanos() && !(last && terminal)) {
            return;
        }
        shownAt = now;
        double seconds = Math.max(0.001, (now - start) / 1e9);
        double rate = done / seconds;
        long left = rate > 0 ? Math.round((total - done) / rate) : 0;
        int filled = total == 0 ? WIDTH : (int) (WIDTH * done / total);
        String line = "%s [%s%s] %d of %d MiB, %.0f MiB/s, %d s left"
                .formatted(
                        what,
                        "#".repeat(filled),
                        ".".repeat(WIDTH - filled),
                        done >> 20,
                        total >> 20,
                        rate / (1 << 20),
                        left);
        out.print(terminal ? "\r" + line + (last ? System.lineSeparator() : "") : line + System.lineSeparator());
        out.flush();
    }
}
