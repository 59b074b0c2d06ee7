package io.berth.identity;

import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Browsers' sessions. One begins at a login, and ends when it is not used for some time, at the logout, or with what was
 * proved at the login: a new password ends the sessions of the old one. Only hashes of cookies are stored. Thread-safe.
 */
public final class Sessions {
    private static final String PREFIX = "berth_session_";
    private static final Duration USED_EVERY = Duration.ofMinutes(1);

    private final Database database;
    private final Credentials credentials;
    private final SiteSettings site;
    private final RandomGenerator random;

    public Sessions(Database database, Credentials credentials, SiteSettings site, RandomGenerator random) {
        this.database = database;
        this.credentials = credentials;
        this.site = site;
        this.random = random;
    }

    /**
     * A session.
     *
     * @param csrf what requests that change something have to present beside the cookie
     */
    public record Session(Principal principal, String csrf) {}

    /** A session that has begun, and its cookie's value, which nobody can see again. */
    public record Started(String cookie, String csrf) {}

    /** Begins one for a user who has just proved who they are; empty when they have gone since. */
    public Optional<Started> start(Principal user) {
        String cookie = Secrets.make(PREFIX, random);
        String csrf = Secrets.make("", random);
        int made = database.write(tx -> tx.dao(SessionDao.class)
                .insert(
                        Secrets.hash(cookie),
                        user.id(),
                        user.credential(),
                        csrf,
                        tx.nowMillis(),
                        tx.nowMillis() + life()));
        return made == 0 ? Optional.empty() : Optional.of(new Started(cookie, csrf));
    }

    private long life() {
        return Duration.ofMinutes(site.get(Setting.SESSION_TIMEOUT)).toMillis();
    }

    /** The session of a cookie; empty when it is over. */
    public Optional<Session> find(String cookie) {
        if (!cookie.startsWith(PREFIX)) {
            return Optional.empty();
        }
        Optional<Found> found = database.read(tx -> tx.dao(SessionDao.class)
                .find(Secrets.hash(cookie))
                .filter(row -> tx.nowMillis() < row.expiresAt())
                .flatMap(row -> credentials
                        .owner(tx, row.credential())
                        .map(owner -> new Found(
                                new Session(owner, row.csrf()),
                                row.usedAt() + USED_EVERY.toMillis() < tx.nowMillis()))));
        found.filter(Found::stale).ifPresent(stale -> used(Secrets.hash(cookie)));
        return found.map(Found::session);
    }

    private record Found(Session session, boolean stale) {}

    private void used(String hash) {
        database.writeLater(tx -> {
            tx.dao(SessionDao.class).used(hash, tx.nowMillis(), tx.nowMillis() + life());
            return null;
        });
    }

    /** Ends the session of a cookie, if there is one. */
    public void end(String cookie) {
        database.write(tx -> tx.dao(SessionDao.class).delete(Secrets.hash(cookie)));
    }

    /** Forgets what is over. */
    public void expire() {
        database.write(tx -> tx.dao(SessionDao.class).deleteExpired(tx.nowMillis()));
    }
}
