package io.berth.config;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.function.Function;

/**
 * One setting.
 *
 * @param path its place in the YAML file, for example {@code registry.missing-references}
 * @param fallback the value when nothing is configured, in the same form as in the file
 * @param form what a value looks like, for people: {@code a number of bytes such as 8MiB}
 * @param description what it does, one or two sentences
 * @param secret whether the value is masked in messages
 * @param parser makes the value; throws {@link IllegalArgumentException} when the text has not the form
 */
record Key<T>(
        String path, String fallback, String form, String description, boolean secret, Function<String, T> parser) {
    Key {
        requireNonNull(path, "path is null");
        requireNonNull(fallback, "fallback is null");
        requireNonNull(parser, "parser is null");
    }

    /** The environment variable that sets this key: {@code BERTH_REGISTRY_MISSING_REFERENCES}. */
    String variable() {
        return "BERTH_" + path.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
