package io.berth;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import io.berth.config.BerthConfig;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoggingTest {
    // Ends of lines of ASCII, of Latin-1 and of Unicode, and what terminals obey.
    private static final String HOSTILE = "a\r\nb\u0085c\u2028d\u2029e\u001b[31mf";

    @ParameterizedTest
    @EnumSource
    void whatAClientSaysForgesNoLine(BerthConfig.LogFormat format) throws IOException {
        var context = new LoggerContext();
        context.setMDCAdapter(new LogbackMDCAdapter());
        var encoder = Logging.encoder(context, format);
        ILoggingEvent event = new LoggingEvent(
                "here", context.getLogger("io.berth.Some"), Level.WARN, "told: {}", null, new Object[] {HOSTILE});
        String line = new String(encoder.encode(event), StandardCharsets.UTF_8);
        assertThat(line).endsWith("\n");
        assertThat(line.strip()).doesNotContain("\r", "\n", "\u001b");
        if (format == BerthConfig.LogFormat.JSON) {
            assertThat(Json.MAPPER.readTree(line).path("arguments").path(0).textValue())
                    .isEqualTo(HOSTILE);
        } else {
            assertThat(line).contains("told: a  b c d e [31mf");
        }
    }
}
