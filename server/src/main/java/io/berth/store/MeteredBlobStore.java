package io.berth.store;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Counts and times what is asked of a store, by action. */
public final class MeteredBlobStore implements BlobStore {
    private final BlobStore store;
    private final Timer append;
    private final Timer commit;
    private final Timer read;
    private final Timer size;
    private final Timer delete;

    public MeteredBlobStore(BlobStore store, MeterRegistry meters) {
        this.store = store;
        append = timer(meters, "append");
        commit = timer(meters, "commit");
        read = timer(meters, "read");
        size = timer(meters, "size");
        delete = timer(meters, "delete");
    }

    private Timer timer(MeterRegistry meters, String action) {
        return Timer.builder("berth.store.actions")
                .description("Actions of the blob store and how long they took")
                .tag("store", store.name())
                .tag("action", action)
                .register(meters);
    }

    private interface Action<T> {
        T run() throws IOException;
    }

    private static <T> T timed(Timer timer, Action<T> action) throws IOException {
        long start = System.nanoTime();
        try {
            return action.run();
        } finally {
            timer.record(System.nanoTime() - start, java.util.concurrent.TimeUnit.NANOSECONDS);
        }
    }

    @Override
    public String name() {
        return store.name();
    }

    @Override
    public UploadState append(UploadState state, ChunkSource source, long expected) throws IOException {
        return timed(append, () -> store.append(state, source, expected));
    }

    @Override
    public UploadState take(UploadState state, Path file, Take how) throws IOException {
        return store.take(state, file, how);
    }

    @Override
    public UploadState resume(UploadState state) throws IOException {
        return store.resume(state);
    }

    @Override
    public BlobContent.Stream readBack(UploadState state) throws IOException {
        return store.readBack(state);
    }

    @Override
    public void commit(UploadState state, ObjectKey key) throws IOException {
        timed(commit, () -> {
            store.commit(state, key);
            return null;
        });
    }

    @Override
    public void rollback(UploadState state, ObjectKey key) throws IOException {
        store.rollback(state, key);
    }

    @Override
    public void committed(UploadState state, ObjectKey key) {
        store.committed(state, key);
    }

    @Override
    public void abort(UploadState state) throws IOException {
        store.abort(state);
    }

    @Override
    public BlobContent read(ObjectKey key, long offset, long length) throws IOException {
        return timed(read, () -> store.read(key, offset, length));
    }

    @Override
    public OptionalLong size(ObjectKey key) throws IOException {
        return timed(size, () -> store.size(key));
    }

    @Override
    public void delete(ObjectKey key) throws IOException {
        timed(delete, () -> {
            store.delete(key);
            return null;
        });
    }

    @Override
    public Stream<ObjectKey> keys() throws IOException {
        return store.keys();
    }

    @Override
    public Stream<UploadState> uploads() throws IOException {
        return store.uploads();
    }

    @Override
    public void recover(Predicate<UploadState> open, Predicate<ObjectKey> live) throws IOException {
        store.recover(open, live);
    }

    @Override
    public long usableSpace() throws IOException {
        return store.usableSpace();
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
