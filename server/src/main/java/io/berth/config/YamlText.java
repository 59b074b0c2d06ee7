package io.berth.config;

import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Reads YAML into maps, lists and text. Every scalar stays as it is written: whether {@code off} or {@code 0123} is a
 * word, a number or a truth is for its setting to say.
 */
final class YamlText {
    private static final Pattern QUOTED = Pattern.compile("(?i)alias|anchor|tag|directive");

    private YamlText() {}

    /**
     * The content of {@code text}, null when there is none.
     *
     * @throws IllegalArgumentException when it is no YAML, has a key twice or is more than one document; the message shows
     *     nothing of the text but keys, since what stands there may be a secret
     */
    static Object read(String text, String file) {
        // Duplicate keys are refused: the reader of the file sees one, the program would take the other.
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        var dumper = new DumperOptions();
        try {
            return new Yaml(new SafeConstructor(options), new Representer(dumper), dumper, options, new AsWritten())
                    .load(text);
        } catch (MarkedYAMLException e) {
            // The library's own message quotes the line.
            String problem =
                    e.getProblem() == null || QUOTED.matcher(e.getProblem()).find()
                            ? "something here has a meaning of its own in YAML, put the value in quotes"
                            : e.getProblem().replace("\n", " ").strip();
            throw new IllegalArgumentException(
                    file + ":"
                            + (e.getProblemMark() == null
                                    ? 1
                                    : e.getProblemMark().getLine() + 1) + ": is not valid YAML: " + problem + ".",
                    e);
        } catch (YAMLException e) {
            throw new IllegalArgumentException(file + ": is not valid YAML.", e);
        }
    }

    /** What {@link #read} reads as {@code value}, which it has read: maps, lists and text. */
    static String write(Object value) {
        var options = new DumperOptions();
        options.setDefaultScalarStyle(DumperOptions.ScalarStyle.DOUBLE_QUOTED);
        return new Yaml(options).dump(value);
    }

    private static final class AsWritten extends Resolver {
        @Override
        protected void addImplicitResolvers() {
            addImplicitResolver(Tag.NULL, NULL, "~nN\0");
            addImplicitResolver(Tag.NULL, EMPTY, null);
        }
    }
}
