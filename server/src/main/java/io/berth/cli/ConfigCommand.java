package io.berth.cli;

import io.berth.config.BerthConfig;
import io.berth.config.ConfigException;
import io.berth.config.ConfigLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code berth config}: checks and explains settings. */
@Command(name = "config", description = "Checks and explains settings.", mixinStandardHelpOptions = true)
final class ConfigCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(System.out);
        return 2;
    }

    @Command(
            name = "check",
            description = "Reads the configuration as `serve` would and says what is wrong.",
            mixinStandardHelpOptions = true)
    int check(@Mixin ConfigOptions options) {
        try {
            BerthConfig config = options.load();
            System.out.println(
                    "The configuration is good. Data lies in " + config.data().toAbsolutePath() + ".");
            return 0;
        } catch (ConfigException e) {
            e.problems().forEach(System.err::println);
            return 1;
        }
    }

    @Command(name = "reference", description = "Prints every setting as Markdown.", mixinStandardHelpOptions = true)
    int reference() {
        System.out.print(ConfigLoader.reference());
        return CommandLine.ExitCode.OK;
    }
}
