package io.berth.registry;

import static java.util.Objects.requireNonNull;

import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.BlobContent;
import io.berth.store.BlobStore;
import io.berth.store.ChunkSource;
import io.berth.store.HashingSource;
import io.berth.store.UploadState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One unfinished upload.
 *
 * <ul>
 *   <li><i>open</i>: takes bytes at its end, from one request at a time
 *   <li><i>open, hash unknown</i>: the same; the hash is made again by reading back when it is needed. After a restart, and
 *       after a request that was cut off so that the store kept less than was hashed
 *   <li><i>ended</i>: committed, cancelled or expired; nobody finds it any more
 * </ul>
 *
 * Whoever changes it holds its lock.
 */
final class UploadSession {
    private final RepositoryName repository;
    private final String principal;
    private final Digest.Algorithm algorithm;
    private final BlobStore store;
    private final ReentrantLock lock = new ReentrantLock();
    private final Supplier<CompletableFuture<?>> rows;
    private volatile CompletableFuture<?> row;
    private volatile UploadState state;
    private volatile long taken;
    private volatile long createdAt;
    private volatile long touchedAt;
    private volatile boolean ended;
    private volatile boolean inStore;
    private MessageDigest hash;
    private byte[] memory;

    /** @param rows has the database make the upload's row; what it returns completes when it is there */
    UploadSession(
            RepositoryName repository,
            String principal,
            Digest.Algorithm algorithm,
            BlobStore store,
            UploadState state,
            long now,
            Supplier<CompletableFuture<?>> rows) {
        this.repository = requireNonNull(repository, "repository is null");
        this.principal = requireNonNull(principal, "principal is null");
        this.algorithm = algorithm;
        this.store = store;
        this.state = state;
        this.taken = state.size();
        this.createdAt = now;
        this.touchedAt = now;
        this.rows = rows;
        this.row = rows.get();
        this.hash = state.size() == 0 ? algorithm.newHash() : null;
    }

    RepositoryName repository() {
        return repository;
    }

    String principal() {
        return principal;
    }

    /** Whether the other upload is of the same principal to the same project. */
    boolean isOfTheSame(UploadSession other) {
        return principal.equals(other.principal) && repository.project().equals(other.repository.project());
    }

    Digest.Algorithm algorithm() {
        return algorithm;
    }

    UploadState state() {
        return state;
    }

    /** Bytes taken so far. */
    long size() {
        byte[] small = memory;
        return small == null ? state.size() : small.length;
    }

    /** As {@link #size}, with what a request that is under way has brought so far. */
    long taken() {
        return taken;
    }

    /** Counts bytes on their way into the store. */
    void take(int bytes) {
        long all = taken + bytes; // nobody else writes: the lock is held
        taken = all;
    }

    long touchedAt() {
        return touchedAt;
    }

    long createdAt() {
        return createdAt;
    }

    /** Corrects times that the clock, set back since, has not reached. */
    void touchedNotAfter(long now) {
        if (touchedAt > now) {
            touchedAt = now;
        }
        if (createdAt > now) {
            createdAt = now;
        }
    }

    boolean isEnded() {
        return ended;
    }

    void end() {
        ended = true;
    }

    /** Completes when the database has the row; without a row it never had one. */
    CompletableFuture<?> row() {
        return row;
    }

    /**
     * Takes the row back if the database has not come to it yet and nothing in the store needs it. An upload that is over
     * before its row was made costs none.
     */
    boolean takeRowBack() {
        return !inStore && row.cancel(false);
    }

    /** After {@link #takeRowBack}, when the upload goes on nevertheless. */
    void makeRowAgain() {
        row = rows.get();
    }

    /** Waits until the database has the row; throws what kept it from having it. */
    void awaitRow() {
        try {
            row.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /**
     * Takes the lock when nobody has it.
     *
     * @throws OciException {@code RANGE_INVALID} when another request is writing
     */
    void lock() {
        if (!lock.tryLock()) {
            throw new OciException(ErrorCode.RANGE_INVALID, "another request is writing to this upload");
        }
    }

    boolean tryLock() {
        return lock.tryLock();
    }

    void unlock() {
        lock.unlock();
    }

    /** Appends {@code source}; what arrived before a failure stays. */
    void append(ChunkSource source, long expected, long now) throws IOException {
        var hashing = hash == null ? null : new HashingSource(source, hash);
        long before = state.size();
        inStore = true;
        try {
            state = store.append(state, hashing == null ? source : hashing, expected);
        } catch (IOException | RuntimeException e) {
            state = store.resume(state);
            throw e;
        } finally {
            taken = state.size();
            touchedAt = now;
            if (hashing != null && state.size() - before != hashing.count()) {
                hash = null;
            }
        }
    }

    /** Takes all of a small upload into memory; it never touches the store. */
    void appendInMemory(ChunkSource source, int limit, long now) throws IOException {
        var buffer = ByteBuffer.allocate(limit);
        ByteBuffer chunk;
        while ((chunk = source.next()) != null) {
            if (chunk.remaining() > buffer.remaining()) {
                throw new OciException(ErrorCode.SIZE_INVALID, "the body is longer than its Content-Length");
            }
            buffer.put(chunk);
        }
        memory = java.util.Arrays.copyOf(buffer.array(), buffer.position());
        taken = memory.length;
        touchedAt = now;
    }

    /** Drops what {@link #appendInMemory} took: it counts within one request only. */
    void forgetMemory() {
        memory = null;
        taken = state.size();
    }

    /** The digest of everything taken, by {@code wanted}'s algorithm. */
    Digest digest(Digest.Algorithm wanted) throws IOException {
        if (memory != null) {
            return Digest.of(wanted, memory);
        }
        if (wanted == algorithm && hash != null) {
            MessageDigest finished = hash;
            hash = null; // finishing resets it, and the upload may have to go on
            return Digest.finish(wanted, finished.digest());
        }
        return Digest.finish(wanted, hashAgain(wanted.newHash()).digest());
    }

    private MessageDigest hashAgain(MessageDigest fresh) throws IOException {
        try (BlobContent.Stream content = store.readBack(state)) {
            var hashing = new HashingSource(content.source(), fresh);
            while (hashing.next() != null) {
                // all the work is in passing through
            }
            if (hashing.count() != state.size()) {
                throw new IOException("the upload has " + hashing.count() + " of " + state.size() + " bytes");
            }
        }
        return fresh;
    }

    /** Everything taken, which the caller knows to be small. */
    byte[] readAll() throws IOException {
        if (memory != null) {
            return memory;
        }
        var buffer = ByteBuffer.allocate(Math.toIntExact(state.size()));
        try (BlobContent.Stream content = store.readBack(state)) {
            ByteBuffer chunk;
            while ((chunk = content.source().next()) != null) {
                buffer.put(chunk);
            }
        }
        return buffer.array();
    }

    /** Whether the store may have something of this upload, be it an empty file. */
    boolean inStore() {
        return inStore;
    }

    /** It was opened before this process knew of it; returns this. */
    UploadSession openedAt(long then) {
        createdAt = then;
        return this;
    }

    /** The store has bytes of it that did not come through {@link #append}; returns this. */
    UploadSession withBytesInStore() {
        inStore = true;
        return this;
    }
}
