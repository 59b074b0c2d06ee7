package io.berth.db;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/** Tells where a database must not lie. */
final class FileSystems {
    // SQLite's locks and its shared memory do not work between the machines that mount these.
    private static final Set<String> REMOTE = Set.of("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph");

    private FileSystems() {}

    /** @throws IllegalStateException when {@code directory} is on a network file system */
    static void requireLocal(Path directory) throws IOException {
        requireLocal(directory, Files.getFileStore(directory).type());
    }

    static void requireLocal(Path directory, String fileSystem) {
        String type = fileSystem.toLowerCase(Locale.ROOT);
        if (REMOTE.contains(type)) {
            throw new IllegalStateException("the database directory " + directory + " is on " + type
                    + ": SQLite needs a local disk. Set database.directory to one; blobs may stay where they are");
        }
    }
}
