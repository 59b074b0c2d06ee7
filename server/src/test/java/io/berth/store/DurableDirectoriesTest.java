package io.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableDirectoriesTest {
    private final DurableDirectories directories = new DurableDirectories();

    @TempDir
    Path root;

    @Test
    void aDirectoryIsMadeWithItsParents() throws IOException {
        directories.ensure(root.resolve("a/b/c"));
        assertThat(root.resolve("a/b/c")).isDirectory();
    }

    @Test
    void aDirectoryThatWasRemovedIsMadeAgain() throws IOException {
        Path directory = root.resolve("a/b");
        directories.ensure(directory);
        Files.delete(directory);
        directories.ensure(directory);
        assertThat(directory).isDirectory();
    }

    @Test
    void aFileInItsPlaceIsRefused() throws IOException {
        Path file = Files.createFile(root.resolve("a"));
        assertThatThrownBy(() -> directories.ensure(file)).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> directories.ensure(file.resolve("b"))).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void thereNeedBeNoneToMakeSureOf() throws IOException {
        directories.ensureAllIn(root.resolve("absent"));
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void thoseOfAnotherUserNeedNotBeReadable() throws IOException {
        // Root may read all, and then this only shows that nothing is refused.
        Path above = Files.createDirectory(root.resolve("above"));
        Path mine = Files.createDirectory(above.resolve("mine"));
        Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("--x--x--x"));
        try {
            directories.ensure(mine.resolve("data"));
        } finally {
            Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertThat(mine.resolve("data")).isDirectory();
    }
}
