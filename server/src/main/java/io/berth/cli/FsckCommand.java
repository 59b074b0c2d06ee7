package io.berth.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigException;
import io.berth.gc.Fsck;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code berth fsck}: proves that everything is there. */
@Command(
        name = "fsck",
        description = {
            "Checks every digest, reference and counter of a Berth that is not running.",
            "Exit code 0: sound, 1: damaged, 2: could not be checked."
        },
        mixinStandardHelpOptions = true)
final class FsckCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options;

    @Option(
            names = "--repair",
            description = "Marks damaged blobs, so that the next push of their digest heals them, removes what nothing"
                    + " names and computes counters anew.")
    private boolean repair;

    @Option(names = "--output", paramLabel = "text|json", defaultValue = "text", description = "The report's form.")
    private String output;

    @Override
    public Integer call() {
        Fsck.Report report;
        try {
            BerthConfig config = options.load();
            try (var data = new OfflineData(config)) {
                var bar = new ProgressBar(System.err, "checking");
                report = new Fsck(data.database(), data.store(), repair, bar::bytes).run();
            }
            print(report);
        } catch (IOException | IllegalStateException | ConfigException e) {
            System.err.println("berth fsck: " + Failures.describe(e));
            return 2;
        }
        return report.sound() ? 0 : 1;
    }

    private void print(Fsck.Report report) throws IOException {
        if ("json".equals(output)) {
            System.out.println(new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report));
            return;
        }
        report.damage().forEach(line -> System.out.println("damage: " + line));
        report.warnings().forEach(line -> System.out.println("warning: " + line));
        report.repairs().forEach(line -> System.out.println("repaired: " + line));
        System.out.printf(
                "%d blobs of %d MiB and %d manifests checked: %d damaged, %d warnings, %d sparse references, %d open"
                        + " uploads%n",
                report.blobs(),
                report.bytes() >> 20,
                report.manifests(),
                report.damage().size(),
                report.warnings().size(),
                report.sparseReferences(),
                report.openUploads());
    }
}
