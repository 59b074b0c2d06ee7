package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Browsers' sessions. One begins at a login, and ends when it is not used for some time, at the logout, or with what was
 * proved at the login: a new password ends the sessions of the old one. Only hashes of cookies are stored. Thread-safe.
 */
public final class Sessions {
    private static final String PREFIX = "berth_session_";
    private static final Duration USED_EVERY = Duration.ofMinutes(1);
    private static final int ID_LENGTH = 16;
    private static final int MAX_AGENT = 200;

    private final Database database;
    private final Credentials credentials;
    private final Standings standings;
    private final SiteSettings site;
    private final RandomGenerator random;

    public Sessions(
            Database database,
            Credentials credentials,
            Standings standings,
            SiteSettings site,
            RandomGenerator random) {
        this.database = database;
        this.credentials = credentials;
        this.standings = standings;
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

    /**
     * One, as its owner sees it.
     *
     * @param id of the hash of its cookie, which says nothing of the cookie
     * @param client the address that it was begun from
     * @param agent what the browser called itself, may be empty
     * @param current whether it is the one that asks
     */
    public record Own(
            String id,
            String client,
            String agent,
            Instant createdAt,
            Instant usedAt,
            Instant expiresAt,
            boolean current) {}

    /**
     * Begins one for a user who has just proved who they are; empty when they have gone since.
     *
     * @param client the browser's address
     * @param agent what it calls itself, or null
     * @param sid what the identity provider calls the session there, by which it may end it
     */
    public Optional<Started> start(Principal user, String client, String agent, Optional<String> sid) {
        String cookie = Secrets.make(PREFIX, random);
        String csrf = Secrets.make("", random);
        int made = database.write(tx -> tx.dao(SessionDao.class)
                .insert(
                        Secrets.hash(cookie),
                        user.id(),
                        user.credential(),
                        csrf,
                        client,
                        shown(agent),
                        sid.orElse(null),
                        tx.nowMillis(),
                        tx.nowMillis() + life()));
        return made == 0 ? Optional.empty() : Optional.of(new Started(cookie, csrf));
    }

    private static String shown(String agent) {
        String plain = agent == null ? "" : agent.replaceAll("\\p{Cntrl}", "?");
        return plain.substring(0, Math.min(plain.length(), MAX_AGENT));
    }

    /**
     * Those of a user that go on, the last used first.
     *
     * @param cookie the one of the request, if there is one
     */
    public List<Own> of(Principal user, Optional<String> cookie) {
        Optional<String> current = cookie.map(Secrets::hash);
        return database.read(tx -> tx.dao(SessionDao.class).of(user.id(), tx.nowMillis()).stream()
                .map(row -> new Own(
                        id(row.hash()),
                        row.client(),
                        row.agent(),
                        Instant.ofEpochMilli(row.createdAt()),
                        Instant.ofEpochMilli(row.usedAt()),
                        Instant.ofEpochMilli(row.expiresAt()),
                        current.filter(row.hash()::equals).isPresent()))
                .toList());
    }

    private static String id(String hash) {
        return hash.substring(0, ID_LENGTH);
    }

    /** Ends one of a user's. @throws OciException {@code NOT_FOUND} */
    public void end(Principal user, String id, Change.Origin origin) {
        int ended = end(user, hash -> id(hash).equals(id), origin);
        if (ended == 0) {
            throw new OciException(ErrorCode.NOT_FOUND, "there is no session with the id " + id);
        }
    }

    /** Ends those of a user, but for the one of the cookie, if there is one. */
    public void endOthers(Principal user, Optional<String> cookie, Change.Origin origin) {
        Optional<String> current = cookie.map(Secrets::hash);
        end(user, hash -> current.filter(hash::equals).isEmpty(), origin);
    }

    private int end(Principal user, Predicate<String> chosen, Change.Origin origin) {
        return database.write(tx -> {
            SessionDao dao = tx.dao(SessionDao.class);
            List<String> ended = dao.of(user.id(), tx.nowMillis()).stream()
                    .map(SessionDao.Own::hash)
                    .filter(chosen)
                    .toList();
            ended.forEach(hash -> {
                dao.delete(hash);
                tx.change(new Change("session-deleted", user.name() + "/" + id(hash), "{}", origin));
            });
            return ended.size();
        });
    }

    private long life() {
        return Duration.ofMinutes(site.get(Setting.SESSION_TIMEOUT)).toMillis();
    }

    /**
     * The session of a cookie; empty when it is over.
     *
     * @throws io.berth.oci.OciException {@code UNAVAILABLE} when its user's source has not told of them for too long
     */
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
                                        row.usedAt() + USED_EVERY.toMillis() < tx.nowMillis()))))
                .filter(one -> standings.until(one.session().principal()).isPresent());
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
