package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Robots: their names, secrets and lives. What they may do is granted to them as to anybody. Thread-safe. */
public final class Robots {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]+(?:[._-][a-z0-9]+)*");
    private static final int MAX_NAME = 255;
    private static final int MAX_DAYS = 36_500;

    private final Database database;
    private final RandomGenerator random;
    private final SiteSettings settings;
    private final AccessVersion version;

    public Robots(Database database, RandomGenerator random, SiteSettings settings, AccessVersion version) {
        this.database = database;
        this.random = random;
        this.settings = settings;
        this.version = version;
    }

    /** A robot and its secret, which nobody can see again. */
    public record Created(Robot robot, String secret) {}

    public Optional<Robot> find(long id) {
        return database.read(tx -> tx.dao(RobotDao.class).find(id));
    }

    /** The robot that logs in as {@code fullName}. */
    public Optional<Robot> find(String fullName) {
        return database.read(tx -> find(tx, fullName));
    }

    /** The same within a transaction. */
    public Optional<Robot> find(Tx tx, String fullName) {
        String prefix = settings.get(Setting.ROBOT_PREFIX);
        if (!fullName.startsWith(prefix)) {
            return Optional.empty();
        }
        String rest = fullName.substring(prefix.length());
        int plus = rest.indexOf('+');
        RobotDao dao = tx.dao(RobotDao.class);
        return plus < 0 ? dao.findOfSystem(rest) : dao.find(rest.substring(0, plus), rest.substring(plus + 1));
    }

    /** What it logs in as. */
    public String fullName(Robot robot) {
        return robot.fullName(settings.get(Setting.ROBOT_PREFIX));
    }

    /** All robots of a project. */
    public List<Robot> of(Tx tx, long project) {
        return tx.dao(RobotDao.class).of(project);
    }

    /** @param project a name; empty for robots of all projects and of the system */
    public List<Robot> page(String project, long after, int limit) {
        return database.read(tx -> tx.dao(RobotDao.class).page(project, after, limit));
    }

    /** All robots of the system. */
    public List<Robot> ofSystem(Tx tx) {
        return tx.dao(RobotDao.class).ofSystem();
    }

    /**
     * Adds one within a transaction, which is to grant it something as well.
     *
     * @param project null for a robot of the system
     * @param days -1 for ever, 0 for what the site says
     * @param secret what it is to log in with, or null for a random one
     * @throws OciException {@code BAD_REQUEST} for a name or life that cannot be, {@code CONFLICT} when the name is taken
     */
    public Created create(
            Tx tx, Long project, String name, String description, int days, String secret, Change.Origin origin) {
        if (!isName(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "a robot's name has lower-case letters, digits and single . _ - between them, at most " + MAX_NAME
                            + " characters");
        }
        int life = days == 0 ? settings.get(Setting.ROBOT_DURATION).intValue() : days;
        requireDays(life);
        RobotDao dao = tx.dao(RobotDao.class);
        if (dao.count(project == null ? 0 : project, name) > 0) {
            throw new OciException(ErrorCode.CONFLICT, "there is a robot '" + name + "' already");
        }
        if (secret != null) {
            PasswordPolicy.require(secret);
        }
        String given = secret == null ? Secrets.make(Secrets.ROBOT, random) : secret;
        long id = dao.insert(
                new RobotDao.New(
                        project,
                        name,
                        description,
                        hash(given, secret != null),
                        life,
                        expiry(tx, life),
                        origin.actor()),
                tx.nowMillis());
        Robot robot = dao.find(id).orElseThrow();
        tx.change(new Change("robot-created", fullName(robot), Json.object("days", life), origin));
        version.raise(tx);
        return new Created(robot, given);
    }

    /** Changes description, life (counted from now) and whether it may log in. */
    public void update(Tx tx, Robot robot, String description, boolean disabled, int days, Change.Origin origin) {
        requireDays(days);
        Long expiresAt = days == robot.durationDays() ? robot.expiresAt() : expiry(tx, days);
        tx.dao(RobotDao.class).update(robot.id(), description, disabled, days, expiresAt, tx.nowMillis());
        tx.change(
                new Change("robot-updated", fullName(robot), Json.object("disabled", disabled, "days", days), origin));
        version.raise(tx);
    }

    /**
     * Gives it a new secret; the old one ends with the next request.
     *
     * @param secret the new one, or null for a random one
     * @return the new one
     */
    public String renew(long id, String secret, Change.Origin origin) {
        if (secret != null) {
            PasswordPolicy.require(secret);
        }
        String given = secret == null ? Secrets.make(Secrets.ROBOT, random) : secret;
        String hash = hash(given, secret != null);
        database.write(tx -> {
            Robot robot = require(tx, id);
            tx.dao(RobotDao.class).updateSecret(id, hash, tx.nowMillis());
            tx.change(new Change("robot-secret", fullName(robot), "{}", origin));
            version.raise(tx);
            return null;
        });
        return given;
    }

    /** Removes it within a transaction, which removes what was granted to it as well. */
    public void delete(Tx tx, Robot robot, Change.Origin origin) {
        tx.dao(RobotDao.class).delete(robot.id());
        tx.change(new Change("robot-deleted", fullName(robot), "{}", origin));
        version.raise(tx);
    }

    /** @throws OciException {@code NOT_FOUND} */
    public static Robot require(Tx tx, long id) {
        return tx.dao(RobotDao.class)
                .find(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no robot with the id " + id));
    }

    // What somebody has thought of is no random text, and is hashed as a password.
    private String hash(String secret, boolean chosen) {
        return chosen ? PasswordHash.of(secret, random) : Secrets.hash(secret);
    }

    /** Whether a robot can have this name. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches() && name.length() <= MAX_NAME;
    }

    private static Long expiry(Tx tx, int days) {
        return days < 0 ? null : tx.nowMillis() + Duration.ofDays(days).toMillis();
    }

    private static void requireDays(int days) {
        if (days != -1 && (days < 1 || days > MAX_DAYS)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a robot lives 1 to " + MAX_DAYS + " days, or -1 for ever");
        }
    }
}
