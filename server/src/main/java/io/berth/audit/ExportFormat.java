package io.berth.audit;

import io.berth.oci.Json;
import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The forms that entries leave in. What is returned ends with the end of its line. */
public enum ExportFormat {
    /**
     * Comma-separated values, for spreadsheets: what one of those would take for a formula has an apostrophe before it.
     *
     * @see <a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>
     * @see <a href="https://owasp.org/www-community/attacks/CSV_Injection">OWASP, CSV Injection</a>
     */
    CSV {
        @Override
        public String head() {
            return "id,at,operation,resource_type,resource,project,actor,credential,client,success,rule,request_id,"
                    + "detail,change\r\n";
        }

        @Override
        public String line(AuditEntry entry) {
            return Stream.of(
                                    Long.toString(entry.id()),
                                    Instant.ofEpochMilli(entry.at()).toString(),
                                    entry.operation(),
                                    entry.resourceType(),
                                    entry.resource(),
                                    entry.project(),
                                    entry.actor(),
                                    entry.credential(),
                                    entry.client(),
                                    Boolean.toString(entry.success()),
                                    entry.rule(),
                                    entry.requestId(),
                                    entry.detail(),
                                    entry.changeSeq() == null ? null : Long.toString(entry.changeSeq()))
                            .map(ExportFormat::cell)
                            .collect(Collectors.joining(","))
                    + "\r\n";
        }
    },
    /** A JSON object on each line. */
    JSON_LINES {
        @Override
        public String head() {
            return "";
        }

        @Override
        public String line(AuditEntry entry) {
            return Json.write(AuditJson.of(entry)) + "\n";
        }
    };

    private static String cell(String value) {
        if (value == null || value.isEmpty()) {
            return "";
        }
        boolean formula = "=+-@\t\r\n".indexOf(value.charAt(0)) >= 0;
        return "\"" + (formula ? "'" : "") + value.replace("\"", "\"\"") + "\"";
    }

    /** What comes before the first entry, may be empty. */
    public abstract String head();

    public abstract String line(AuditEntry entry);
}
