package io.berth.registry;

import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.BlobStore;
import io.berth.store.ChunkSource;
import io.berth.store.UploadState;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Unfinished uploads: opening, appending, finishing, cancelling, expiring. What is under way is known in memory; its row
 * in the database lets it survive a restart. Thread-safe.
 */
public final class Uploads {
    private static final Logger LOG = LoggerFactory.getLogger(Uploads.class);

    /** The row of an upload that is over with the request that began it. */
    static final CompletableFuture<?> NO_ROW = CompletableFuture.completedFuture(null);

    private final Database database;
    private final BlobStore store;
    private final CommitBlob commitBlob;
    private final BerthConfig.Registry rules;
    private final UploadLimits limits;
    private final long longest;
    private final int inlineLimit;
    private final FreeSpace freeSpace;
    private final Clock clock;
    private final RandomGenerator random;
    private final Map<UUID, UploadSession> sessions = new ConcurrentHashMap<>();

    Uploads(
            Database database,
            BlobStore store,
            CommitBlob commitBlob,
            BerthConfig.Registry rules,
            int inlineLimit,
            FreeSpace freeSpace,
            Clock clock,
            RandomGenerator random) {
        this.database = database;
        this.store = store;
        this.commitBlob = commitBlob;
        this.rules = rules;
        this.limits = new UploadLimits(rules.maxBlobSize(), rules.maxOpenUploadBytes());
        this.longest = Leases.longestUpload(rules.uploadExpiry()).toMillis();
        this.inlineLimit = inlineLimit;
        this.freeSpace = freeSpace;
        this.clock = clock;
        this.random = random;
    }

    /** Uploads that are open in memory. */
    public int open() {
        return sessions.size();
    }

    /** Has uploads from before the start count as open too, though nobody may ever ask for them again. */
    void countEarlier() throws IOException {
        if (limits.countsEarlier()) {
            for (UploadDao.UploadRow row :
                    database.read(tx -> tx.dao(UploadDao.class).all())) {
                UUID id = UUID.fromString(row.id());
                limits.countEarlier(
                        id,
                        row,
                        store.resume(new UploadState(id, row.generation(), row.size()))
                                .size());
            }
        }
    }

    /** Begins an upload that further requests will feed. */
    UploadSession open(RepositoryName repository, Principal principal, Digest.Algorithm algorithm) {
        freeSpace.require();
        var state = new UploadState(uuid(), random.nextLong(), 0);
        var row = new UploadDao.UploadRow(
                state.id().toString(),
                repository.value(),
                principal.identity(),
                algorithm.label(),
                store.name(),
                state.generation(),
                0,
                clock.millis());
        var session = new UploadSession(
                repository,
                principal.identity(),
                algorithm,
                store,
                state,
                clock.millis(),
                () -> database.writeLater(tx -> {
                    tx.dao(UploadDao.class).insert(row);
                    return null;
                }));
        sessions.put(state.id(), session);
        return session;
    }

    /** Takes a whole blob in one request. */
    void pushWhole(RepositoryName repository, Principal principal, Digest digest, Body body, Change.Origin origin)
            throws IOException {
        if (body.length() < 0 || body.length() > inlineLimit) {
            UploadSession session = open(repository, principal, digest.algorithm());
            try {
                finish(session, digest, null, body, principal, origin);
            } finally {
                discard(session);
            }
            return;
        }
        freeSpace.require();
        var session = new UploadSession(
                repository,
                principal.identity(),
                digest.algorithm(),
                store,
                new UploadState(uuid(), random.nextLong(), 0),
                clock.millis(),
                () -> NO_ROW);
        session.appendInMemory(body.source(), (int) body.length(), clock.millis());
        verify(session, digest);
        commitBlob.commit(session, digest, principal, origin);
    }

    /** A request's body. The length is -1 when it is not announced. */
    record Body(ChunkSource source, long length) {}

