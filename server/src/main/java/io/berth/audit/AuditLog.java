package io.berth.audit;

import io.berth.db.Database;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** What was recorded: searched, counted, and deleted when it is old. Thread-safe. */
public final class AuditLog {
    private static final int PAGE = 500;
    private static final int EXPIRE = 1_000;

    /** Enough for an hour's entries of a busy server, and an end in case of a clock that has gone wrong. */
    private static final int MOST_EXPIRED = 200 * EXPIRE;

    private final Database database;
    private final SiteSettings site;

    public AuditLog(Database database, SiteSettings site) {
        this.database = database;
        this.site = site;
    }

    /** The place of an entry in the order of time. */
    public record Place(long at, long id) {
        static Place of(AuditEntry entry) {
            return new Place(entry.at(), entry.id());
        }
    }

    /**
     * A page, newest first.
     *
     * @param after the last entry of the page before, or null
     */
    public List<AuditEntry> page(AuditFilter filter, Place after, int limit) {
        Where where = Where.of(filter, after);
        return database.read(tx -> tx.dao(AuditDao.class).newest(where.sql(), where.values(), limit));
    }

    public long count(AuditFilter filter) {
        Where where = Where.of(filter, null);
        return database.read(tx -> tx.dao(AuditDao.class).count(where.sql(), where.values()));
    }

    /**
     * Gives entries to {@code taker}, newest first, holding one page of them at a time.
     *
     * @param most how many at most
     */
    public void each(AuditFilter filter, long most, Consumer<AuditEntry> taker) {
        long left = most;
        Place place = null;
        while (left > 0) {
            int limit = (int) Math.min(PAGE, left);
            List<AuditEntry> page = page(filter, place, limit);
            page.forEach(taker);
            if (page.size() < limit) {
                return;
            }
            left -= page.size();
            place = Place.of(page.getLast());
        }
    }

    /**
     * Deletes what is older than {@link Setting#AUDIT_RETENTION_DAYS}, in small transactions, also what no receiver of
     * syslog has taken yet.
     *
     * @return how many entries went
     */
    public int expire() {
        long days = site.get(Setting.AUDIT_RETENTION_DAYS);
        int gone = 0;
        while (days > 0 && gone < MOST_EXPIRED) {
            int some = database.write(tx -> tx.dao(AuditDao.class)
                    .expire(tx.nowMillis() - Duration.ofDays(days).toMillis(), EXPIRE));
            gone += some;
            if (some < EXPIRE) {
                break;
            }
        }
        return gone;
    }
}
