package io.berth.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormsTest {
    @ParameterizedTest
    @CsvSource({"0, 0", "17, 17", "17B, 17", "8KiB, 8192", "8 MiB, 8388608", "20GiB, 21474836480", "1TiB, 1099511627776"
    })
    void aNumberOfBytesHasABinaryUnitOrNone(String text, long bytes) {
        assertThat(Forms.bytes(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5MiB", "1MB", "1mib", "MiB", "1 MiB ", "0x10", "9999999999999999", "١"})
    void whatIsNoNumberOfBytesIsRefused(String text) {
        assertThatThrownBy(() -> Forms.bytes(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void moreBytesThanCanBeCountedAreRefused() {
        assertThatThrownBy(() -> Forms.bytes("999999999999999TiB")).isInstanceOf(ArithmeticException.class);
    }

    @ParameterizedTest
    @CsvSource({"250ms, PT0.25S", "30s, PT30S", "5m, PT5M", "36h, PT36H", "7d, P7D", "7 d, P7D"})
    void aDurationHasAUnit(String text, Duration duration) {
        assertThat(Forms.duration(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "-5s", "1.5h", "5 minutes", "5M", "1h30m"})
    void whatIsNoDurationIsRefused(String text) {
        assertThatThrownBy(() -> Forms.duration(text)).isInstanceOf(IllegalArgumentException.class);
    }

    // Timeouts are counted in nanoseconds, of which a long holds 292 years.
    @ParameterizedTest
    @ValueSource(strings = {"999999999d", "106752d", "2562048h"})
    void aDurationThatNoClockCanCountIsRefused(String text) {
        assertThatThrownBy(() -> Forms.duration(text))
                .isInstanceOfAny(IllegalArgumentException.class, ArithmeticException.class);
    }

    @Property
    void noTextMakesAParserFailInAnotherWay(@ForAll String text) {
        for (Key<?> key : Keys.all()) {
            try {
                var unused = key.parser().apply(text);
            } catch (IllegalArgumentException | ArithmeticException e) {
                // what ConfigLoader expects
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"localhost:9090, localhost, 9090", "127.0.0.1:0, 127.0.0.1, 0", "[::1]:80, ::1, 80"})
    void aListenerIsHostAndPort(String text, String host, int port) {
        var address = Forms.hostPort(text).orElseThrow();
        assertThat(address.getHostString()).isEqualTo(host);
        assertThat(address.getPort()).isEqualTo(port);
        assertThat(address.isUnresolved()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", ":80", "::1:80", "a:65536", "a:-1", "[::1]"})
    void whatIsNoListenerIsRefused(String text) {
        assertThatThrownBy(() -> Forms.hostPort(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ftp://a", "a", "https:///x", "https://a?b=c", "https://a#b", "https://a b"})
    void whatIsNoUrlIsRefused(String text) {
        assertThatThrownBy(() -> Forms.httpUrl(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
