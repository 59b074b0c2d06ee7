package io.berth.registry;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an upload a blob of its repository. When it returns, bytes and metadata are durable.
 *
 * <p>The order is: bytes written, file synced, renamed, directory synced, transaction committed, answer. A blob that is
 * stored already is not stored again; one whose object is missing or was found damaged is healed by this upload's.
 *
 * <p>Thread-safe.
 */
final class CommitBlob {
    private static final Logger LOG = LoggerFactory.getLogger(CommitBlob.class);

    private final Database database;
    private final BlobStore store;
    private final RegistryCache cache;
    private final Leases leases;
    private final Repositories repositories;
    private final int inlineLimit;

    CommitBlob(
            Database database,
            BlobStore store,
            RegistryCache cache,
            Leases leases,
            Repositories repositories,
            int inlineLimit) {
        this.repositories = repositories;
        this.database = database;
        this.store = store;
        this.cache = cache;
        this.leases = leases;
        this.inlineLimit = inlineLimit;
    }

    /** What the upload brought, as the transaction needs it. */
    private record Arrival(BlobDao.Blob blob, byte[] content) {}

    private enum Outcome {
        /** The blob is the one that this upload brought. */
        USED,
        /** It was there already, and what this upload brought is not needed. */
        NOT_NEEDED,
        /** It was there when we looked and is not any more; nothing was recorded. */
        GONE
    }

    /**
     * Commits {@code session}, whose digest has been checked to be {@code digest}.
     *
     * @throws IOException when the bytes could not be made durable; the upload is as it was
     */
    void commit(UploadSession session, Digest digest, Principal principal, Change.Origin origin) throws IOException {
        if (isHealthy(digest)) {
            var nothing = new Arrival(blob(session, digest, BlobDao.INLINE), null);
            if (recordWithoutStore(session, digest, nothing, principal, origin) != Outcome.GONE) {
                abortStored(session);
                return;
            }
        }
        if (session.size() <= inlineLimit) {
            var arrival = new Arrival(blob(session, digest, BlobDao.INLINE), session.readAll());
            recordWithoutStore(session, digest, arrival, principal, origin);
            abortStored(session);
            return;
        }
        var key = new ObjectKey(digest, session.state().generation());
        // A crash before the commit leaves an object that only the upload's row and its note explain.
        session.awaitRow();
        store.commit(session.state(), key);
        Outcome outcome;
        try {
            var arrival = new Arrival(blob(session, digest, store.name()), null);
            outcome = record(session, digest, arrival, principal, origin);
        } catch (RuntimeException e) {
            if (!isNamed(key)) {
                store.rollback(session.state(), key);
            }
            throw e;
        }
        if (outcome == Outcome.NOT_NEEDED) {
            store.delete(key);
        }
        store.committed(session.state(), key);
    }

    private void abortStored(UploadSession session) throws IOException {
        if (session.inStore()) {
            store.abort(session.state());
        }
    }

    private static BlobDao.Blob blob(UploadSession session, Digest digest, String store) {
        return new BlobDao.Blob(digest.toString(), session.state().generation(), BlobDao.LIVE, store, session.size());
    }

    private boolean isNamed(ObjectKey key) {
        return database.read(tx -> tx.dao(BlobDao.class).find(key.digest().toString()))
                .filter(blob -> blob.generation() == key.generation())
                .isPresent();
    }

    private Outcome recordWithoutStore(
            UploadSession session, Digest digest, Arrival arrival, Principal principal, Change.Origin origin) {
        boolean rowless = session.takeRowBack();
        Outcome outcome = Outcome.GONE;
        try {
            outcome = record(session, digest, arrival, principal, origin);
            return outcome;
        } finally {
            if (rowless && outcome == Outcome.GONE) {
                session.makeRowAgain();
            }
        }
    }

    private Outcome record(
            UploadSession session, Digest digest, Arrival arrival, Principal principal, Change.Origin origin) {
        boolean hasRow = session.row() != Uploads.NO_ROW && !session.row().isCancelled();
        Proofs.Holder holder = repositories.holder(principal, session.repository());
        return database.write(tx -> {
            origin.gate().require(tx);
            BlobDao.Blob stored = settle(tx, digest, arrival);
            if (stored == null) {
                return Outcome.GONE;
            }
            var repository = repositories.forPush(tx, session.repository(), principal, origin);
            long leasedUntil = leases.from(tx.nowMillis());
            Repositories.link(
                    tx, session.repository(), repository, digest.toString(), stored.size(), leasedUntil, origin);
            holder.note(tx, repository.id(), digest, leasedUntil);
            if (hasRow) {
                tx.dao(UploadDao.class).delete(session.state().id().toString());
            }
            tx.afterCommit(() -> {
                session.end();
                cache.changed(session.repository());
                cache.removeBlob(session.repository(), digest);
            });
            return stored == arrival.blob() ? Outcome.USED : Outcome.NOT_NEEDED;
        });
    }

    // The blob as it is from now on; null when there is none and the upload brought none
    private BlobDao.Blob settle(Tx tx, Digest digest, Arrival arrival) {
        BlobDao dao = tx.dao(BlobDao.class);
        Optional<BlobDao.Blob> existing = dao.find(digest.toString());
        boolean brought = arrival.content() != null || !arrival.blob().store().equals(BlobDao.INLINE);
        if (existing.isPresent() && (!brought || isHealthyNow(tx, existing.get()))) {
            dao.setState(digest.toString(), BlobDao.LIVE, tx.nowMillis());
            return existing.get();
        }
        if (!brought) {
            return null;
        }
        existing.ifPresent(old -> {
            LOG.warn("blob {} was damaged and is healed by a push", digest);
            dao.doom(old, tx.nowMillis());
        });
        dao.put(arrival.blob(), tx.nowMillis());
        if (arrival.content() != null) {
            dao.putContent(digest.toString(), arrival.blob().generation(), arrival.content());
        }
        return arrival.blob();
    }

    /** Whether the blob is there, not marked as damaged, and its object has the right size. */
    boolean isHealthy(Digest digest) {
        return database.read(tx -> tx.dao(BlobDao.class)
                .find(digest.toString())
                .filter(blob -> isHealthyNow(tx, blob))
                .isPresent());
    }

    private boolean isHealthyNow(Tx tx, BlobDao.Blob blob) {
        if (blob.state().equals(BlobDao.DAMAGED)) {
            return false;
        }
        if (blob.store().equals(BlobDao.INLINE)) {
            return tx.dao(BlobDao.class)
                    .content(blob.digest(), blob.generation())
                    .isPresent();
        }
        try {
            return store.size(new ObjectKey(Digest.parse(blob.digest()), blob.generation()))
                            .orElse(-1)
                    == blob.size();
        } catch (IOException e) {
            return false;
        }
    }
}
