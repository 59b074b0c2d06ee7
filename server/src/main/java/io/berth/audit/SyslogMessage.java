package io.berth.audit;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * An entry as a message of syslog: all fields as structured data, and a sentence for people. Control characters come out as
 * {@code \}{@code u000a}.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5424">RFC 5424, The Syslog Protocol</a>
 */
final class SyslogMessage {
    private static final int FACILITY = 13; // log audit
    private static final int NOTICE = 5;
    private static final int INFO = 6;

    /** What receivers have to take. Longer ones leave the detail out. */
    private static final int LONGEST = 8_192;

    private static final int LONGEST_VALUE = 256;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final String origin;

    /**
     * @param host this machine's name
     * @param process the number of this process
     */
    SyslogMessage(String host, long process) {
        origin = word(host, 255) + " berth " + process;
    }

    byte[] of(AuditEntry entry) {
        byte[] whole = format(entry, Integer.MAX_VALUE).getBytes(StandardCharsets.UTF_8);
        return whole.length <= LONGEST ? whole : format(entry, LONGEST_VALUE).getBytes(StandardCharsets.UTF_8);
    }

    private String format(AuditEntry entry, int longest) {
        int severity = entry.success() ? INFO : NOTICE;
        var line = new StringBuilder(512);
        line.append('<').append(FACILITY * 8 + severity).append(">1 ");
        line.append(TIME.format(Instant.ofEpochMilli(entry.at()))).append(' ');
        line.append(origin).append(' ').append(word(entry.operation(), 32));
        // 32473 is the number that RFC 5612 gives to examples: Berth has none of its own.
        line.append(" [audit@32473");
        parameter(line, "id", Long.toString(entry.id()), longest);
        parameter(line, "operation", entry.operation(), longest);
        parameter(line, "resourceType", entry.resourceType(), longest);
        parameter(line, "resource", entry.resource(), longest);
        parameter(line, "project", entry.project(), longest);
        parameter(line, "actor", entry.actor(), longest);
        parameter(line, "credential", entry.credential(), longest);
        parameter(line, "client", entry.client(), longest);
        parameter(line, "success", Boolean.toString(entry.success()), longest);
        parameter(line, "rule", entry.rule(), longest);
        parameter(line, "requestId", entry.requestId(), longest);
        if (longest == Integer.MAX_VALUE) {
            parameter(line, "detail", entry.detail(), longest);
        } else {
            parameter(line, "truncated", "true", longest);
        }
        line.append("] ");
        sentence(line, entry, longest);
        return line.toString();
    }

    private static void parameter(StringBuilder line, String name, String value, int longest) {
        if (value == null) {
            return;
        }
        line.append(' ').append(name).append("=\"");
        int end = Math.min(value.length(), longest);
        for (int i = 0; i < end; i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\' || c == ']') {
                line.append('\\').append(c);
            } else if (isControl(c)) {
                line.append('\\').append(escaped(c)); // a backslash has to be escaped itself
            } else {
                line.append(c);
            }
        }
        line.append('"');
    }

    // In ASCII alone, so that it needs no byte order mark.
    private static void sentence(StringBuilder line, AuditEntry entry, int longest) {
        String text = entry.actor()
                + ' '
                + entry.operation()
                + ' '
                + entry.resourceType()
                + ' '
                + entry.resource()
                + (entry.success() ? ": done" : ": refused");
        int end = Math.min(text.length(), longest);
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~') {
                line.append(escaped(c));
            } else {
                line.append(c);
            }
        }
    }

    private static boolean isControl(char c) {
        return Character.isISOControl(c) || c == 0x2028 || c == 0x2029 || c >= 0x202a && c <= 0x202e;
    }

    private static String escaped(char c) {
        return "\\u%04x".formatted((int) c);
    }

    private static String word(String text, int longest) {
        String printable = text.replaceAll("[^!-~]", "_");
        return printable.isEmpty() ? "-" : printable.substring(0, Math.min(longest, printable.length()));
    }
}
