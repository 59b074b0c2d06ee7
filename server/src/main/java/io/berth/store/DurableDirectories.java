package io.berth.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Directories whose place in their parent is on the disk. A file is only as durable as the directory that it is in, and one
 * that is there already may be what a crash left, or what another request is just making: its parent need not have been
 * synced. So each is synced once by this process before anybody relies on it. Thread-safe.
 */
public final class DurableDirectories {
    private final Set<Path> durable = ConcurrentHashMap.newKeySet();

    /** Makes the directory and its parents when absent. When it returns, they are on the disk. */
    public void ensure(Path directory) throws IOException {
        if (durable.contains(directory) && Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.toAbsolutePath().getParent();
        if (Files.isDirectory(directory)) {
            try {
                sync(parent);
            } catch (AccessDeniedException e) {
                // Nobody made it here who may not even look there.
            }
        } else {
            ensure(parent);
            Files.createDirectories(directory);
            sync(parent);
        }
        durable.add(directory);
    }

    /** Makes sure of every directory in {@code parent}, if there is one, by a single sync. */
    void ensureAllIn(Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return;
        }
        List<Path> directories;
        try (Stream<Path> children = Files.list(parent)) {
            directories = children.toList();
        }
        sync(parent);
        durable.addAll(directories);
    }

    /** Brings to the disk which names the directory has. */
    static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
