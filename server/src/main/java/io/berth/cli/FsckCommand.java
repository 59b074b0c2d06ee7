package io.berth.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.berth.config.BerthConfig;
import io.berth.gc.Finding;
import io.berth.gc.Fsck;
import io.berth.oci.Json;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code berth fsck}: proves that everything is there. */
@Command(
        name = "fsck",
        description = {
            "Checks every digest, reference and counter of a Berth that is not running.",
            "Exit code 0: sound, 1: damage was found, also when it was repaired, 2: could not be checked."
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

    @Option(
            names = "--output",
            paramLabel = "text|json",
            defaultValue = "text",
            description = "The report's form: ${COMPLETION-CANDIDATES}.")
    private Output output;

    @Override
    public Integer call() {
        try {
            BerthConfig config = options.load();
            try (var data = OfflineData.existing(config)) {
                return (output == Output.json ? json(data) : text(data)).sound() ? 0 : 1;
            }
        } catch (IOException | RuntimeException e) {
            System.err.println("berth fsck: " + Failures.describe(e));
            return 2;
        }
    }

    private Fsck.Report text(OfflineData data) throws IOException {
        var bar = new ProgressBar(System.err, "checking");
        Fsck.Report report = new Fsck(
                        data.database(),
                        data.store(),
                        repair,
                        bar::bytes,
                        finding -> bar.print(System.out, word(finding.kind()) + ": " + finding.text()))
                .run();
        bar.clear();
        System.out.printf(
                "checked %d blobs of %s, %d objects, %d manifests, %d tags; %d open uploads, %d objects to delete%n",
                report.blobs(),
                ProgressBar.size(report.bytes()),
                report.objects(),
                report.manifests(),
                report.tags(),
                report.openUploads(),
                report.doomedObjects());
        System.out.printf(
                "%s: %d damaged, %d warnings, %d sparse references%s%n",
                report.sound() ? "sound" : "DAMAGED",
                report.damaged(),
                report.warned(),
                report.sparseReferences(),
                repair ? ", %d repairs".formatted(report.repaired()) : "");
        return report;
    }

    // Findings are written as they come: a document of a lost disk would not fit into memory.
    private Fsck.Report json(OfflineData data) throws IOException {
        try (JsonGenerator json = Json.MAPPER.createGenerator(System.out)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeArrayFieldStart("findings");
            Fsck.Report report = new Fsck(
                            data.database(), data.store(), repair, (done, total) -> {}, finding -> write(json, finding))
                    .run();
            json.writeEndArray();
            json.writeBooleanField("sound", report.sound());
            json.writeNumberField("blobs", report.blobs());
            json.writeNumberField("bytes", report.bytes());
            json.writeNumberField("objects", report.objects());
            json.writeNumberField("manifests", report.manifests());
            json.writeNumberField("tags", report.tags());
            json.writeNumberField("openUploads", report.openUploads());
            json.writeNumberField("doomedObjects", report.doomedObjects());
            json.writeNumberField("damaged", report.damaged());
            json.writeNumberField("warnings", report.warned());
            json.writeNumberField("sparseReferences", report.sparseReferences());
            json.writeNumberField("repairs", report.repaired());
            json.writeEndObject();
            json.writeRaw(System.lineSeparator());
            return report;
        }
    }

    private static void write(JsonGenerator json, Finding finding) {
        try {
            json.writeStartObject();
            json.writeStringField("kind", finding.kind().name().toLowerCase(Locale.ROOT));
            json.writeStringField("text", finding.text());
            json.writeEndObject();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String word(Finding.Kind kind) {
        return kind == Finding.Kind.REPAIR ? "repaired" : kind.name().toLowerCase(Locale.ROOT);
    }
}
