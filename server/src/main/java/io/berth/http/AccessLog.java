package io.berth.http;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.LongAdder;

/**
 * One line for each request, written by a thread of its own. When that cannot follow, lines are dropped and counted;
 * requests never wait.
 *
 * <p>Lines hold no query, no Authorization header and no cookie, and control characters come out escaped.
 */
public final class AccessLog implements AutoCloseable {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** What is logged. Times are in milliseconds since 1970 and in microseconds. */
    record Entry(
            long at,
            String client,
            String principal,
            String method,
            String path,
            int status,
            long bytesIn,
            long bytesOut,
            long micros,
            String operation,
            String requestId,
            String userAgent) {}

    private static final Entry STOP = new Entry(0, "", "", "", "", 0, 0, 0, 0, "", "", "");

    private final ArrayBlockingQueue<Entry> queue = new ArrayBlockingQueue<>(16_384);
    private final LongAdder dropped = new LongAdder();
    private final OutputStream out;
    private final boolean json;
    private final Thread thread;
    private volatile boolean closed;

    public AccessLog(OutputStream out, boolean json) {
        this.out = out;
        this.json = json;
        thread = Thread.ofPlatform().name("access-log").daemon().start(this::run);
    }

    void add(Entry entry) {
        if (closed || !queue.offer(entry)) {
            dropped.increment();
        }
    }

    /** Lines that were lost since the log could not follow. */
    public long dropped() {
        return dropped.sum();
    }

    private void run() {
        var line = new StringBuilder(512);
        try {
            while (true) {
                Entry entry = queue.poll();
                if (entry == null) {
                    out.flush();
                    entry = queue.take();
                }
                if (entry == STOP) {
                    out.flush();
                    return;
                }
                line.setLength(0);
                if (json) {
                    appendJson(line, entry);
                } else {
                    appendText(line, entry);
                }
                out.write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            closed = true; // nowhere to write to
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void appendText(StringBuilder line, Entry entry) {
        line.append(TIME.format(Instant.ofEpochMilli(entry.at()))).append(' ');
        escape(line, entry.client()).append(' ');
        escape(line, entry.principal()).append(" \"").append(entry.method()).append(' ');
        escape(line, entry.path()).append("\" ").append(entry.status());
        line.append(' ').append(entry.bytesIn()).append(' ').append(entry.bytesOut());
        line.append(' ').append(entry.micros()).append("us ").append(entry.operation());
        line.append(' ').append(entry.requestId()).append(" \"");
        escape(line, entry.userAgent()).append('"');
    }

    private static void appendJson(StringBuilder line, Entry entry) {
        line.append("{\"time\":\"")
                .append(TIME.format(Instant.ofEpochMilli(entry.at())))
                .append("\",\"log\":\"access\"");
        text(line, "client", entry.client());
        text(line, "principal", entry.principal());
        text(line, "method", entry.method());
        text(line, "path", entry.path());
        line.append(",\"status\":").append(entry.status());
        line.append(",\"bytes_in\":").append(entry.bytesIn());
        line.append(",\"bytes_out\":").append(entry.bytesOut());
        line.append(",\"duration_us\":").append(entry.micros());
        text(line, "operation", entry.operation());
        text(line, "request_id", entry.requestId());
        text(line, "user_agent", entry.userAgent());
        line.append('}');
    }

    private static void text(StringBuilder line, String name, String value) {
        line.append(",\"").append(name).append("\":\"");
        int start = line.length();
        JsonStringEncoder.getInstance().quoteAsString(value, line);
        // JSON allows some control characters that a terminal obeys.
        for (int i = line.length() - 1; i >= start; i--) {
            if (isControl(line.charAt(i))) {
                line.replace(i, i + 1, "\\u%04x".formatted((int) line.charAt(i)));
            }
        }
        line.append('"');
    }

    private static boolean isControl(char c) {
        return c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029;
    }

    private static StringBuilder escape(StringBuilder line, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\' || isControl(c)) {
                line.append("\\u%04x".formatted((int) c));
            } else {
                line.append(c);
            }
        }
        return line;
    }

    @Override
    public void close() {
        closed = true;
        try {
            queue.put(STOP);
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
