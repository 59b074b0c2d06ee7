package io.berth.cli;

import io.berth.config.BerthConfig;
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
            try (var data = dryRun ? OfflineData.orScratch(config) : new OfflineData(config)) {
                return run(data, config).damaged() == 0 ? 0 : 1;
            }
        } catch (IOException | RuntimeException e) {
            System.err.println("berth import: " + Failures.describe(e));
            return 2;
        }
    }

    private RegistryImport.Report run(OfflineData data, BerthConfig config) throws IOException {
        var bar = new ProgressBar(System.err, "importing");
        var progress = new RegistryImport.Progress() {
            @Override
            public void bytes(long done, long total) {
                bar.bytes(done, total);
            }

            @Override
            public void damage(String text) {
                bar.print(System.out, "damage: " + text);
            }

            @Override
            public void note(String text) {
                bar.print(System.out, "note: " + text);
            }
        };
        RegistryImport.Report report = new RegistryImport(
                        data.database(),
                        data.store(),
                        config,
                        acceptSparse ? BerthConfig.MissingReferences.ACCEPT : BerthConfig.MissingReferences.REFUSE,
                        how.take(),
                        how.move,
                        dryRun,
                        progress,
                        Clock.systemUTC(),
                        new SecureRandom())
                .run(directory);
        bar.clear();
        System.out.printf(
                "%s from %d repositories: %d new blobs of %s, %d manifests, %d tags; %d unsupported manifests left out,"
                        + " %d damaged%n",
                dryRun ? "would import" : "imported",
                report.repositories(),
                report.blobs(),
                ProgressBar.size(report.bytes()),
                report.manifests(),
                report.tags(),
                report.unsupported(),
                report.damaged());
        return report;
    }
}
