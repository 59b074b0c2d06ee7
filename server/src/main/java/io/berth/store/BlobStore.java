package io.berth.store;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Objects by key, and uploads that become objects.
 *
 * <p>Thread-safe; for one upload only one method runs at a time. No method is called within a database transaction.
 */
public interface BlobStore extends AutoCloseable {

    /** The name by which {@code blob.store} refers to this store. */
    String name();

    /**
     * Adds bytes to an upload, which begins with the first call for its id.
     *
     * @param state the upload as the last call left it; the bytes go to offset {@code state.size()}, and what lies beyond
     *     from an attempt that was cut off is dropped
     * @param expected how many bytes will come, for a store that can prepare; 0 when unknown
     * @return the state after the last byte
     * @throws IOException when the source or the store failed: bytes before the failure may have been kept, {@link
     *     #resume} says how many
     */
    UploadState append(UploadState state, ChunkSource source, long expected) throws IOException;

    /** How {@link #take} gets at the bytes. */
    enum Take {
        /** A second name for the same bytes where the file systems allow it, else a copy. */
        LINK,
        COPY
    }

    /**
     * Makes the bytes of a local file those of a new upload.
     *
     * @return the state with the file's size
     */
    UploadState take(UploadState state, Path file, Take how) throws IOException;

    /** The upload as it really is, for instance after a restart. An upload that the store does not know is empty. */
    UploadState resume(UploadState state) throws IOException;

    /** All bytes of an upload from its start. The reader closes it. */
    BlobContent.Stream readBack(UploadState state) throws IOException;

    /**
     * Makes the upload an object. When this returns the object is durable: its bytes and its name.
     *
     * @throws IOException when it is not; then the upload is as it was
     */
    void commit(UploadState state, ObjectKey key) throws IOException;

    /** Undoes {@link #commit}: the object is an upload again, with all its bytes. */
    void rollback(UploadState state, ObjectKey key) throws IOException;

    /** Tells that the database names the object, and so what {@link #recover} would need can go. */
    void committed(UploadState state, ObjectKey key);

    /** Forgets an upload and its bytes. Repeating it does no harm. */
    void abort(UploadState state) throws IOException;

    /**
     * Reads part of an object.
     *
     * @throws NoSuchFileException when there is no such object
     */
    BlobContent read(ObjectKey key, long offset, long length) throws IOException;

    /** The object's size in bytes, or nothing when there is no such object. */
    OptionalLong size(ObjectKey key) throws IOException;

    /** Deletes an object. Repeating it does no harm. */
    void delete(ObjectKey key) throws IOException;

    /** Every object there is, in no order. Walks the whole store, so it is for checks and sweeps. The caller closes it. */
    Stream<ObjectKey> keys() throws IOException;

    /**
     * Every upload that the store holds bytes of, with a size of 0, those among them that a crash cut off while they became
     * an object. For checks; the caller closes it.
     */
    Stream<UploadState> uploads() throws IOException;

    /**
     * Brings the store in order after a stop of any kind, before anything else is asked of it.
     *
     * @param open tells for an upload whether the database knows it; bytes of others are removed
     * @param live tells for a key whether the database names it; an object that a commit left without that is an upload
     *     again, or is removed when its upload is unknown
     */
    void recover(Predicate<UploadState> open, Predicate<ObjectKey> live) throws IOException;

    /** Bytes that can still be written. */
    long usableSpace() throws IOException;

    @Override
    void close() throws IOException;
}
