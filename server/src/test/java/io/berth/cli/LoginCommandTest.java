package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.Berth;
import io.berth.config.ConfigLoader;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** `berth login`, and where it keeps what it was given. */
class LoginCommandTest {
    private static final String PASSWORD = "Login-12345";

    @TempDir
    Path directory;

    private Berth serve() throws IOException {
        return new Berth(
                new ConfigLoader()
                        .set("data", directory.resolve("data").toString(), "test")
                        .set("server.port", "0", "test")
                        .set("log.access", "false", "test")
                        .set("admin.password", PASSWORD, "test")
                        .load(),
                Clock.systemUTC(),
                new SecureRandom());
    }

    private CommandLineRun login(String input, String... arguments) throws Exception {
        var all = new String[arguments.length + 1];
        all[0] = "login";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandLineRun.of(
                directory, Map.of("DOCKER_CONFIG", directory.resolve("docker").toString()), input, all);
    }

    private JsonNode config() throws IOException {
        return Json.MAPPER.readTree(
                Files.readAllBytes(directory.resolve("docker").resolve("config.json")));
    }

    private static String encoded(String user, String secret) {
        return Base64.getEncoder().encodeToString((user + ":" + secret).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatIsRightIsKeptWhereDockerLooksForIt() throws Exception {
        try (Berth berth = serve()) {
            String registry = "127.0.0.1:" + berth.port();
            CommandLineRun wrong = login("no\n", "-u", "admin", "--password-stdin", registry);
            assertThat(wrong.code()).isEqualTo(1);
            assertThat(wrong.err()).contains("does not take it");
            assertThat(directory.resolve("docker")).doesNotExist();
            CommandLineRun right = login(PASSWORD + "\n", "-u", "admin", "--password-stdin", registry);
            assertThat(right.code()).as(right.err()).isZero();
            assertThat(right.out()).contains("as admin").doesNotContain(PASSWORD);
            assertThat(config().path("auths").path(registry).path("auth").asText())
                    .isEqualTo(encoded("admin", PASSWORD));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                            directory.resolve("docker").resolve("config.json"))))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void aSecretOfTheLoginPageTellsWhoseItIs() throws Exception {
        try (Berth berth = serve()) {
            String registry = "127.0.0.1:" + berth.port();
            String secret = token(berth);
            CommandLineRun right = login(secret + "\n", "--oidc", registry);
            assertThat(right.code()).as(right.err()).isZero();
            assertThat(right.err()).contains("http://" + registry + "/login");
            assertThat(config().path("auths").path(registry).path("auth").asText())
                    .isEqualTo(encoded("admin", secret));
            assertThat(login("berth_pat_nothing\n", "--oidc", registry).code()).isEqualTo(1);
        }
    }

    private static String token(Berth berth) throws Exception {
        try (var client = java.net.http.HttpClient.newHttpClient()) {
            var made = client.send(
                    java.net.http.HttpRequest.newBuilder(
                                    java.net.URI.create("http://127.0.0.1:" + berth.port() + "/api/v1/me/tokens"))
                            .header("Authorization", "Basic " + encoded("admin", PASSWORD))
                            .header("Content-Type", "application/json")
                            .POST(java.net.http.HttpRequest.BodyPublishers.ofString("{\"name\":\"x\"}"))
                            .build(),
                    java.net.http.HttpResponse.BodyHandlers.ofString());
            return Json.MAPPER.readTree(made.body()).path("secret").asText();
        }
    }

    @Test
    void whereNobodyListensIsSaidInWords() throws Exception {
        CommandLineRun away = login("x\n", "-u", "admin", "--password-stdin", "127.0.0.1:1");
        assertThat(away.code()).isEqualTo(1);
        assertThat(login("x\n", "https://registry.example.com/").code()).isEqualTo(2);
    }

    @Test
    void whatElseTheFileHasStays() throws Exception {
        Path docker = Files.createDirectories(directory.resolve("docker"));
        Files.writeString(docker.resolve("config.json"), "{\"auths\":{\"other\":{\"auth\":\"x\"}},\"psFormat\":\"y\"}");
        new DockerCredentials(docker).put("here:5000", "u", "s");
        assertThat(config().toString())
                .isEqualTo("{\"auths\":{\"other\":{\"auth\":\"x\"},\"here:5000\":{\"auth\":\"" + encoded("u", "s")
                        + "\"}},\"psFormat\":\"y\"}");
        Files.writeString(docker.resolve("config.json"), "[]");
        assertThatThrownBy(() -> new DockerCredentials(docker).put("here:5000", "u", "s"))
                .hasMessageContaining("no JSON object");
        assertThat(Files.readString(docker.resolve("config.json"))).isEqualTo("[]");
        try (var files = Files.list(docker)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aHelperThatIsNamedAndMissingIsAnError() throws Exception {
        Path docker = Files.createDirectories(directory.resolve("docker"));
        String before = "{\"credsStore\":\"none-of-these\"}";
        Files.writeString(docker.resolve("config.json"), before);
        assertThatThrownBy(() -> new DockerCredentials(docker).put("here:5000", "u", "s"))
                .hasMessageContaining("docker-credential-none-of-these");
        assertThat(Files.readString(docker.resolve("config.json"))).isEqualTo(before);
    }
}
