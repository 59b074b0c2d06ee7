package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.berth.Berth;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditCommandTest {
    @TempDir
    Path directory;

    private Path data;
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeEach
    void name() {
        data = directory.resolve("data");
    }

    private CommandLineRun audit(String... options) throws Exception {
        var arguments = new String[options.length + 3];
        arguments[0] = "audit";
        arguments[1] = "--data";
        arguments[2] = data.toString();
        System.arraycopy(options, 0, arguments, 3, options.length);
        return CommandLineRun.of(directory, "", arguments);
    }

    private void failToLogIn(Berth berth, String name) throws Exception {
        String basic = Base64.getEncoder().encodeToString((name + ":guess").getBytes(StandardCharsets.UTF_8));
        int status = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + berth.port() + "/v2/"))
                                .header("Authorization", "Basic " + basic)
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
        assertThat(status).isEqualTo(401);
    }

    private String count(String... options) throws Exception {
        var all = new String[options.length + 1];
        all[0] = "--count";
        System.arraycopy(options, 0, all, 1, options.length);
        CommandLineRun run = audit(all);
        assertThat(run.code()).as(run.err()).isZero();
        return run.out().strip();
    }

    @Test
    void theAuditIsSearchedAndExportedWhileTheServerRunsAndWhileItDoesNot() throws Exception {
        try (Berth berth = CommandLineRun.serve(data)) {
            failToLogIn(berth, "=1+1");
            failToLogIn(berth, "\u001b[31meve");
            for (int i = 0; i < 100 && !count("--operation", "login").equals("2"); i++) {
                // each asks in a process of its own, which takes longer than the queue
            }
            assertThat(count("--operation", "login", "--success", "false")).isEqualTo("2");
            CommandLineRun text = audit("--operation", "login", "--from", "1h");
            assertThat(text.out().lines()).hasSize(2);
            assertThat(text.out())
                    .contains("refused", "\\u001b[31meve", "127.0.0.1")
                    .doesNotContain("\u001b");
            CommandLineRun json = audit("--actor", "=1+1", "--output", "json");
            assertThat(new JsonMapper().readTree(json.out()).path("client").asText())
                    .isEqualTo("127.0.0.1");
            assertThat(audit("--actor", "=1+1", "--output", "csv").out()).contains(",\"'=1+1\",");
            assertThat(audit("--limit", "1", "--output", "json").out().lines()).hasSize(1);
            CommandLineRun wrong = audit("--from", "yesterday");
            assertThat(wrong.code()).isEqualTo(1);
            assertThat(wrong.err()).contains("berth audit: from: 'yesterday'");
        }
        assertThat(count("--operation", "login")).isEqualTo("2");
        assertThat(count("--operation", "login", "--to", "1h")).isEqualTo("0");
        CommandLineRun csv = audit("--operation", "login", "--output", "csv");
        assertThat(csv.code()).as(csv.err()).isZero();
        assertThat(csv.out()).startsWith("id,at,operation").contains(",\"'=1+1\",");
        assertThat(audit("--operation", "create", "--type", "project").out()).contains("create project library");
    }

    @Test
    void whereThereIsNoBerthNothingIsMade() throws Exception {
        CommandLineRun nowhere = audit();
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err()).contains("there is no Berth in");
        assertThat(data).doesNotExist();
    }
}
