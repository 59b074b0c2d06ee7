package io.berth.access;

import java.util.List;

/**
 * Some of a repository's tags.
 *
 * @param all whether it is all of them; then {@code patterns} is empty
 * @param patterns those that match one of these
 */
public record TagFilter(boolean all, List<NamePattern> patterns) {
    public static final TagFilter ALL = new TagFilter(true, List.of());
    static final TagFilter NONE = new TagFilter(false, List.of());

    public boolean isNone() {
        return !all && patterns.isEmpty();
    }

    public boolean contains(String tag) {
        return all || patterns.stream().anyMatch(pattern -> pattern.matches(tag));
    }
}
