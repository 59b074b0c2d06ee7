package io.berth.project;

import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a transaction adds to what its projects hold, written when all else is. Where transactions run side by side those of
 * one project would else hold its row while they wait for rows of each other, and get stuck.
 */
final class Bill implements Runnable {
    private final Tx tx;
    private final TreeMap<Long, Long> bytes = new TreeMap<>(); // in one order, for the same reason

    private Bill(Tx tx) {
        this.tx = tx;
    }

    /** The bill of this transaction. */
    static Bill of(Tx tx) {
        return tx.atEnd(Bill.class, () -> new Bill(tx));
    }

    /** @param size bytes, less than 0 where something is released */
    void add(long project, long size) {
        bytes.merge(project, size, Long::sum);
    }

    @Override
    public void run() {
        bytes.forEach((project, size) -> {
            if (size > 0) {
                charge(project, size);
            } else if (size < 0) {
                tx.dao(ProjectDao.class).release(project, -size);
            }
        });
    }

    private void charge(long project, long size) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        Optional<ProjectDao.Usage> charged = dao.charge(project, size);
        charged.ifPresent(now -> QuotaWarning.changed(
                tx, now.name(), now.quotaBytes(), now.usedBytes() - size, now.quotaBytes(), now.usedBytes()));
        if (charged.isEmpty()) {
            ProjectDao.Usage usage = dao.usage(project);
            throw exceeded(usage.usedBytes(), usage.quotaBytes(), size);
        }
    }

    /** What is thrown when there is no room for {@code needed} more; all in bytes. */
    static OciException exceeded(long used, long limit, long needed) {
        return new OciException(
                        ErrorCode.DENIED,
                        "the project's storage quota is exceeded: %d of %d bytes are used, %d more are needed"
                                .formatted(used, limit, needed))
                .detail("used", used)
                .detail("limit", limit)
                .detail("needed", needed);
    }
}
