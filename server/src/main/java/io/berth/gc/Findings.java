package io.berth.gc;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Counts what the checks come upon and hands each of it on at once. Only the first of each kind are kept, so that a lost
 * disk takes no more memory than a lost file. For one thread.
 */
final class Findings {
    /** How many of each kind {@link #first} keeps. */
    static final int KEPT = 1000;

    private final Consumer<Finding> listener;
    private final Map<Finding.Kind, List<String>> first = new EnumMap<>(Finding.Kind.class);
    private final Map<Finding.Kind, Long> counts = new EnumMap<>(Finding.Kind.class);

    Findings(Consumer<Finding> listener) {
        this.listener = listener;
    }

    void damage(String text) {
        add(Finding.Kind.DAMAGE, text);
    }

    void warning(String text) {
        add(Finding.Kind.WARNING, text);
    }

    void sparse(String text) {
        add(Finding.Kind.SPARSE, text);
    }

    void repair(String text) {
        add(Finding.Kind.REPAIR, text);
    }

    private void add(Finding.Kind kind, String text) {
        counts.merge(kind, 1L, Long::sum);
        List<String> kept = first.computeIfAbsent(kind, unused -> new ArrayList<>());
        if (kept.size() < KEPT) {
            kept.add(text);
        }
        listener.accept(new Finding(kind, text));
    }

    long count(Finding.Kind kind) {
        return counts.getOrDefault(kind, 0L);
    }

    List<String> first(Finding.Kind kind) {
        return List.copyOf(first.getOrDefault(kind, List.of()));
    }
}
