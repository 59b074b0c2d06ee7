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

/** The data directory, locked for this process. */
public final class DataDirectory implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final FileLock lock;

    private DataDirectory(Path path, FileChannel channel, FileLock lock) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Makes the directory when absent, and locks it.
     *
     * @throws IllegalStateException when another process has it or it cannot be written, with what to do
     */
    public static DataDirectory lock(Path path) {
        try {
            new DurableDirectories().ensure(path);
            FileChannel channel =
                    FileChannel.open(path.resolve("berth.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new IllegalStateException("the data directory " + path
                        + " is in use by another Berth: stop that one, or give another directory by --data");
            }
            return new DataDirectory(path, channel, lock);
        } catch (AccessDeniedException e) {
            throw new IllegalStateException(
                    "the data directory " + path + " cannot be written: give Berth's user the right to, or give another"
                            + " directory by --data",
                    e);
        } catch (FileSystemException e) {
            throw new IllegalStateException(
                    "the data directory " + path + " cannot be used (" + e.getReason() + "): give another by --data",
                    e);
        } catch (IOException e) {
            throw new IllegalStateException("the data directory " + path + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this very process has it
        }
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            // The system releases it with the process.
        }
    }
}
