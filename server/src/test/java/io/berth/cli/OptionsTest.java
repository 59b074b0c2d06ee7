package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The configuration as the command line gives and checks it. */
class OptionsTest {
    private static final Pattern SERVES = Pattern.compile("Berth serves http://([0-9.]+):(\\d+)");

    @TempDir
    Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("berth.yml"), text);
    }

    @Test
    void aGoodConfigurationIsSaidToBeGood() throws Exception {
        Path file = file("data: " + directory.resolve("elsewhere") + "\nserver:\n  port: 5001\n");
        var run = CommandLineRun.of(directory, "", "config", "check", "--config", file.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("is good", directory.resolve("elsewhere").toString());
        assertThat(directory.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void everyProblemIsNamedWithKeyValueAndRemedy() throws Exception {
        Path file = file("server:\n  port: many\nregistry:\n  upload-expiry: soon\n");
        var run = CommandLineRun.of(
                directory,
                Map.of("BERTH_STORAGE_MIN_FREE", "some"),
                "",
                "config",
                "check",
                "--config",
                file.toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines())
                .hasSize(3)
                .anySatisfy(line -> assertThat(line).contains("server.port", "many", "a number from 0 to 65535"))
                .anySatisfy(line -> assertThat(line).contains("registry.upload-expiry", "soon", "a duration"))
                .anySatisfy(line -> assertThat(line).contains("storage.min-free", "some"));
    }

    @Test
    void aFileThatIsNotThereIsSaidSo() throws Exception {
        String absent = directory.resolve("absent.yml").toString();
        var run = CommandLineRun.of(directory, "", "config", "check", "--config", absent);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains(absent);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--listen 127.0.0.2 --port 0", "--listen=127.0.0.2 --port=0"})
    void listenSaysOnWhichAddress(String options) throws Exception {
        Path file = file("data: " + directory.resolve("data") + "\nserver:\n  host: 127.0.0.3\n");
        Process process = CommandLineRun.start(directory, ("serve --config " + file + " " + options).split(" "));
        try {
            Matcher serves = serving(process);
            assertThat(serves.group(1)).isEqualTo("127.0.0.2");
            int port = Integer.parseInt(serves.group(2));
            new Socket("127.0.0.2", port).close();
            for (String other : new String[] {"127.0.0.1", "127.0.0.3"}) {
                assertThatThrownBy(() -> new Socket(other, port).close()).isInstanceOf(ConnectException.class);
            }
        } finally {
            process.toHandle().destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(directory.resolve("data/berth.db")).exists();
    }

    // Its output lies in files, which nobody can wait for.
    private Matcher serving(Process process) throws Exception {
        for (int i = 0; i < 600 && process.isAlive(); i++) {
            Matcher serves = SERVES.matcher(Files.readString(directory.resolve("err")));
            if (serves.find()) {
                return serves;
            }
            process.waitFor(100, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("it does not serve: " + Files.readString(directory.resolve("err")));
    }
}
