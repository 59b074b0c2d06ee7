package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.http.Authentication;
import io.berth.oci.Json;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code berth login}: proves a credential to a registry and puts it where docker, podman, skopeo and others look for it. */
@Command(
        name = "login",
        description = {
            "Logs in to a registry, for docker and whatever else reads docker's configuration.",
            "With --oidc a browser logs in at the identity provider, and shows a secret to paste here.",
            "For example: berth login --oidc registry.example.com"
        },
        mixinStandardHelpOptions = true)
final class LoginCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Option(names = "--oidc", description = "By a browser and an identity provider instead of a password.")
    private boolean oidc;

    @Option(
            names = {"-u", "--username"},
            paramLabel = "NAME",
            description = "The account; asked for when absent. With --oidc the secret tells.")
    private String user;

    @Option(names = "--password-stdin", description = "Reads the password or secret from standard input.")
    private boolean fromInput;

    @Option(names = "--plain-http", description = "Without TLS. Loopback is tried both ways.")
    private boolean plain;

    @Parameters(index = "0", paramLabel = "REGISTRY", description = "HOST or HOST:PORT.")
    private String registry;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!registry.matches("[A-Za-z0-9.\\-\\[\\]:]+")) {
            System.err.println("berth login: REGISTRY is HOST or HOST:PORT, without a scheme or a path");
            return 2;
        }
        URI base = reach();
        if (oidc) {
            System.err.println("Open this page in a browser, log in, and copy the secret that it shows:\n\n    " + base
                    + "/login\n");
        } else if (user == null) {
            user = ask("Username: ");
        }
        String secret = fromInput ? line() : askSecretly(oidc ? "Secret: " : "Password: ");
        if (secret.isEmpty()) {
            System.err.println("berth login: nothing was given");
            return 1;
        }
        String authorization =
                oidc && user == null ? "Bearer " + secret.strip() : Authentication.basic(user, secret.strip());
        HttpResponse<String> answer = send(base.resolve("/api/v1/me"), authorization);
        if (answer.statusCode() != 200) {
            System.err.println("berth login: " + registry + " does not take it: " + complaint(answer));
            return 1;
        }
        JsonNode me = Json.MAPPER.readTree(answer.body());
        String name = me.path("name").asText();
        String where = DockerCredentials.ofUser().put(registry, name, secret.strip());
        System.out.println("Logged in to " + registry + " as " + name + "; kept in " + where);
        return 0;
    }

    // Plain where it is asked for, or on loopback where nobody speaks TLS
    private URI reach() throws IOException, InterruptedException {
        URI secure = URI.create("https://" + registry);
        if (plain) {
            return URI.create("http://" + registry);
        }
        try {
            send(secure.resolve("/livez"), null);
            return secure;
        } catch (SSLException | ConnectException e) {
            if (!registry.matches("(localhost|127\\.[0-9.]+|\\[::1])(:\\d+)?")) {
                throw new IOException(
                        registry + " cannot be reached by TLS (" + e.getMessage()
                                + "); --plain-http goes without, and shows the secret to the network",
                        e);
            }
            return URI.create("http://" + registry);
        }
    }

    private static HttpResponse<String> send(URI uri, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(uri).timeout(PATIENCE);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try (var client = HttpClient.newBuilder()
                .connectTimeout(PATIENCE)
                .version(HttpClient.Version.HTTP_1_1)
                .build()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static String complaint(HttpResponse<String> answer) {
        try {
            JsonNode error =
                    Json.MAPPER.readTree(answer.body()).path("errors").path(0).path("message");
            return error.asText("it answered " + answer.statusCode());
        } catch (IOException e) {
            return "it answered " + answer.statusCode() + ", which is no Berth";
        }
    }

    private static String ask(String question) throws IOException {
        System.err.print(question);
        System.err.flush();
        return line().strip();
    }

    private static String askSecretly(String question) throws IOException {
        Console console = System.console();
        if (console != null && console.isTerminal()) {
            char[] typed = console.readPassword("%s", question);
            return typed == null ? "" : new String(typed);
        }
        return ask(question);
    }

    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private static String line() throws IOException {
        String line = INPUT.readLine();
        return line == null ? "" : line;
    }
}
