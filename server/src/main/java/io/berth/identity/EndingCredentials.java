package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.Json;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns of robots and tokens that end soon, in the log and in the audit, once for each end; clients that use them are told
 * with each answer ({@link Principal.Lifetime}). Thread-safe.
 */
public final class EndingCredentials {
    private static final Logger LOG = LoggerFactory.getLogger(EndingCredentials.class);
    private static final int MOST = 100;

    private final Database database;
    private final SiteSettings site;
    private volatile int robots;
    private volatile int tokens;

    public EndingCredentials(Database database, SiteSettings site) {
        this.database = database;
        this.site = site;
    }

    /** Robots that end soon, as of the last look. */
    public int robots() {
        return robots;
    }

    /** Personal tokens and CLI secrets that do. */
    public int tokens() {
        return tokens;
    }

    /** Looks for them, and warns of those of which it has not yet. */
    public void maintain() {
        boolean news = database.read(tx -> {
            List<EndingDao.Ending> ending = robots(tx);
            List<EndingDao.Ending> endingTokens = tokens(tx);
            robots = ending.size();
            tokens = endingTokens.size();
            return ending.stream().anyMatch(EndingDao.Ending::isNews)
                    || endingTokens.stream().anyMatch(EndingDao.Ending::isNews);
        });
        if (news) {
            database.write(tx -> {
                warn(tx);
                return null;
            });
        }
    }

    private static List<EndingDao.Ending> robots(Tx tx) {
        long now = tx.nowMillis();
        return soon(tx.dao(EndingDao.class).robots(now, now + Principal.Lifetime.SOON), now);
    }

    private static List<EndingDao.Ending> tokens(Tx tx) {
        long now = tx.nowMillis();
        return soon(tx.dao(EndingDao.class).tokens(now, now + Principal.Lifetime.SOON), now);
    }

    private static List<EndingDao.Ending> soon(List<EndingDao.Ending> all, long now) {
        return all.stream().filter(ending -> ending.isSoon(now)).toList();
    }

    private void warn(Tx tx) {
        EndingDao dao = tx.dao(EndingDao.class);
        String prefix = site.get(Setting.ROBOT_PREFIX);
        robots(tx).stream().filter(EndingDao.Ending::isNews).limit(MOST).forEach(robot -> {
            dao.warnedOfRobot(robot.id(), robot.end());
            String owner = robot.owner().isEmpty() ? "" : robot.owner() + "+";
            warn(tx, "robot-ending", "robot", prefix + owner + robot.name(), robot.end());
        });
        tokens(tx).stream().filter(EndingDao.Ending::isNews).limit(MOST).forEach(token -> {
            dao.warnedOfToken(token.id(), token.end());
            warn(tx, "token-ending", "token", token.owner() + "/" + token.name(), token.end());
        });
    }

    private static void warn(Tx tx, String change, String what, String name, long end) {
        Instant at = Instant.ofEpochMilli(end);
        tx.change(new Change(change, name, Json.object("end", at.toString()), Change.Origin.by("system")));
        tx.afterCommit(
                () -> LOG.warn("the {} '{}' ends at {}: whoever uses it is refused from then on", what, name, at));
    }
}
