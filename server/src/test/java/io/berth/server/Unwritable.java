package io.berth.server;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/** A file or directory that this process cannot write until it is closed, even when root runs it. */
final class Unwritable implements AutoCloseable {
    private final Path path;
    private final Set<PosixFilePermission> permissions;
    private final boolean immutable;

    private Unwritable(Path path, Set<PosixFilePermission> permissions, boolean immutable) {
        this.path = path;
        this.permissions = permissions;
        this.immutable = immutable;
    }

    /** Skips the test where root writes everything and the file system cannot forbid it. */
    static Unwritable make(Path path) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        Files.setPosixFilePermissions(path, Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_EXECUTE));
        boolean immutable = Files.isWritable(path) && chattr("+i", path);
        var unwritable = new Unwritable(path, permissions, immutable);
        if (Files.isWritable(path)) {
            unwritable.close();
            assumeFalse(true, "root writes everywhere, and chattr cannot forbid it here");
        }
        return unwritable;
    }

    private static boolean chattr(String change, Path path) throws IOException {
        try {
            return new ProcessBuilder("chattr", change, path.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        if (immutable) {
            chattr("-i", path);
        }
        Files.setPosixFilePermissions(path, permissions);
    }
}
