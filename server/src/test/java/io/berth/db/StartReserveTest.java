package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a disk that is really full, the bad day "disk-full" tells. */
class StartReserveTest {
    @TempDir
    Path directory;

    @Test
    void anOpenDatabaseKeepsRoomForTheNextStart() throws IOException {
        open().close();
        Path reserve = directory.resolve(StartReserve.FILE);
        assertThat(Files.size(reserve)).isEqualTo(StartReserve.SIZE);

        Files.write(reserve, new byte[10]); // what a full disk had room for
        open().close();
        assertThat(Files.size(reserve)).isEqualTo(StartReserve.SIZE);
    }

    @Test
    void whereThereIsRoomTheReserveStays() throws IOException {
        var reserve = new StartReserve(directory);
        reserve.take();
        reserve.free();
        assertThat(directory.resolve(StartReserve.FILE)).hasSize(StartReserve.SIZE);
    }

    @Test
    void aFileThatIsNoDatabaseIsNotTakenForANewOne() throws IOException {
        var noise = new byte[8192];
        new Random(1).nextBytes(noise);
        Path file = directory.resolve(SqliteDatabase.FILE);
        Files.write(file, noise);
        assertThatThrownBy(this::open).isInstanceOf(IllegalStateException.class).hasMessageContaining("not a database");
        assertThat(file).hasBinaryContent(noise);
    }

    private SqliteDatabase open() {
        return SqliteDatabase.open(directory, 1, Clock.systemUTC(), new Random(1), DatabaseMetrics.NONE);
    }
}
