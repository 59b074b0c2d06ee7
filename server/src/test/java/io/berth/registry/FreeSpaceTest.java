package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FreeSpaceTest {
    private static final long MIB = 1 << 20;

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicLong blobs = new AtomicLong(100 * MIB);
    private final AtomicLong database = new AtomicLong(100 * MIB);
    private boolean unreadable;

    private FreeSpace space() {
        var disks = new LinkedHashMap<String, FreeSpace.Disk>();
        disks.put("blobs", blobs::get);
        disks.put("the database", () -> {
            if (unreadable) {
                throw new IOException("gone");
            }
            return database.get();
        });
        return new FreeSpace(disks, 64 * MIB, nanos::get);
    }

    @Test
    void eachDiskHasToHaveRoom() {
        FreeSpace space = space();
        assertThat(space.problem()).isNull();
        database.set(63 * MIB);
        assertThat(space.problem()).isNull(); // looked at a moment ago
        nanos.addAndGet(1_000_000_000);
        assertThat(space.problem()).isEqualTo("only 63 MiB are free for the database, storage.min-free is 64 MiB");
        assertThatThrownBy(space::require)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_FULL));
        database.set(64 * MIB);
        blobs.set(0);
        nanos.addAndGet(1_000_000_000);
        assertThat(space.problem()).isEqualTo("only 0 MiB are free for blobs, storage.min-free is 64 MiB");
        blobs.set(100 * MIB);
        unreadable = true;
        nanos.addAndGet(1_000_000_000);
        assertThat(space.problem()).contains("the database").contains("cannot be read");
        unreadable = false;
        nanos.addAndGet(1_000_000_000);
        assertThat(space.problem()).isNull();
        space.require();
    }
}
