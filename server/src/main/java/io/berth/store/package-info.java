/**
 * Where the bytes of blobs lie.
 *
 * <p>{@link io.berth.store.BlobStore} is the contract that local files keep, and that object storage and tiers will: an
 * upload grows by {@code append}, becomes an object under a key that is never used twice, and is read as a region of a
 * file, a stream or a redirect. No store shows a path. Hashing is a layer above ({@link
 * io.berth.store.HashingSource}). Which objects exist for whom is not known here: the database says.
 */
package io.berth.store;
