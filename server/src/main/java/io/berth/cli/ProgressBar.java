package io.berth.cli;

import java.io.PrintStream;
import java.time.Duration;

/** How far something has come: a bar on a terminal, a line now and then elsewhere. For one thread. */
final class ProgressBar {
    private static final int WIDTH = 30;
    private static final String ERASE = "\r\033[K";
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB"};

    private final PrintStream out;
    private final String what;
    private final boolean terminal;
    private final long start = System.nanoTime();
    private long shownAt = start;
    private boolean shown;

    ProgressBar(PrintStream out, String what) {
        this(out, what, isTerminal());
    }

    ProgressBar(PrintStream out, String what, boolean terminal) {
        this.out = out;
        this.what = what;
        this.terminal = terminal;
    }

    /** Whether a person looks at standard input and output. */
    static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    /** So many of so many bytes are done. */
    void bytes(long done, long total) {
        long now = System.nanoTime();
        Duration every = terminal ? Duration.ofMillis(200) : Duration.ofSeconds(10);
        if (now - shownAt < every.toNanos()) {
            return;
        }
        shownAt = now;
        show(line(done, total, (now - start) / 1e9));
    }

    /** The line that tells how far it is after so many seconds. */
    String line(long done, long total, double seconds) {
        double rate = done / Math.max(0.001, seconds);
        int filled = total <= 0 ? WIDTH : (int) (WIDTH * Math.min(done, total) / total);
        return "%s [%s%s] %s of %s, %s/s, %s left"
                .formatted(
                        what,
                        "#".repeat(filled),
                        ".".repeat(WIDTH - filled),
                        size(done),
                        size(total),
                        size((long) rate),
                        rate > 0 ? time(Math.round((total - done) / rate)) : "?");
    }

    private void show(String line) {
        if (terminal) {
            out.print(ERASE + line);
            shown = true;
        } else {
            out.println(line);
        }
        out.flush();
    }

    /** Writes a line elsewhere on the screen than in the middle of the bar. */
    void print(PrintStream to, String line) {
        clear();
        to.println(line);
    }

    /** Takes the bar away. */
    void clear() {
        if (shown) {
            out.print(ERASE);
            out.flush();
            shown = false;
        }
    }

    /** A number of bytes for people. */
    static String size(long bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : "%.1f %s".formatted(value, UNITS[unit]);
    }

    /** A number of seconds for people. */
    static String time(long seconds) {
        return seconds < 60
                ? seconds + " s"
                : seconds < 3600
                        ? "%d min %02d s".formatted(seconds / 60, seconds % 60)
                        : "%d h %02d min".formatted(seconds / 3600, seconds / 60 % 60);
    }
}
