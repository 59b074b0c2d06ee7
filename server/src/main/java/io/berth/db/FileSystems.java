package io.berth.db;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells where a database must not lie. */
final class FileSystems {
    // SQLite's locks and its shared memory do not work between the machines that mount these.
    private static final Set<String> REMOTE = Set.of("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph");

    private static final Logger LOG = LoggerFactory.getLogger(FileSystems.class);

    // SQLite makes room for the index of its log by one byte in each of the processor's pages, then maps it.
    private static final int PAGE = 4096;

    private FileSystems() {}

    /** Warns where a full disk could end the process: a mapped page without room is a signal, not an error. */
    static void warnOfSmallBlocks(Path directory) throws IOException {
        long block = Files.getFileStore(directory).getBlockSize();
        if (block < PAGE) {
            LOG.warn(
                    "the file system of {} has blocks of {} bytes: when it is full the database may end the process."
                            + " Make one with blocks of 4096",
                    directory,
                    block);
        }
    }

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
