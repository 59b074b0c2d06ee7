package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.oci.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExportFormatTest {
    private static final AuditEntry FULL = new AuditEntry(
            7,
            1_767_225_600_123L,
            "push",
            "artifact",
            "team/app@sha256:a",
            "team",
            "alice",
            "token:4",
            "192.0.2.1",
            true,
            "grant 3",
            "req-1",
            "{\"size\":7}",
            12L);

    @Test
    void aLineOfCsvHasEveryFieldUnderItsName() {
        assertThat(parse(ExportFormat.CSV.head() + ExportFormat.CSV.line(FULL)))
                .containsExactly(
                        List.of(
                                "id",
                                "at",
                                "operation",
                                "resource_type",
                                "resource",
                                "project",
                                "actor",
                                "credential",
                                "client",
                                "success",
                                "rule",
                                "request_id",
                                "detail",
                                "change"),
                        List.of(
                                "7",
                                "2026-01-01T00:00:00.123Z",
                                "push",
                                "artifact",
                                "team/app@sha256:a",
                                "team",
                                "alice",
                                "token:4",
                                "192.0.2.1",
                                "true",
                                "grant 3",
                                "req-1",
                                "{\"size\":7}",
                                "12"));
    }

    @Test
    void hostileNamesStayInTheirCellAndAreNoFormulas() {
        for (String hostile : TestAudit.HOSTILE) {
            List<List<String>> rows = parse(ExportFormat.CSV.line(TestAudit.entry(1, "push", hostile, hostile)));
            assertThat(rows).as(hostile).hasSize(1);
            assertThat(rows.getFirst()).hasSize(14);
            String cell = rows.getFirst().get(4);
            assertThat(cell).isIn(hostile, "'" + hostile);
            assertThat("=+-@\t\r\n").doesNotContain(cell.substring(0, 1));
        }
    }

    @Test
    void aJsonLineIsOneLineAndReadsBack() throws Exception {
        List<AuditEntry> entries = new ArrayList<>(List.of(FULL));
        TestAudit.HOSTILE.forEach(hostile -> entries.add(TestAudit.entry(1, "push", hostile, hostile)));
        for (AuditEntry entry : entries) {
            String line = ExportFormat.JSON_LINES.line(entry);
            assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
            assertThat(AuditJson.entry(Json.MAPPER.readTree(line))).isEqualTo(entry);
        }
        assertThat(ExportFormat.JSON_LINES.line(FULL))
                .isEqualTo("{\"id\":7,\"at\":\"2026-01-01T00:00:00.123Z\",\"operation\":\"push\","
                        + "\"resource_type\":\"artifact\",\"resource\":\"team/app@sha256:a\",\"project\":\"team\","
                        + "\"actor\":\"alice\",\"credential\":\"token:4\",\"client\":\"192.0.2.1\",\"success\":true,"
                        + "\"rule\":\"grant 3\",\"request_id\":\"req-1\",\"detail\":{\"size\":7},\"change\":12}\n");
        assertThat(ExportFormat.JSON_LINES.head()).isEmpty();
    }

    // RFC 4180, as spreadsheets read it
    private static List<List<String>> parse(String csv) {
        List<List<String>> rows = new ArrayList<>();
        List<String> row = new ArrayList<>();
        var cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < csv.length(); i++) {
            char c = csv.charAt(i);
            if (quoted && c == '"' && i + 1 < csv.length() && csv.charAt(i + 1) == '"') {
                cell.append('"');
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && c == ',') {
                row.add(cell.toString());
                cell.setLength(0);
            } else if (!quoted && c == '\n') {
                row.add(cell.toString());
                cell.setLength(0);
                rows.add(row);
                row = new ArrayList<>();
            } else if (quoted || c != '\r') {
                cell.append(c);
            }
        }
        assertThat(quoted).isFalse();
        assertThat(row).isEmpty();
        return rows;
    }
}
