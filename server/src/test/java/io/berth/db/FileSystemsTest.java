package io.berth.db;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileSystemsTest {
    private static final Path DIRECTORY = Path.of("/srv/berth");

    @ParameterizedTest
    @ValueSource(strings = {"nfs", "nfs4", "NFS4", "cifs", "smb3", "9p", "ceph"})
    void aDatabaseOnANetworkFileSystemIsRefusedWithWhatToDo(String type) {
        assertThatThrownBy(() -> FileSystems.requireLocal(DIRECTORY, type))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("/srv/berth")
                .hasMessageContaining(type.toLowerCase(java.util.Locale.ROOT))
                .hasMessageContaining("database.directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk"})
    void aLocalDiskIsGood(String type) {
        assertThatCode(() -> FileSystems.requireLocal(DIRECTORY, type)).doesNotThrowAnyException();
    }

    @Test
    void theSystemIsAskedForTheTypeOfADirectory(@TempDir Path here) {
        assertThatCode(() -> FileSystems.requireLocal(here)).doesNotThrowAnyException();
    }
}
