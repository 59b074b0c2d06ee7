package io.berth.identity;

import java.util.List;
import java.util.Optional;

/** The sources beside the local accounts that take passwords, as they are configured now. Thread-safe. */
@FunctionalInterface
public interface Sources {
    /** Local accounts alone. */
    Sources NONE = List::of;

    /** In the order in which they are asked. */
    List<Source> inOrder();

    /** The one of this name, when there is one that takes passwords. */
    default Optional<Source> named(String name) {
        return inOrder().stream().filter(source -> source.name().equals(name)).findFirst();
    }
}
