package io.berth.project;

import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.oci.Json;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in the log and the audit when a project comes to hold so much of its quota, once: what it held before the change is
 * looked at, so that nothing has to be remembered, and it is said again only after it has held less.
 */
final class QuotaWarning {
    /** From how many hundredths of the quota on. */
    static final int PERCENT = 85;

    private static final Logger LOG = LoggerFactory.getLogger(QuotaWarning.class);

    private QuotaWarning() {}

    /** Within the transaction that changes what is used or allowed; a quota is null for none. */
    static void changed(Tx tx, String project, Long quotaBefore, long usedBefore, Long quota, long used) {
        if (!isReached(quota, used) || isReached(quotaBefore, usedBefore)) {
            return;
        }
        tx.change(
                new Change("quota-warning", project, Json.object("used", used, "limit", quota), Change.Origin.SYSTEM));
        tx.afterCommit(() -> LOG.warn(
                "project '{}' holds {} of the {} bytes of its quota, which is {} % or more",
                project, used, quota, PERCENT));
    }

    private static boolean isReached(Long quota, long used) {
        return quota != null && used >= quota / 100.0 * PERCENT;
    }
}
