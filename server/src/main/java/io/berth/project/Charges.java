package io.berth.project;

import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Optional;

/**
 * What projects are charged for: the sum of the sizes of the different blobs and manifests that their repositories link.
 * Called within the transaction that links or unlinks, once for each link.
 */
public final class Charges {
    private Charges() {}

    /**
     * A repository of the project has linked {@code digest}.
     *
     * @param size bytes
     * @throws OciException {@code DENIED} when the quota has no room, naming used, limit and needed
     */
    public static void link(Tx tx, long project, String digest, long size) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        if (dao.addRef(project, digest, size) == 1 && dao.charge(project, size) == 0) {
            ProjectDao.Usage usage = dao.usage(project);
            throw new OciException(
                            ErrorCode.DENIED,
                            "the project's storage quota is exceeded: %d of %d bytes are used, %d more are needed"
                                    .formatted(usage.usedBytes(), usage.quotaBytes(), size))
                    .detail("used", usage.usedBytes())
                    .detail("limit", usage.quotaBytes())
                    .detail("needed", size);
        }
    }

    /** A repository of the project has unlinked {@code digest}. */
    public static void unlink(Tx tx, long project, String digest) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        Optional<Integer> refs = dao.dropRef(project, digest);
        if (refs.isPresent() && refs.get() <= 0) {
            dao.remove(project, digest).ifPresent(size -> dao.release(project, size));
        }
    }
}
