package io.berth.cli;

import io.berth.oci.Json;
import io.berth.rbac.RbacYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Puts the secrets of sources into a file of {@code berth apply}: {@code {env: NAME}} is a variable of this process, {@code
 * {file: PATH}} a file that it may read. The server never reads what a file only points at.
 */
final class GivenSecrets {
    private GivenSecrets() {}

    /** The file with its secrets; as it is when it has none to fill in, or is no YAML, which the server has words for. */
    static String in(String yaml) throws IOException {
        Object root;
        try {
            root = RbacYaml.load(yaml);
        } catch (YAMLException e) {
            return yaml;
        }
        boolean filled = false;
        if (root instanceof Map<?, ?> file && file.get("sources") instanceof List<?> sources) {
            for (Object source : sources) {
                if (source instanceof Map<?, ?> map && map.get("secrets") instanceof Map<?, ?> secrets) {
                    filled |= fill(secrets);
                }
            }
        }
        return filled ? Json.write(root) : yaml;
    }

    private static boolean fill(Map<?, ?> secrets) throws IOException {
        boolean filled = false;
        for (Map.Entry<?, ?> secret : secrets.entrySet()) {
            if (secret.getValue() instanceof Map<?, ?> place && place.size() == 1) {
                put(secret, read(String.valueOf(secret.getKey()), place));
                filled = true;
            }
        }
        return filled;
    }

    @SuppressWarnings("unchecked") // what SnakeYAML makes takes anything
    private static void put(Map.Entry<?, ?> secret, String value) {
        ((Map.Entry<Object, Object>) secret).setValue(value);
    }

    private static String read(String secret, Map<?, ?> place) throws IOException {
        if (place.get("env") instanceof String name) {
            String value = System.getenv(name);
            if (value == null) {
                throw new IOException(
                        "the secret '" + secret + "' is to come from the variable " + name + ", which is not set");
            }
            return value;
        }
        if (place.get("file") instanceof String path) {
            return Files.readString(Path.of(path)).strip();
        }
        throw new IOException("the secret '" + secret + "' is a text, {env: NAME} or {file: PATH}");
    }
}
