package io.berth.audit;

import io.berth.db.Database;
import io.berth.db.FeedReader;
import io.berth.db.Tx;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the change feed and makes an entry of each change, once: the entry and the cursor move in one transaction. Works on
 * a thread of its own, and looks every second.
 */
public final class AuditFeed implements AutoCloseable {
    /** The name of its cursor. */
    static final String READER = "audit";

    private static final Logger LOG = LoggerFactory.getLogger(AuditFeed.class);
    private static final int BATCH = 300;
    private static final long PAUSE_MILLIS = 1_000;
    private static final Set<String> OF_PROJECTS = Set.of("project-settings", "project-deleted", "project-created");

    private final FeedReader reader;
    private final SiteSettings site;
    private final PullSampling pulls;
    private final Worker worker;

    /** One that looks by itself. */
    public static AuditFeed start(Database database, SiteSettings site, PullSampling pulls) {
        var feed = new AuditFeed(database, site, pulls);
        feed.worker.start();
        return feed;
    }

    /** One that looks when it is told to. */
    AuditFeed(Database database, SiteSettings site, PullSampling pulls) {
        reader = new FeedReader(database, READER);
        this.site = site;
        this.pulls = pulls;
        worker = new Worker("audit-feed", this::work);
    }

    private long work() {
        try {
            return step() == BATCH ? 0 : PAUSE_MILLIS;
        } catch (RuntimeException e) {
            LOG.error("changes could not be written to the audit, which is tried again", e);
            return 5 * PAUSE_MILLIS;
        }
    }

    /** Takes the next changes; returns how many there were. */
    int step() {
        String prefix = site.get(Setting.ROBOT_PREFIX);
        var settings = new boolean[1];
        int taken = reader.read(BATCH, (tx, changes) -> {
            settings[0] = changes.stream().anyMatch(change -> OF_PROJECTS.contains(change.kind()));
            write(tx, changes, prefix);
        });
        if (settings[0]) {
            pulls.refresh();
        }
        return taken;
    }

    private static void write(Tx tx, List<FeedReader.Entry> changes, String prefix) {
        AuditDao dao = tx.dao(AuditDao.class);
        for (FeedReader.Entry change : changes) {
            AuditedChange.of(change, prefix).ifPresent(dao::insert);
        }
    }

    @Override
    public void close() {
        worker.close();
    }
}