    /**
     * The upload {@code id} of this repository and principal.
     *
     * @throws OciException {@code BLOB_UPLOAD_UNKNOWN}, also when it belongs to somebody else
     */
    UploadSession find(String id, RepositoryName repository, Principal principal) throws IOException {
        UUID uuid;
        try {
            uuid = UUID.fromString(id);
        } catch (IllegalArgumentException e) {
            throw unknown();
        }
        UploadSession session = sessions.get(uuid);
        if (session == null) {
            session = restore(uuid);
        }
        if (isOver(session)
                || !session.repository().equals(repository)
                || !session.principal().equals(principal.identity())) {
            throw unknown();
        }
        return session;
    }

    private UploadSession restore(UUID id) throws IOException {
        UploadDao.UploadRow row =
                database.read(tx -> tx.dao(UploadDao.class).find(id.toString())).orElseThrow(Uploads::unknown);
        UploadState state = store.resume(new UploadState(id, row.generation(), row.size()));
        var session = new UploadSession(
                        new RepositoryName(row.repository()),
                        row.principal(),
                        Digest.Algorithm.parse(row.algorithm()),
                        store,
                        state,
                        clock.millis(),
                        () -> CompletableFuture.completedFuture(row))
                .openedAt(row.createdAt())
                .withBytesInStore();
        UploadSession other = sessions.putIfAbsent(id, session);
        limits.forgetEarlier(id);
        return other == null ? session : other;
    }

    /**
     * Appends a chunk.
     *
     * @param range where the chunk says it belongs, or null for the end
     * @throws OciException {@code RANGE_INVALID} when it does not belong at the end, or another request is writing
     */
    void append(UploadSession session, ContentRange range, Body body) throws IOException {
        session.lock();
        try {
            requireOpen(session);
            appendLocked(session, range, body);
        } finally {
            session.unlock();
        }
    }

    private void appendLocked(UploadSession session, ContentRange range, Body body) throws IOException {
        if (range != null) {
            if (range.first() != session.size()) {
                throw new OciException(
                        ErrorCode.RANGE_INVALID,
                        "the upload has %d bytes, the chunk begins at %d".formatted(session.size(), range.first()));
            }
            if (body.length() >= 0 && body.length() != range.length()) {
                throw new OciException(ErrorCode.SIZE_INVALID, "Content-Range and Content-Length disagree");
            }
        }
        freeSpace.require();
        long before = session.size();
        limits.require(body.length(), session, sessions.values());
        session.append(
                limits.limited(body.source(), session, sessions.values()), Math.max(0, body.length()), clock.millis());
        if (range != null && session.size() - before != range.length()) {
            throw new OciException(ErrorCode.SIZE_INVALID, "the body is shorter or longer than its Content-Range");
        }
    }

    /**
     * Appends what the closing request still brings and makes the upload a blob.
     *
     * @throws OciException {@code DIGEST_INVALID} when the bytes have another digest; the upload is then over
     */
    void finish(
            UploadSession session,
            Digest digest,
            ContentRange range,
            Body body,
            Principal principal,
            Change.Origin origin)
            throws IOException {
        session.lock();
        try {
            requireOpen(session);
            boolean small =
                    session.state().size() == 0 && range == null && body.length() >= 0 && body.length() <= inlineLimit;
            if (small) {
                freeSpace.require();
                limits.require(body.length(), session, sessions.values());
                session.appendInMemory(body.source(), (int) body.length(), clock.millis());
            } else {
                appendLocked(session, range, body);
            }
            try {
                verify(session, digest);
            } catch (OciException e) {
                discard(session);
                throw e;
            }
            requireOpen(session); // it may have gone on for very long
            try {
                commitBlob.commit(session, digest, principal, origin);
            } finally {
                if (session.isEnded()) {
                    sessions.remove(session.state().id());
                }
            }
        } finally {
            session.forgetMemory();
            session.unlock();
        }
    }

