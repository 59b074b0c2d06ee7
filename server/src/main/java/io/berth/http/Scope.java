package io.berth.http;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a token is good for: {@code repository:team/app:pull,push}. Names are compared as they are, but for a final
 * {@code *}, which stands for every ending; an action {@code *} is every action.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/scope/">Docker Registry Token Scope</a>
 */
public record Scope(String type, String name, Set<String> actions) {
    /** The type of what {@code /v2/} is about. */
    public static final String REPOSITORY = "repository";

    public Scope {
        requireNonNull(type, "type is null");
        requireNonNull(name, "name is null");
        actions = Set.copyOf(actions);
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException when it is none
     */
    public static Scope parse(String text) {
        int first = text.indexOf(':');
        int last = text.lastIndexOf(':'); // a name may hold a host with its port
        if (first <= 0 || last == first) {
            throw new IllegalArgumentException("not type:name:actions");
        }
        Set<String> actions = Arrays.stream(text.substring(last + 1).split(","))
                .map(String::strip)
                .filter(action -> !action.isEmpty())
                .collect(Collectors.toCollection(LinkedHashSet::new));
        return new Scope(text.substring(0, first), text.substring(first + 1, last), actions);
    }

    /** Whether it is good for {@code action} on {@code wanted}. */
    public boolean covers(String wantedType, String wanted, String action) {
        return type.equals(wantedType) && coversName(wanted) && (actions.contains(action) || actions.contains("*"));
    }

    private boolean coversName(String wanted) {
        return name.endsWith("*") ? wanted.startsWith(name.substring(0, name.length() - 1)) : name.equals(wanted);
    }

    @Override
    public String toString() {
        return type + ":" + name + ":" + actions.stream().sorted().collect(Collectors.joining(","));
    }
}
