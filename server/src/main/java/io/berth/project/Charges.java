package io.berth.project;

import io.berth.db.Tx;
import io.berth.oci.OciException;
import java.util.Optional;

/**
 * What projects are charged for: the sum of the sizes of the different blobs and manifests that their repositories link.
 * Called within the transaction that links or unlinks, once for each link. The project's own row, which all of its pushes
 * want, is written as the last of the transaction: see {@link Bill}.
 */
public final class Charges {
    private Charges() {}

    /**
     * A repository of the project has linked {@code digest}. At the end of the transaction {@link OciException} {@code
     * DENIED} is thrown when the quota has no room for all that it links, naming used, limit and needed.
     *
     * @param size bytes
     */
    public static void link(Tx tx, long project, String digest, long size) {
        if (tx.dao(ProjectDao.class).addRef(project, digest, size) == 1) {
            Bill.of(tx).add(project, size);
        }
    }

    /** A repository of the project has unlinked {@code digest}. */
    public static void unlink(Tx tx, long project, String digest) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        Optional<Integer> refs = dao.dropRef(project, digest);
        if (refs.isPresent() && refs.get() <= 0) {
            dao.remove(project, digest).ifPresent(size -> Bill.of(tx).add(project, -size));
        }
    }
}
