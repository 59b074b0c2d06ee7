package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A start that cannot write says at once what it cannot write, and which setting names another place. */
class UnwritableStartTest {
    @TempDir
    Path root;

    private void refuses(Path named, String setting, String... settings) {
        assertThatThrownBy(() ->
                        BerthUnderTest.start(root.resolve("data"), settings).close())
                .hasMessageContaining(named + " ")
                .hasMessageContaining(setting)
                .message()
                .isNotBlank()
                .hasLineCount(1);
    }

    @Test
    void theDataDirectory() throws IOException {
        Path data = Files.createDirectory(root.resolve("data"));
        try (var unwritable = Unwritable.make(data)) {
            refuses(data, "--data");
        }
        assertThat(data).isEmptyDirectory();
    }

    @Test
    void theParentOfADataDirectoryThatIsNotThere() throws IOException {
        try (var unwritable = Unwritable.make(root)) {
            refuses(root.resolve("data"), "--data");
        }
    }

    @Test
    void aFileInPlaceOfTheDataDirectory() throws IOException {
        refuses(Files.createFile(root.resolve("data")), "--data");
    }

    @Test
    void theDatabase() throws IOException {
        BerthUnderTest.start(root.resolve("data")).close();
        Path database = root.resolve("data/berth.db");
        try (var unwritable = Unwritable.make(database)) {
            refuses(database, "database.directory");
        }
        BerthUnderTest.start(root.resolve("data")).close();
    }

    @Test
    void theDirectoryOfTheDatabase() throws IOException {
        Path directory = Files.createDirectory(root.resolve("database"));
        try (var unwritable = Unwritable.make(directory)) {
            refuses(directory, "database.directory", "database.directory=" + directory);
        }
    }

    @Test
    void theBlobDirectoryOrTheOneOfUploads() throws IOException {
        BerthUnderTest.start(root.resolve("data")).close();
        for (String name : new String[] {"blobs", "blobs/uploads"}) {
            Path directory = root.resolve("data").resolve(name);
            try (var unwritable = Unwritable.make(directory)) {
                refuses(directory, "storage.blobs");
            }
        }
        BerthUnderTest.start(root.resolve("data")).close();
    }

    @Test
    void theParentOfABlobDirectoryThatIsNotThere() throws IOException {
        Path parent = Files.createDirectory(root.resolve("disk"));
        try (var unwritable = Unwritable.make(parent)) {
            refuses(parent.resolve("blobs"), "storage.blobs", "storage.blobs=" + parent.resolve("blobs"));
        }
    }

    @Test
    void aFileInPlaceOfTheBlobDirectory() throws IOException {
        Path file = Files.createFile(root.resolve("blobs"));
        refuses(file, "storage.blobs", "storage.blobs=" + file);
    }
}
