package io.berth.cli;

import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options of every command that needs the configuration. */
final class ConfigOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A YAML file of settings; `berth config reference` lists them.")
    private Path file;

    void file(String path) {
        file = Path.of(path);
    }

    void data(String path) {
        data = Path.of(path);
    }

    @Option(names = "--data", paramLabel = "DIR", description = "The data directory (default: data).")
    private Path data;

    /** The configuration, with {@code more} settings from the command line as pairs of key and value. */
    BerthConfig load(String... more) {
        var loader = new ConfigLoader();
        if (file != null) {
            loader.file(file);
        }
        loader.environment(System.getenv());
        if (data != null) {
            loader.set("data", data.toString(), "--data");
        }
        for (int i = 0; i < more.length; i += 2) {
            if (more[i + 1] != null) {
                loader.set(more[i], more[i + 1], "the command line");
            }
        }
        return loader.load();
    }
}
