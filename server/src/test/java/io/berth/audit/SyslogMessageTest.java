package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SyslogMessageTest {
    private final SyslogMessage message = new SyslogMessage("host name.example", 42);

    private String text(AuditEntry entry) {
        return new String(message.of(entry), StandardCharsets.UTF_8);
    }

    @Test
    void aMessageHasEveryField() {
        assertThat(text(new AuditEntry(
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
                        "{\"size\":[7]}",
                        12L)))
                .isEqualTo("<110>1 2026-01-01T00:00:00.123Z host_name.example berth 42 push"
                        + " [audit@32473 id=\"7\" operation=\"push\" resourceType=\"artifact\""
                        + " resource=\"team/app@sha256:a\" project=\"team\" actor=\"alice\" credential=\"token:4\""
                        + " client=\"192.0.2.1\" success=\"true\" rule=\"grant 3\" requestId=\"req-1\""
                        + " detail=\"{\\\"size\\\":[7\\]}\"]"
                        + " alice push artifact team/app@sha256:a: done");
    }

    @Test
    void refusalsAreNoticesAndWhatIsUnknownIsLeftOut() {
        assertThat(text(new AuditEntry(
                        8, 0, "login", "user", "eve", null, "eve", null, null, false, null, null, "{}", null)))
                .isEqualTo("<109>1 1970-01-01T00:00:00.000Z host_name.example berth 42 login"
                        + " [audit@32473 id=\"8\" operation=\"login\" resourceType=\"user\" resource=\"eve\""
                        + " actor=\"eve\" success=\"false\" detail=\"{}\"] eve login user eve: refused");
    }

    @Test
    void hostileNamesNeitherEndTheMessageNorItsParts() {
        for (String hostile : TestAudit.HOSTILE) {
            String text = text(TestAudit.entry(1, "push", hostile, hostile));
            assertThat(text.chars().noneMatch(Character::isISOControl)).as(text).isTrue();
            assertThat(text).doesNotContain("\u202e");
            // Each value up to its own quote, then one bracket, then a sentence in ASCII.
            assertThat(text.substring(text.indexOf('[')))
                    .matches("\\[audit@32473( [a-zA-Z]+=\"(\\\\[\"\\\\\\]]|[^\"\\\\\\]])*\")+] [ -~]+");
        }
        assertThat(text(TestAudit.entry(1, "push", "a\nb", "x")))
                .contains("resource=\"a\\\\u000ab\"", " a\\u000ab: done");
        assertThat(text(TestAudit.entry(1, "od d\n", "r", "x"))).contains(" 42 od_d_ [");
        assertThat(text(TestAudit.entry(1, "", "r", "x"))).contains(" 42 - [");
    }

    @Test
    void longMessagesAreCutToWhatReceiversTake() {
        var entry = new AuditEntry(
                1,
                0,
                "push",
                "artifact",
                "r".repeat(1_000),
                null,
                "名".repeat(1_000),
                null,
                null,
                true,
                null,
                null,
                "{\"old\":\"" + "x".repeat(9_000) + "\"}",
                null);
        assertThat(message.of(entry).length).isLessThanOrEqualTo(8_192);
        assertThat(text(entry)).contains(" truncated=\"true\"]").doesNotContain("detail=");
    }
}
