package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.config.BerthConfig;
import io.berth.identity.AdminSocket;
import io.berth.oci.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code berth apply}, {@code berth export} and {@code berth can}: of a running server, through its data directory. */
final class RbacCommands {
    private RbacCommands() {}

    // The answer, which is no error; null after saying what is wrong
    private static JsonNode ask(String command, BerthConfig config, Map<String, ?> request) throws IOException {
        JsonNode answer = AdminSocket.request(config.data(), request);
        if (answer == null) {
            System.err.println("berth " + command + ": no server runs on "
                    + config.data().toAbsolutePath() + ": start it, or give its data directory by --data");
            return null;
        }
        if (answer.has("error")) {
            System.err.println("berth " + command + ": " + answer.path("error").asText());
            return null;
        }
        return answer;
    }

    /** {@code berth apply}. */
    @Command(
            name = "apply",
            description = {
                "Makes projects, members, robots, settings and more what a YAML file says, all of it or nothing.",
                "It may name projects, roles, members, robots, quotas, settings, identity sources and workload rules.",
                "What the file does not name stays; a list that it has is all there shall be.",
                "A secret of a source is {env: NAME} or {file: PATH}, so that the file has none.",
                "The secrets of new robots are printed once."
            },
            mixinStandardHelpOptions = true)
    static final class Apply implements java.util.concurrent.Callable<Integer> {
        @Mixin
        private ConfigOptions options;

        @Option(
                names = {"-f", "--file"},
                required = true,
                paramLabel = "FILE",
                description = "The file, - for standard input.")
        private String file;

        @Option(names = "--dry-run", description = "Shows what would change, and changes nothing.")
        private boolean dryRun;

        @Override
        public Integer call() throws IOException {
            String yaml = file.equals("-")
                    ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
            JsonNode answer = ask(
                    "apply", options.load(), Map.of("do", "apply", "yaml", GivenSecrets.in(yaml), "dryRun", dryRun));
            if (answer == null) {
                return 1;
            }
            answer.path("changes").forEach(change -> System.out.println(change.asText()));
            if (answer.path("changes").isEmpty()) {
                System.out.println("nothing to change");
            }
            answer.path("secrets")
                    .properties()
                    .forEach(secret -> System.out.println("secret of " + secret.getKey() + ": "
                            + secret.getValue().asText()));
            return 0;
        }
    }

    /** {@code berth export}. */
    @Command(
            name = "export",
            description = "Writes the file that `berth apply` would change nothing with.",
            mixinStandardHelpOptions = true)
    static final class Export implements java.util.concurrent.Callable<Integer> {
        @Mixin
        private ConfigOptions options;

        @Override
        public Integer call() throws IOException {
            JsonNode answer = ask("export", options.load(), Map.of("do", "export"));
            if (answer == null) {
                return 1;
            }
            var style = new DumperOptions();
            style.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
            style.setIndicatorIndent(2);
            style.setIndentWithIndicator(true);
            System.out.print(new Yaml(style).dump(Json.MAPPER.convertValue(answer.path("file"), Map.class)));
            return 0;
        }
    }

    /** {@code berth can}. */
    @Command(
            name = "can",
            description = {
                "Tells whether somebody may do something, and by which rule.",
                "Exit code 0: allowed, 1: not, 2: could not be asked.",
                "For example: berth can alice push team/app:v1"
            },
            mixinStandardHelpOptions = true)
    static final class Can implements java.util.concurrent.Callable<Integer> {
        @Mixin
        private ConfigOptions options;

        @Parameters(index = "0", paramLabel = "WHO", description = "A user, a robot's full name, or anonymous.")
        private String who;

        @Parameters(
                index = "1",
                paramLabel = "ACTION",
                description = "pull, push, delete, or a permission such as member:create.")
        private String action;

        @Parameters(
                index = "2",
                paramLabel = "WHAT",
                description = "REPOSITORY, REPOSITORY:TAG, REPOSITORY@DIGEST, project:NAME or system.")
        private String what;

        @Override
        public Integer call() throws IOException {
            JsonNode answer =
                    ask("can", options.load(), Map.of("do", "can", "who", who, "action", action, "what", what));
            if (answer == null) {
                return 2;
            }
            boolean allowed = answer.path("allowed").asBoolean();
            System.out.println(
                    (allowed ? "yes: " : "no: ") + answer.path("rule").asText());
            return allowed ? 0 : 1;
        }
    }
}
