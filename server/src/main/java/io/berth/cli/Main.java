package io.berth.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The entry of the command line. */
@Command(
        name = "berth",
        description = "Enterprise registry for container images and OCI artifacts.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            ServeCommand.class,
            ImportCommand.class,
            FsckCommand.class,
            AdminCommand.class,
            RbacCommands.Apply.class,
            RbacCommands.Export.class,
            RbacCommands.Can.class,
            LoginCommand.class,
            AuditCommand.class,
            ConfigCommand.class,
            TrainCommand.class,
            CompletionCommand.class,
            VersionCommand.class
        })
public final class Main implements Callable<Integer> {
    private Main() {}

    /** Reads the version from the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"berth " + (version == null ? "development" : version)};
        }
    }

    public static void main(String[] args) {
        ServeCommand serve = ServeCommand.parsePlain(args);
        System.exit(serve == null ? parse(args) : run(serve));
    }

    private static int run(ServeCommand serve) {
        try {
            return serve.call();
        } catch (Exception e) {
            System.err.println("berth: " + Failures.describe(e));
            return 1;
        }
    }

    private static int parse(String[] args) {
        return new CommandLine(new Main())
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println("berth: " + Failures.describe(failure));
                    return 1;
                })
                .execute(args);
    }

    @Override
    public Integer call() {
        CommandLine.usage(this, System.out);
        return 2;
    }
}
