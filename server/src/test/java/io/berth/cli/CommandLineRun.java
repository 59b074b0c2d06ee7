package io.berth.cli;

import io.berth.Berth;
import io.berth.config.ConfigLoader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The command line in a process of its own. */
record CommandLineRun(int code, String out, String err) {

    static Process start(Path directory, String... arguments) throws IOException {
        return start(directory, Map.of(), arguments);
    }

    private static Process start(Path directory, Map<String, String> environment, String... arguments)
            throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                productClassPath(),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(directory.resolve("err").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    // Without the tests' own resources, whose log settings are not the product's.
    private static String productClassPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.endsWith("test-classes"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** A server in this process, on {@code data}, for commands to talk to. */
    static Berth serve(Path data) throws IOException {
        return new Berth(
                new ConfigLoader()
                        .set("data", data.toString(), "test")
                        .set("server.port", "0", "test")
                        .set("log.access", "false", "test")
                        .load(),
                Clock.systemUTC(),
                new SecureRandom());
    }

    /** Runs it to its end, with {@code input} on standard input. */
    static CommandLineRun of(Path directory, String input, String... arguments) throws Exception {
        return of(directory, Map.of(), input, arguments);
    }

    /** The same with variables of the environment. */
    static CommandLineRun of(Path directory, Map<String, String> environment, String input, String... arguments)
            throws Exception {
        Process process = start(directory, environment, arguments);
        try (var in = process.outputWriter()) {
            in.write(input);
        }
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("berth " + String.join(" ", arguments) + " did not end");
        }
        return new CommandLineRun(
                process.exitValue(),
                Files.readString(directory.resolve("out")),
                Files.readString(directory.resolve("err")));
    }
}
