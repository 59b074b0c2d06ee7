package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.berth.Berth;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminCommandTest {
    @TempDir
    Path directory;

    private Path data;
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeEach
    void name() {
        data = directory.resolve("data");
    }

    private CommandLineRun berth(String input, String... arguments) throws Exception {
        return CommandLineRun.of(directory, input, arguments);
    }

    private int login(Berth berth, String password) throws Exception {
        String basic = Base64.getEncoder().encodeToString(("admin:" + password).getBytes(StandardCharsets.UTF_8));
        return client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + berth.port() + "/v2/"))
                                .header("Authorization", "Basic " + basic)
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void aPasswordIsResetWhileTheServerRunsAndWhileItDoesNot() throws Exception {
        Path file = data.resolve("admin-password");
        try (Berth berth = CommandLineRun.serve(data)) {
            String first = Files.readString(file).strip();
            assertThat(login(berth, first)).isEqualTo(200);
            CommandLineRun reset =
                    berth("given by hand\n", "admin", "reset-password", "--password-stdin", "--data", data.toString());
            assertThat(reset.code()).as(reset.err()).isZero();
            assertThat(reset.out()).contains("was changed", "held the old one and was removed");
            assertThat(file).doesNotExist();
            assertThat(login(berth, first)).isEqualTo(401);
            assertThat(login(berth, "given by hand")).isEqualTo(200);
        }
        CommandLineRun made = berth("", "admin", "reset-password", "--data", data.toString());
        assertThat(made.code()).as(made.err()).isZero();
        String generated = Files.readString(file).strip();
        assertThat(made.out()).contains(file.toString()).doesNotContain(generated); // this is no terminal
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        try (Berth berth = CommandLineRun.serve(data)) {
            assertThat(login(berth, generated)).isEqualTo(200);
            assertThat(login(berth, "given by hand")).isEqualTo(401);
        }
    }

    @Test
    void whatCannotBeResetIsSaidAndChangesNothing() throws Exception {
        CommandLineRun nowhere = berth("", "admin", "reset-password", "--data", data.toString());
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err()).contains("there is no Berth in");
        assertThat(data).doesNotExist();
        try (Berth berth = CommandLineRun.serve(data)) {
            String first = Files.readString(data.resolve("admin-password")).strip();
            assertThat(berth("short\n", "admin", "reset-password", "--password-stdin", "--data", data.toString())
                            .err())
                    .contains("8 characters or more");
            CommandLineRun unknown = berth("", "admin", "reset-password", "--user", "eve", "--data", data.toString());
            assertThat(unknown.code()).isEqualTo(1);
            assertThat(unknown.err()).contains("there is no local account 'eve'");
            assertThat(login(berth, first)).isEqualTo(200);
        }
    }

    @Test
    void theStatusOfARunningServerIsTold() throws Exception {
        CommandLineRun none = berth("", "admin", "status", "--data", data.toString());
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err()).contains("no server runs on");
        try (Berth berth = CommandLineRun.serve(data)) {
            assertThat(berth.port()).isPositive();
            CommandLineRun text = berth("", "admin", "status", "--data", data.toString());
            assertThat(text.code()).as(text.err()).isZero();
            assertThat(text.out())
                    .contains("version ", "uptime ", "open uploads    0", "database queue ", "ok, ", "free");
            var json = new JsonMapper()
                    .readTree(berth("", "admin", "status", "--output", "json", "--data", data.toString())
                            .out());
            assertThat(json.path("openUploads").asInt(-1)).isZero();
            assertThat(json.path("freeBytes").asLong()).isPositive();
            assertThat(json.path("uptimeSeconds").isNumber()).isTrue();
        }
    }

    @Test
    void theVersionAndCompletionsArePrinted() throws Exception {
        assertThat(berth("", "version").out()).startsWith("berth ");
        CommandLineRun completion = berth("", "completion");
        assertThat(completion.code()).isZero();
        Path script = Files.writeString(directory.resolve("completion"), completion.out());
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        "source " + script + "; COMP_WORDS=(berth admin res); COMP_CWORD=2; _complete_berth;"
                                + " echo ${COMPREPLY[@]}")
                .start();
        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("reset-password");
    }
}
