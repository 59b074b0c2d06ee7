package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Groups of the sources, as far as something was granted to them, and who is in them. Memberships are what the source said
 * at the last login. Thread-safe.
 */
public final class Groups {
    private final Database database;
    private final AccessVersion version;

    public Groups(Database database, AccessVersion version) {
        this.database = database;
        this.version = version;
    }

    /**
     * A group.
     *
     * @param source who tells of it
     * @param subject what it is called there: a DN, a claim's value
     */
    public record Group(long id, String source, String subject, String name) {}

    public Optional<Group> find(long id) {
        return database.read(tx -> tx.dao(GroupDao.class).find(id));
    }

    public Optional<Group> find(String source, String subject) {
        return database.read(tx -> tx.dao(GroupDao.class).find(source, subject));
    }

    /** All groups in the order of their ids. */
    public List<Group> all(Tx tx) {
        return tx.dao(GroupDao.class).all();
    }

    /** The groups that an account was in at its last login. */
    public List<Group> of(long account) {
        return database.read(tx -> tx.dao(GroupDao.class).of(account));
    }

    /**
     * Makes a group known. Who is in it shows with their next login.
     *
     * @throws OciException {@code BAD_REQUEST} for an empty name or subject, {@code CONFLICT} when it is known
     */
    public Group create(String source, String subject, String name, Change.Origin origin) {
        if (subject.isBlank() || name.isBlank() || subject.length() > 1024 || name.length() > 255) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a group has a name, and a subject in its source");
        }
        return database.write(tx -> {
            if (tx.dao(GroupDao.class).insert(source, subject, name, tx.nowMillis()) == 0) {
                throw new OciException(ErrorCode.CONFLICT, "the group '" + subject + "' of " + source + " is known");
            }
            tx.change(new Change("group-created", source + ":" + subject, Json.object("name", name), origin));
            return tx.dao(GroupDao.class).find(source, subject).orElseThrow();
        });
    }

    /** @throws OciException {@code NOT_FOUND} */
    public void rename(long id, String name, Change.Origin origin) {
        database.write(tx -> {
            Group group = require(tx, id);
            tx.dao(GroupDao.class).rename(id, name);
            tx.change(new Change(
                    "group-renamed",
                    group.source() + ":" + group.subject(),
                    Json.object("old", group.name(), "new", name),
                    origin));
            return null;
        });
    }

    /** Forgets a group within a transaction, which takes back what was granted to it as well. */
    public void delete(Tx tx, long id, Change.Origin origin) {
        Group group = require(tx, id);
        tx.dao(GroupDao.class).delete(id);
        tx.change(new Change(
                "group-deleted", group.source() + ":" + group.subject(), Json.object("name", group.name()), origin));
        version.raise(tx);
    }

    static Group require(Tx tx, long id) {
        return tx.dao(GroupDao.class)
                .find(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no group with the id " + id));
    }

    // now, before: ids of groups
    private record Memberships(Set<Long> now, Set<Long> before) {}

    private static Memberships memberships(Tx tx, Account account, Set<Source.Group> told) {
        GroupDao dao = tx.dao(GroupDao.class);
        Set<Long> now = new HashSet<>();
        for (Source.Group group : told) {
            dao.find(account.source(), group.subject()).ifPresent(known -> now.add(known.id()));
        }
        Set<Long> before = new HashSet<>();
        dao.of(account.id()).stream()
                .filter(group -> group.source().equals(account.source()))
                .forEach(group -> before.add(group.id()));
        return new Memberships(now, before);
    }

    /** Whether it is noted already which of the known groups {@code account} is in. */
    static boolean isCurrent(Tx tx, Account account, Set<Source.Group> told) {
        Memberships memberships = memberships(tx, account, told);
        return memberships.now().equals(memberships.before());
    }

    /** Notes within a login's transaction which of the known groups {@code account} is in now. */
    void update(Tx tx, Account account, Set<Source.Group> told, Change.Origin origin) {
        Memberships memberships = memberships(tx, account, told);
        Set<Long> now = memberships.now();
        Set<Long> before = memberships.before();
        if (now.equals(before)) {
            return;
        }
        GroupDao dao = tx.dao(GroupDao.class);
        now.stream().filter(id -> !before.contains(id)).forEach(id -> dao.join(account.id(), id));
        before.stream().filter(id -> !now.contains(id)).forEach(id -> dao.leave(account.id(), id));
        tx.change(new Change("user-groups", account.name(), Json.object("groups", now), origin));
        version.raise(tx);
    }
}
