package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);

    @Test
    void itTellsRateAndTimeLeft() {
        var bar = new ProgressBar(out, "importing", true);
        assertThat(bar.line(1L << 30, 4L << 30, 10))
                .isEqualTo("importing [#######.......................] 1.0 GiB of 4.0 GiB, 102.4 MiB/s, 30 s left");
        assertThat(bar.line(1, 1 << 20, 1)).endsWith("1 B/s, 291 h 16 min left");
        assertThat(bar.line(1 << 10, 1 << 20, 1)).endsWith("17 min 03 s left");
    }

    @Test
    void nothingAtAllIsDoneAtOnce() {
        assertThat(new ProgressBar(out, "checking", true).line(0, 0, 0))
                .contains("0 B of 0 B")
                .endsWith("? left");
    }

    @Test
    void aLineTakesTheBarAwayFirst() throws InterruptedException {
        var bar = new ProgressBar(out, "checking", true);
        Thread.sleep(250);
        bar.bytes(1, 2);
        bar.print(out, "damage: something");
        bar.clear();
        assertThat(written.toString(StandardCharsets.UTF_8))
                .startsWith("\r\033[Kchecking [")
                .endsWith("\r\033[Kdamage: something" + System.lineSeparator());
    }

    @Test
    void whereNobodyLooksThereAreNoControlCharacters() {
        var bar = new ProgressBar(out, "checking", false);
        bar.bytes(1, 2);
        bar.print(out, "damage: something");
        bar.clear();
        assertThat(written.toString(StandardCharsets.UTF_8)).isEqualTo("damage: something" + System.lineSeparator());
    }
}
