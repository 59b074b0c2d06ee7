/**
 * What keeps the store and the database in agreement: {@link io.berth.gc.Fsck} proves that they are. Garbage collection
 * itself joins here.
 *
 * <p>A check goes through its tables by pages ({@code Pages}) and tells what it comes upon to {@code Findings}: {@code
 * BlobCheck} reads every blob, {@code ObjectCheck} and {@code UploadCheck} everything that is stored, {@code ManifestCheck}
 * every manifest, {@code ReferenceCheck} follows what points at something, {@code CounterCheck} counts what projects are
 * charged for.
 */
package io.berth.gc;
