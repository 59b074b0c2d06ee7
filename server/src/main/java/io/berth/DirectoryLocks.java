package io.berth;

import io.berth.store.DurableDirectories;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directories that are locked for this process. Each of them, since they are configured apart: a second Berth with a
 * data directory of its own would else be a second writer of the database, or take uploads under way for leftovers. For
 * one thread.
 */
public final class DirectoryLocks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryLocks.class);

    /** What a directory is for. */
    public enum Kind {
        DATA("data directory", "give another directory by --data"),
        DATABASE("database directory", "set database.directory to another"),
        BLOBS("blob directory", "set storage.blobs to another");

        private final String name;
        private final String remedy;

        Kind(String name, String remedy) {
            this.name = name;
            this.remedy = remedy;
        }
    }

    private final List<FileChannel> channels = new ArrayList<>();
    private final Set<Path> held = new HashSet<>();

    /**
     * Makes the directory when absent, and locks it.
     *
     * @throws IllegalStateException when another process has it or it cannot be written, with what to do
     */
    public void lock(Kind kind, Path path) {
        try {
            new DurableDirectories().ensure(path);
            if (!held.add(path.toRealPath())) {
                return; // one directory for several things
            }
            FileChannel channel =
                    FileChannel.open(path.resolve("berth.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            channels.add(channel);
            if (!tryLock(kind, path, channel)) {
                throw new IllegalStateException("the " + kind.name + " " + path
                        + " is in use by another Berth: stop that one, or " + kind.remedy);
            }
        } catch (AccessDeniedException e) {
            throw new IllegalStateException(
                    "the " + kind.name + " " + path + " cannot be written: give Berth's user the right to, or "
                            + kind.remedy,
                    e);
        } catch (FileSystemException e) {
            throw new IllegalStateException(
                    "the " + kind.name + " " + path + " cannot be used (" + e.getReason() + "): " + kind.remedy, e);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "the " + kind.name + " " + path + " cannot be used (" + e.getMessage() + "): " + kind.remedy, e);
        }
    }

    private static boolean tryLock(Kind kind, Path path, FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // this very process has it
        } catch (IOException e) {
            if (kind != Kind.BLOBS) {
                throw e;
            }
            // They may lie on an NFS that has no locks.
            LOG.warn("the {} {} cannot be locked, let no other Berth use it: {}", kind.name, path, e.toString());
            return true;
        }
    }

    @Override
    public void close() {
        for (FileChannel channel : channels) {
            try {
                channel.close();
            } catch (IOException e) {
                // The system releases it with the process.
            }
        }
        channels.clear();
        held.clear();
    }
}
