package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.identity.Accounts;
import io.berth.identity.AdminSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
        description = "Looks after a server through its data directory, running or not.",
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
            description = "Gives a local account a new password, which counts with the next request.",
            mixinStandardHelpOptions = true)
    int resetPassword(
            @Mixin ConfigOptions options,
            @Option(names = "--user", defaultValue = "admin", description = "The account (default: admin).")
                    String user,
            @Option(
                            names = "--password-stdin",
                            description = "Reads the password from standard input; otherwise one is made and printed.")
                    boolean fromInput)
            throws IOException {
        BerthConfig config = options.load();
        String password = fromInput
                ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8).strip()
                : Accounts.generate(new SecureRandom());
        if (password.length() < 8) {
            System.err.println("berth admin: a password has 8 characters or more");
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
        System.out.println(
                fromInput
                        ? "The password of '" + user + "' was changed."
                        : "The new password of '" + user + "': " + password);
        return 0;
    }

    private static String resetOffline(BerthConfig config, String user, String password) throws IOException {
        try (var data = new OfflineData(config)) {
            boolean found = new Accounts(data.database(), new SecureRandom())
                    .setPassword(user, password, new Change.Origin("berth admin", null, null, null));
            return found ? null : "there is no local account '" + user + "'";
        }
    }

    @Command(name = "status", description = "Tells how a running server does.", mixinStandardHelpOptions = true)
    int status(
            @Mixin ConfigOptions options,
            @Option(names = "--output", paramLabel = "text|json", defaultValue = "text") String output)
            throws IOException {
        JsonNode answer = AdminSocket.request(options.load().data(), Map.of("do", "status"));
        if (answer == null) {
            System.err.println("berth admin: no server runs on this data directory");
            return 1;
        }
        if ("json".equals(output)) {
            System.out.println(answer.toPrettyString());
        } else {
            answer.properties()
                    .forEach(entry -> System.out.printf(
                            "%-16s %s%n", entry.getKey(), entry.getValue().asText()));
        }
        return 0;
    }
}
