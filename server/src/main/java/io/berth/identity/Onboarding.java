package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.Json;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives whoever another source has verified an account here: the one of their (source, subject), or a new one. Names
 * never merge. Somebody whose name is taken here by another cannot log in, rather than become them. Thread-safe.
 */
public final class Onboarding {
    private static final Logger LOG = LoggerFactory.getLogger(Onboarding.class);
    private static final Set<String> RESERVED = Set.of("admin", "anonymous", "system", "import", "root", "berth");

    private final Database database;
    private final Groups groups;
    private final AccessVersion version;

    public Onboarding(Database database, Groups groups, AccessVersion version) {
        this.database = database;
        this.groups = groups;
        this.version = version;
    }

    /** The account, brought up to date; empty when the name cannot be had, or the account may not log in. */
    public Optional<Account> welcome(Source.Identity identity) {
        return database.write(tx -> {
                    Optional<Account> account = make(tx, identity, Change.Origin.by(identity.source()));
                    account.ifPresent(known -> tx.dao(AccountDao.class).loggedIn(known.id(), tx.nowMillis()));
                    return account;
                })
                .filter(account -> !account.disabled());
    }

    /** The same for somebody who does not log in now, but is wanted here by somebody else. */
    public Optional<Account> invite(Source.Identity identity, Change.Origin origin) {
        return database.write(tx -> make(tx, identity, origin)).filter(account -> !account.disabled());
    }

    private Optional<Account> make(Tx tx, Source.Identity identity, Change.Origin origin) {
        AccountDao dao = tx.dao(AccountDao.class);
        Optional<Account> known = dao.find(identity.source(), identity.subject());
        Account account;
        if (known.isPresent()) {
            account = known.get();
            follow(tx, account, identity, origin);
            returned(tx, account, origin);
        } else {
            if (!Accounts.isName(identity.name())
                    || RESERVED.contains(identity.name().toLowerCase(Locale.ROOT))
                    || dao.find(identity.name()).isPresent()) {
                LOG.warn(
                        "'{}' of {} was not let in: the name is taken here, or cannot be used",
                        identity.name().replaceAll("\\p{Cntrl}", "?"),
                        identity.source());
                return Optional.empty();
            }
            account = create(tx, identity, origin);
        }
        if (identity.groups().isPresent()) {
            groups.update(tx, account, identity.groups().get(), origin);
        }
        return dao.find(account.id());
    }

    /** Whether somebody has an account already. */
    public boolean knows(Source.Identity identity) {
        return database.read(tx -> tx.dao(AccountDao.class).find(identity.source(), identity.subject()))
                .isPresent();
    }

    /** Brings an account up to date with what its source says without a login. */
    void refresh(Source.Identity identity) {
        if (database.read(tx -> isCurrent(tx, identity))) {
            return; // the writer has other work than everybody's, every few minutes
        }
        database.write(tx -> {
            Change.Origin origin = Change.Origin.by(identity.source());
            tx.dao(AccountDao.class).find(identity.source(), identity.subject()).ifPresent(account -> {
                follow(tx, account, identity, origin);
                returned(tx, account, origin);
                identity.groups().ifPresent(told -> groups.update(tx, account, told, origin));
            });
            return null;
        });
    }

    private static boolean isCurrent(Tx tx, Source.Identity identity) {
        Optional<Account> account = tx.dao(AccountDao.class).find(identity.source(), identity.subject());
        return account.isEmpty()
                || identity.administrator()
                                .map(told -> told == account.get().administrator())
                                .orElse(true)
                        && tx.dao(IdentitySourceDao.class)
                                        .countGone(account.get().id())
                                == 0
                        && identity.groups()
                                .map(told -> Groups.isCurrent(tx, account.get(), told))
                                .orElse(true);
    }

    /** Notes that its source does not know an account any more, which ends what it holds. */
    void gone(long id) {
        database.write(tx -> {
            gone(tx, id);
            return null;
        });
    }

    /** The same within a transaction. */
    void gone(Tx tx, long id) {
        tx.dao(AccountDao.class).find(id).ifPresent(account -> {
            tx.dao(IdentitySourceDao.class).gone(id, tx.nowMillis());
            tx.change(new Change(
                    "user-gone",
                    account.name(),
                    Json.object("source", account.source()),
                    Change.Origin.by(account.source())));
            version.raise(tx);
        });
    }

    private void returned(Tx tx, Account account, Change.Origin origin) {
        if (tx.dao(IdentitySourceDao.class).countGone(account.id()) > 0) {
            tx.dao(IdentitySourceDao.class).gone(account.id(), null);
            tx.change(new Change("user-returned", account.name(), Json.object("source", account.source()), origin));
            version.raise(tx);
        }
    }

    private Account create(Tx tx, Source.Identity identity, Change.Origin origin) {
        AccountDao dao = tx.dao(AccountDao.class);
        boolean administrator = identity.administrator().orElse(false);
        // Two sources may know one mail address; here it belongs to whoever came first.
        String email = identity.email()
                .filter(address -> dao.countOthersWithEmail(address, 0) == 0)
                .orElse(null);
        dao.insert(
                new AccountDao.New(
                        identity.source(),
                        identity.subject(),
                        identity.name(),
                        email,
                        identity.realName(),
                        "",
                        null,
                        administrator),
                tx.nowMillis());
        tx.change(new Change(
                "user-created",
                identity.name(),
                Json.object("source", identity.source(), "administrator", administrator),
                origin));
        version.raise(tx);
        return dao.find(identity.source(), identity.subject()).orElseThrow();
    }

    // The source's administrators' group decides at each login, where it has one.
    private void follow(Tx tx, Account account, Source.Identity identity, Change.Origin origin) {
        if (identity.administrator().isPresent() && identity.administrator().get() != account.administrator()) {
            boolean administrator = identity.administrator().get();
            tx.dao(AccountDao.class).updateAdministrator(account.id(), administrator, tx.nowMillis());
            tx.change(new Change(
                    "user-administrator", account.name(), Json.object("administrator", administrator), origin));
            version.raise(tx);
        }
    }
}
