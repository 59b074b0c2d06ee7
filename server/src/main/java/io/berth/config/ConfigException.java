package io.berth.config;

import java.util.List;

/** The configuration cannot be used; {@link #problems()} says for each key what is wrong and what to do. */
public final class ConfigException extends RuntimeException {
    private final List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join(System.lineSeparator(), problems), null, false, false);
        this.problems = List.copyOf(problems);
    }

    /** One sentence for each problem, never empty. */
    public List<String> problems() {
        return problems;
    }
}
