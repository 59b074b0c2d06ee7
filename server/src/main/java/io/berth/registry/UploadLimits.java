package io.berth.registry;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Collection;

/**
 * How large uploads may become.
 *
 * @param blobBytes the largest blob, 0 for any
 * @param openBytes what all unfinished uploads of somebody to a project may hold together, 0 for any amount
 */
record UploadLimits(long blobBytes, long openBytes) {

    /** How many bytes {@code session} may still take beside {@code all} that are open. */
    long left(UploadSession session, Collection<UploadSession> all) {
        long left = blobBytes > 0 ? Math.max(0, blobBytes - session.size()) : Long.MAX_VALUE;
        if (openBytes > 0) {
            long open = all.stream()
                    .filter(other -> !other.isEnded() && other.isOfTheSame(session))
                    .mapToLong(UploadSession::size)
                    .sum();
            left = Math.min(left, Math.max(0, openBytes - open));
        }
        return left;
    }

    /** What is thrown when there is more. */
    static OciException tooLarge() {
        return new OciException(
                ErrorCode.TOO_LARGE,
                "the blob is larger than registry.max-blob-size or the room for open uploads allows");
    }
}
