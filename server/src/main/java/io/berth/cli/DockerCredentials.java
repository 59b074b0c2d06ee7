package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.identity.Accounts;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Where docker keeps what it logs in with: {@code config.json}, or the credential helper that it names.
 *
 * @param directory of {@code config.json}
 * @see <a href="https://docs.docker.com/reference/cli/docker/login/">docker login</a>
 */
record DockerCredentials(Path directory) {

    /** Those of whoever runs this: {@code DOCKER_CONFIG}, else {@code ~/.docker}. */
    static DockerCredentials ofUser() {
        String given = System.getenv("DOCKER_CONFIG");
        String home = Optional.ofNullable(System.getenv("HOME")).orElse(System.getProperty("user.home"));
        return new DockerCredentials(given == null || given.isEmpty() ? Path.of(home, ".docker") : Path.of(given));
    }

    /** Keeps a credential; returns where it went. */
    String put(String registry, String user, String secret) throws IOException {
        Path file = directory.resolve("config.json");
        ObjectNode config = read(file);
        Optional<String> helper = Optional.ofNullable(
                        config.path("credHelpers").path(registry).asText(null))
                .or(() -> Optional.ofNullable(config.path("credsStore").asText(null)))
                .filter(name -> !name.isEmpty());
        if (helper.isPresent()) {
            store("docker-credential-" + helper.get(), registry, user, secret);
            return "docker-credential-" + helper.get();
        }
        config.withObject("/auths")
                .putObject(registry)
                .put(
                        "auth",
                        Base64.getEncoder().encodeToString((user + ":" + secret).getBytes(StandardCharsets.UTF_8)));
        write(file, config);
        return file.toString();
    }

    private static ObjectNode read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Json.MAPPER.createObjectNode();
        }
        JsonNode node = Json.MAPPER.readTree(Files.readAllBytes(file));
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new IOException(file + " is no JSON object, and is left as it is");
    }

    // A reader sees the old file or the new one, and nobody else sees either.
    private void write(Path file, ObjectNode config) throws IOException {
        Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Accounts.write(Files.exists(file) ? file.toRealPath() : file, config.toPrettyString());
    }

    private static void store(String program, String registry, String user, String secret) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(program, "store")
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new IOException("docker's configuration names " + program + ", which cannot be run", e);
        }
        try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
            in.write(Json.object("ServerURL", registry, "Username", user, "Secret", secret));
        }
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException(program + " did not keep it");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