    private static void verify(UploadSession session, Digest expected) throws IOException {
        Digest actual = session.digest(expected.algorithm());
        if (!actual.equals(expected)) {
            throw new OciException(ErrorCode.DIGEST_INVALID, "the content has another digest; the upload is dropped")
                    .detail("expected", expected.toString())
                    .detail("actual", actual.toString());
        }
    }

    /** Ends an upload and removes its bytes. */
    void cancel(UploadSession session) throws IOException {
        session.lock();
        try {
            requireOpen(session);
            discard(session);
        } finally {
            session.unlock();
        }
    }

    private void discard(UploadSession session) throws IOException {
        if (session.isEnded()) {
            return;
        }
        session.end();
        if (session.takeRowBack()) {
            sessions.remove(session.state().id());
            return;
        }
        // Until its row is gone the ended session stays, or a request in between would bring the upload back from it.
        var unused = database.writeLater(tx ->
                        tx.dao(UploadDao.class).delete(session.state().id().toString()))
                .whenComplete((done, failed) -> sessions.remove(session.state().id()));
        store.abort(session.state());
    }

    /** Ends every upload that has been idle, or going on, for too long. */
    public void expire() {
        long now = clock.millis();
        long before = now - rules.uploadExpiry().toMillis();
        long openSince = now - longest;
        // What was touched in the future was touched while the clock was wrong, and would otherwise stay until then.
        database.write(tx -> tx.dao(UploadDao.class).touchNotAfter(now));
        for (UploadSession session : sessions.values()) {
            session.touchedNotAfter(now);
            if ((session.touchedAt() < before || isOver(session)) && session.tryLock()) {
                try {
                    discard(session);
                } catch (IOException e) {
                    LOG.warn(
                            "the bytes of upload {} could not be removed: {}",
                            session.state().id(),
                            e.toString());
                } finally {
                    session.unlock();
                }
            }
        }
        for (UploadDao.UploadRow row :
                database.read(tx -> tx.dao(UploadDao.class).expired(before, openSince))) {
            expireRow(row, before);
        }
    }

    private void expireRow(UploadDao.UploadRow row, long before) {
        UUID id = UUID.fromString(row.id());
        UploadSession live = sessions.get(id);
        try {
            if (live == null) {
                // The bytes first: on a full disk they make the room that forgetting the row takes.
                store.abort(new UploadState(id, row.generation(), row.size()));
                limits.forgetEarlier(id);
                database.write(tx -> tx.dao(UploadDao.class).delete(row.id()));
            } else if (live.touchedAt() >= before) {
                database.writeLater(tx -> {
                    tx.dao(UploadDao.class).touch(row.id(), live.size(), live.touchedAt());
                    return null;
                });
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("upload {} could not be removed and is tried again: {}", id, e.toString());
        }
    }

    /** Writes down how far every upload has come, before a stop. */
    public void flush() {
        sessions.values().forEach(session -> {
            try {
                database.write(tx -> {
                    tx.dao(UploadDao.class).touch(session.state().id().toString(), session.size(), session.touchedAt());
                    return null;
                });
            } catch (RuntimeException e) {
                LOG.warn("upload {} may be lost: {}", session.state().id(), e.toString());
            }
        });
    }

    private boolean isOver(UploadSession session) {
        return session.isEnded() || session.createdAt() < clock.millis() - longest;
    }

    private void requireOpen(UploadSession session) {
        if (isOver(session)) {
            throw unknown();
        }
        if (session.row().isCompletedExceptionally()) {
            session.awaitRow();
        }
    }

    private UUID uuid() {
        // Version 4, of the injected randomness: the id is what lets its holder write.
        long high = random.nextLong() & 0xffffffffffff0fffL | 0x4000L;
        long low = random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
        return new UUID(high, low);
    }

    private static OciException unknown() {
        return new OciException(ErrorCode.BLOB_UPLOAD_UNKNOWN, "blob upload unknown to registry");
    }
}
