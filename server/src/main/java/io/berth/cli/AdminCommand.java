package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.identity.AccessVersion;
import io.berth.identity.Accounts;
import io.berth.identity.AdminSocket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code berth admin}: what whoever may read the data directory may do. */
@Command(
        name = "admin",
        description = "Looks after a server through its data directory.",
        mixinStandardHelpOptions = true)
final class AdminCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(System.out);
        return 2;
    }

    @Command(
            name = "reset-password",
            description = {
                "Gives a local account a new password, which counts with the next request.",
                "The server may run or not."
            },
            mixinStandardHelpOptions = true)
    int resetPassword(
            @Mixin ConfigOptions options,
            @Option(
                            names = "--user",
                            paramLabel = "NAME",
                            defaultValue = Accounts.ADMIN,
                            description = "The account (default: ${DEFAULT-VALUE}).")
                    String user,
            @Option(
                            names = "--password-stdin",
                            description = "Reads the password from standard input. Otherwise one is made: a terminal"
                                    + " shows it, else it goes to a file in the data directory.")
                    boolean fromInput)
            throws IOException {
        BerthConfig config = options.load();
        String password = fromInput ? firstLine() : Accounts.generate(new SecureRandom());
        if (password.length() < Accounts.MIN_PASSWORD) {
            System.err.println("berth admin: a password has " + Accounts.MIN_PASSWORD + " characters or more");
            return 1;
        }
        JsonNode answer =
                AdminSocket.request(config.data(), Map.of("do", "reset-password", "user", user, "password", password));
        String problem = answer == null
                ? resetOffline(config, user, password)
                : answer.path("error").asText(null);
        if (problem != null) {
            System.err.println("berth admin: " + problem);
            return 1;
        }
        tell(config, user, fromInput ? null : password);
        return 0;
    }

    private static String firstLine() throws IOException {
        String line = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        return line == null ? "" : line;
    }

    private static String resetOffline(BerthConfig config, String user, String password) throws IOException {
        try (var data = OfflineData.existing(config)) {
            boolean found = new Accounts(data.database(), new SecureRandom(), new AccessVersion())
                    .setPassword(user, password, Change.Origin.by("berth admin"));
            return found ? null : "there is no local account '" + user + "'";
        }
    }

    // A secret that nobody looks at goes into no log: it goes where the first one went.
    private static void tell(BerthConfig config, String user, String generated) throws IOException {
        Path file = config.data().resolve(user + "-password");
        if (generated != null && !ProgressBar.isTerminal()) {
            Accounts.write(file, generated);
            System.out.println("The new password of '" + user + "' is in " + file.toAbsolutePath());
            return;
        }
        System.out.println(
                generated == null
                        ? "The password of '" + user + "' was changed."
                        : "The new password of '" + user + "': " + generated);
        if (Files.deleteIfExists(file)) {
            System.out.println(file.toAbsolutePath() + " held the old one and was removed.");
        }
    }

    @Command(name = "status", description = "Tells how a running server does.", mixinStandardHelpOptions = true)
    int status(
            @Mixin ConfigOptions options,
            @Option(
                            names = "--output",
                            paramLabel = "text|json",
                            defaultValue = "text",
                            description = "The answer's form: ${COMPLETION-CANDIDATES}.")
                    Output output)
            throws IOException {
        BerthConfig config = options.load();
        JsonNode answer = AdminSocket.request(config.data(), Map.of("do", "status"));
        if (answer == null || answer.has("error")) {
            System.err.println("berth admin: "
                    + (answer == null
                            ? "no server runs on " + config.data().toAbsolutePath()
                                    + ": give its data directory by --data"
                            : answer.path("error").asText()));
            return 1;
        }
        if (output == Output.json) {
            System.out.println(answer.toPrettyString());
            return 0;
        }
        System.out.printf("version         %s%n", answer.path("version").asText());
        System.out.printf(
                "uptime          %s%n",
                ProgressBar.time(answer.path("uptimeSeconds").asLong()));
        System.out.printf("open uploads    %d%n", answer.path("openUploads").asLong());
        System.out.printf("database queue  %d%n", answer.path("databaseQueue").asLong());
        System.out.printf(
                "space           %s, %s free%n",
                answer.path("space").asText(),
                answer.path("freeBytes").isNumber()
                        ? ProgressBar.size(answer.path("freeBytes").asLong())
                        : "unknown");
        return 0;
    }
}
