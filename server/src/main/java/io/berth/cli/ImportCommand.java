package io.berth.cli;

import io.berth.config.BerthConfig;
import io.berth.config.ConfigException;
import io.berth.registry.RegistryImport;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code berth import}: takes a docker-registry's data in. */
@Command(
        name = "import",
        description = {
            "Takes the repositories of a docker-registry (registry:2, distribution) in, verified by digest.",
            "Berth must not run meanwhile. Running it again goes on where it stopped.",
            "Exit code 0: everything came in, 1: something was damaged and is named, 2: could not run."
        },
        mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

    @Parameters(paramLabel = "DIRECTORY", description = "The other registry's data directory.")
    private Path directory;

    @ArgGroup
    private How how = new How();

    /** One of these. */
    private static final class How {
        @Option(names = "--link", description = "Shares the files where the file system can, else copies (default).")
        private boolean link;

        @Option(names = "--copy", description = "Copies the files.")
        private boolean copy;

        @Option(names = "--move", description = "Moves the files: the other registry cannot be used afterwards.")
        private boolean move;

        private BlobStore.Take take() {
            return copy ? BlobStore.Take.COPY : BlobStore.Take.LINK;
        }
    }

    @Option(names = "--dry-run", description = "Checks what would come in, and changes nothing.")
    private boolean dryRun;

    @Option(names = "--accept-sparse", description = "Takes manifests in whose blobs are missing.")
    private boolean acceptSparse;

    @Override
    public Integer call() {
        try {
            BerthConfig config = options.load();
            try (var data = new OfflineData(config)) {
                var bar = new ProgressBar(System.err, "importing");
                RegistryImport.Report report = new RegistryImport(
                                data.database(),
                                data.store(),
                                config,
                                acceptSparse
                                        ? BerthConfig.MissingReferences.ACCEPT
                                        : BerthConfig.MissingReferences.REFUSE,
                                how.take(),
                                how.move,
                                dryRun,
                                bar::bytes,
                                Clock.systemUTC(),
                                new SecureRandom())
                        .run(directory);
                report.damage().forEach(line -> System.out.println("damage: " + line));
                System.out.printf(
                        "%s%d repositories: %d new blobs of %d MiB, %d manifests, %d tags; %d damaged%n",
                        dryRun ? "would import " : "imported ",
                        report.repositories(),
                        report.blobs(),
                        report.bytes() >> 20,
                        report.manifests(),
                        report.tags(),
                        report.damage().size());
                return report.damage().isEmpty() ? 0 : 1;
            }
        } catch (IOException | IllegalStateException | ConfigException e) {
            System.err.println("berth import: " + Failures.describe(e));
            return 2;
        }
    }
}
