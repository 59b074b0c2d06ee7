package io.berth.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code berth completion}: lets a shell complete the rest. */
@Command(
        name = "completion",
        description = {
            "Prints a completion script for bash and zsh. To use it now: source <(berth completion)",
            "For every shell: berth completion > /etc/bash_completion.d/berth"
        },
        mixinStandardHelpOptions = true)
final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        System.out.print(AutoComplete.bash("berth", spec.root().commandLine()));
        return 0;
    }
}
