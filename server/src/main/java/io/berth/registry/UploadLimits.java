package io.berth.registry;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.ChunkSource;
import java.util.Collection;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** How large uploads may become. Thread-safe. */
final class UploadLimits {
    private record Earlier(String principal, String project, long size) {}

    private final long blobBytes;
    private final long openBytes;
    private final Map<UUID, Earlier> earlier = new ConcurrentHashMap<>();

    /**
     * @param blobBytes the largest blob, 0 for any
     * @param openBytes what all unfinished uploads of somebody to a project may hold together, 0 for any amount
     */
    UploadLimits(long blobBytes, long openBytes) {
        this.blobBytes = blobBytes;
        this.openBytes = openBytes;
    }

    /** Whether uploads that were open before the start have to be told to {@link #countEarlier}. */
    boolean countsEarlier() {
        return openBytes > 0;
    }

    /** Counts an upload that nobody has asked for since the start, until {@link #forgetEarlier}. */
    void countEarlier(UUID id, UploadDao.UploadRow row, long size) {
        String project = RepositoryName.parse(row.repository()).project();
        earlier.put(id, new Earlier(row.principal(), project, size));
    }

    void forgetEarlier(UUID id) {
        earlier.remove(id);
    }

    /** @throws OciException when {@code length} more bytes are too many; -1 is a length that nobody knows */
    void require(long length, UploadSession session, Collection<UploadSession> all) {
        if (length > Math.max(0, left(session, all))) {
            throw tooLarge();
        }
    }

    /**
     * Limits what comes out of {@code source} as it comes: several requests of the same somebody may be taking bytes at
     * once, and each has to see what the others have taken.
     */
    ChunkSource limited(ChunkSource source, UploadSession session, Collection<UploadSession> all) {
        return () -> {
            var chunk = source.next();
            if (chunk != null) {
                session.take(chunk.remaining());
                if (left(session, all) < 0) {
                    throw tooLarge();
                }
            }
            return chunk;
        };
    }

    /** How many bytes {@code session} may still take beside {@code all} that are open; less than 0 when it has too many. */
    private long left(UploadSession session, Collection<UploadSession> all) {
        long left = blobBytes > 0 ? blobBytes - session.taken() : Long.MAX_VALUE;
        if (openBytes > 0) {
            long open = all.stream()
                    .filter(other -> !other.isEnded() && other.isOfTheSame(session))
                    .mapToLong(UploadSession::taken)
                    .sum();
            String project = session.repository().project();
            long before = earlier.values().stream()
                    .filter(other -> other.principal.equals(session.principal()) && other.project.equals(project))
                    .mapToLong(Earlier::size)
                    .sum();
            left = Math.min(left, openBytes - open - before);
        }
        return left;
    }

    private static OciException tooLarge() {
        return new OciException(
                ErrorCode.TOO_LARGE,
                "the blob is larger than registry.max-blob-size or the room for open uploads allows");
    }
}
