package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RegistryCacheTest {
    private static final RepositoryName NAME = RepositoryName.parse("library/alpine");
    private static final Reference TAG = new Tag("latest");
    private static final Digest DIGEST = Digest.of(Digest.Algorithm.SHA256, new byte[0]);

    private final RegistryCache cache = new RegistryCache(10 << 20);

    private static RegistryCache.CachedManifest manifest(long id) {
        return new RegistryCache.CachedManifest(id, DIGEST.toString(), "application/x", new byte[10], 0);
    }

    private static RegistryCache.CachedBlob blob(long generation) {
        return new RegistryCache.CachedBlob(1, DIGEST, generation, "file", 10, null, 0);
    }

    @Test
    void whatWasFilledInIsFound() {
        cache.fill(NAME, TAG, manifest(1), cache.version(NAME.value()));
        cache.fill(NAME, blob(2), cache.version(NAME.value()));
        assertThat(cache.manifest(NAME, TAG).id).isEqualTo(1);
        assertThat(cache.blob(NAME, DIGEST).generation).isEqualTo(2);
        assertThat(cache.manifest(RepositoryName.parse("library/other"), TAG)).isNull();
        assertThat(cache.manifest(NAME, DIGEST)).isNull();
    }

    @Test
    void aSlowReaderCannotReinstateAnOldValue() {
        long version = cache.version(NAME.value());
        // The reader has read 1; now the writer commits 2.
        cache.changed(NAME);
        cache.put(NAME, TAG, manifest(2));
        cache.fill(NAME, TAG, manifest(1), version);
        assertThat(cache.manifest(NAME, TAG).id).isEqualTo(2);
    }

    @Test
    void aSlowReaderCannotReinstateWhatWasRemoved() {
        long version = cache.version(NAME.value());
        cache.changed(NAME);
        cache.removeManifest(NAME, TAG);
        cache.removeBlob(NAME, DIGEST);
        cache.fill(NAME, TAG, manifest(1), version);
        cache.fill(NAME, blob(1), version);
        assertThat(cache.manifest(NAME, TAG)).isNull();
        assertThat(cache.blob(NAME, DIGEST)).isNull();
    }

    @Test
    void aReaderThatBeganAfterTheChangeFillsIn() {
        cache.changed(NAME);
        cache.removeManifest(NAME, TAG);
        cache.fill(NAME, TAG, manifest(3), cache.version(NAME.value()));
        assertThat(cache.manifest(NAME, TAG).id).isEqualTo(3);
    }

    @Test
    void aPageIsReadOnceUntilNamesChange() {
        var reads = new AtomicInteger();
        var key = new RegistryCache.PageKey(NAME.value(), "", 10);
        for (int i = 0; i < 3; i++) {
            assertThat(cache.page(key, () -> new RepositoryDao.NamePage("\"" + reads.incrementAndGet() + "\"", 1))
                            .names())
                    .isEqualTo("\"1\"");
        }
        cache.namesChanged(NAME.value());
        assertThat(cache.page(key, () -> new RepositoryDao.NamePage("\"" + reads.incrementAndGet() + "\"", 1))
                        .names())
                .isEqualTo("\"2\"");
    }

    @Test
    void aPageThatWasReadWhileNamesChangedIsNotKept() {
        var key = new RegistryCache.PageKey(NAME.value(), "", 10);
        cache.page(key, () -> {
            cache.namesChanged(NAME.value()); // the writer comes between the read and the fill
            return new RepositoryDao.NamePage("\"old\"", 1);
        });
        assertThat(cache.page(key, () -> new RepositoryDao.NamePage("\"new\"", 1))
                        .names())
                .isEqualTo("\"new\"");
    }

    @Test
    void anEmptyPageIsKeptToo() {
        var key = new RegistryCache.PageKey(NAME.value(), "", 10);
        cache.page(key, () -> new RepositoryDao.NamePage(null, 0));
        assertThat(cache.page(key, () -> {
                            throw new AssertionError("read again");
                        })
                        .count())
                .isZero();
    }

    // One writer commits ever newer values, or removes them; readers fill in what they have read. Nobody may be shown a
    // value older than one whose writer has already returned.
    @Test
    void readersAndAWriterTogetherNeverShowAnOldValue() throws InterruptedException {
        int rounds = 200_000;
        var database = new AtomicReference<>(0L);
        var acknowledged = new AtomicReference<>(0L);
        var failure = new AtomicReference<String>();
        var ended = new CountDownLatch(1);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 4; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                while (ended.getCount() > 0 && failure.get() == null) {
                    long floor = acknowledged.get();
                    RegistryCache.CachedManifest seen = cache.manifest(NAME, TAG);
                    if (seen == null) {
                        long version = cache.version(NAME.value());
                        long value = database.get();
                        Thread.yield(); // a slow reader
                        cache.fill(NAME, TAG, manifest(value), version);
                    } else if (seen.id < floor) {
                        failure.compareAndSet(null, "saw " + seen.id + " after " + floor);
                    }
                }
            }));
        }
        for (long value = 1; value <= rounds && failure.get() == null; value++) {
            database.set(value);
            cache.changed(NAME);
            if (value % 3 == 0) {
                cache.put(NAME, TAG, manifest(value));
            } else {
                cache.removeManifest(NAME, TAG);
            }
            acknowledged.set(value);
        }
        ended.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failure.get()).isNull();
        RegistryCache.CachedManifest last = cache.manifest(NAME, TAG);
        assertThat(last == null ? rounds : last.id).isEqualTo(rounds);
    }
}
