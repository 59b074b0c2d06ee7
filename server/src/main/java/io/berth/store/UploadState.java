package io.berth.store;

import static java.util.Objects.requireNonNull;

import java.util.UUID;

/**
 * How far an upload has come, in a form that can be kept in a database and used by another process.
 *
 * @param id the upload's id
 * @param generation the generation of the object that it will become
 * @param size bytes that the store has, not necessarily durable
 */
public record UploadState(UUID id, long generation, long size) {
    public UploadState {
        requireNonNull(id, "id is null");
        if (size < 0) {
            throw new IllegalArgumentException("size is negative: " + size);
        }
    }

    public UploadState withSize(long newSize) {
        return new UploadState(id, generation, newSize);
    }
}
