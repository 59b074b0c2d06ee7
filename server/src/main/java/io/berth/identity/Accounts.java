package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Accounts: the first administrator, whoever is added later, their profiles and passwords. Thread-safe. */
public final class Accounts {
    /** The name of the account made at the first start. */
    public static final String ADMIN = "admin";

    /** How many characters a password has at least. */
    public static final int MIN_PASSWORD = PasswordPolicy.MIN;

    private static final String ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    // No colon, which Basic authentication ends names with; nothing that a robot's name has.
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{N}._@-]{0,254}");
    private static final Pattern EMAIL = Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,190}");
    private static final int MAX_COMMENT = 256;

    private final Database database;
    private final RandomGenerator random;
    private final AccessVersion version;

    public Accounts(Database database, RandomGenerator random, AccessVersion version) {
        this.database = database;
        this.random = random;
        this.version = version;
    }

    /** What {@link #ensureAdministrator} did. */
    public enum FirstStart {
        /** There was one already. */
        EXISTED,
        /** Made with the configured password. */
        CONFIGURED,
        /** Made with a random password, which lies in the file. */
        GENERATED
    }

    /** What somebody says about themselves. {@code email} may be empty. */
    public record Profile(Optional<String> email, String realName, String comment) {
        public static final Profile EMPTY = new Profile(Optional.empty(), "", "");
    }

    /**
     * Makes the account {@link #ADMIN} unless it exists.
     *
     * @param configured the password to give it
     * @param passwordFile where a generated password goes, readable by its owner alone
     */
    public FirstStart ensureAdministrator(Optional<String> configured, Path passwordFile) throws IOException {
        if (find(ADMIN).isPresent()) {
            return FirstStart.EXISTED;
        }
        String password = configured.orElseGet(() -> generate(random));
        if (configured.isEmpty()) {
            write(passwordFile, password); // before the account, or a crash between would lock everybody out
        }
        String hash = PasswordHash.of(password, random);
        database.write(tx -> {
            if (tx.dao(AccountDao.class).find(ADMIN).isEmpty()) {
                insert(tx, ADMIN, Profile.EMPTY, hash, true, Change.Origin.SYSTEM);
            }
            return null;
        });
        return configured.isEmpty() ? FirstStart.GENERATED : FirstStart.CONFIGURED;
    }

    /** Whether {@link #ADMIN} has this password. Takes the time of a login. */
    public boolean administratorHas(String password) {
        return database.read(tx -> tx.dao(AccountDao.class).login(ADMIN))
                .map(AccountDao.Login::passwordHash)
                .filter(hash -> PasswordHash.matches(password, hash))
                .isPresent();
    }

    public Optional<Account> find(String name) {
        return database.read(tx -> tx.dao(AccountDao.class).find(name));
    }

    public Optional<Account> find(long id) {
        return database.read(tx -> tx.dao(AccountDao.class).find(id));
    }

    /** Accounts of all sources in the order of their ids, at most {@code limit} above {@code after}. */
    public List<Account> list(long after, boolean disabledAlone, int limit) {
        return database.read(tx -> tx.dao(AccountDao.class).list(after, disabledAlone, limit));
    }

    /**
     * Adds a local account.
     *
     * @throws OciException {@code BAD_REQUEST} for a name, password, mail address or comment that cannot be, {@code
     *     CONFLICT} when somebody has the name or the mail address
     */
    public Account create(String name, String password, Profile profile, boolean administrator, Change.Origin origin) {
        requireName(name);
        PasswordPolicy.require(password);
        requireProfile(profile);
        String hash = PasswordHash.of(password, random);
        return database.write(tx -> {
            if (tx.dao(AccountDao.class).find(name).isPresent()) {
                throw new OciException(ErrorCode.CONFLICT, "the user name '" + name + "' is taken");
            }
            requireFreeEmail(tx, profile, 0);
            return insert(tx, name, profile, hash, administrator, origin);
        });
    }

    private Account insert(
            Tx tx, String name, Profile profile, String hash, boolean administrator, Change.Origin origin) {
        AccountDao dao = tx.dao(AccountDao.class);
        dao.insert(
                new AccountDao.New(
                        Account.LOCAL,
                        name,
                        name,
                        profile.email().orElse(null),
                        profile.realName(),
                        profile.comment(),
                        hash,
                        administrator),
                tx.nowMillis());
        tx.change(new Change("user-created", name, Json.object("administrator", administrator), origin));
        version.raise(tx);
        return dao.find(name).orElseThrow();
    }

    /** @throws OciException {@code BAD_REQUEST}, {@code NOT_FOUND}, {@code CONFLICT} when another has the mail address */
    public void update(long id, Profile profile, Change.Origin origin) {
        requireProfile(profile);
        database.write(tx -> {
            Account account = require(tx, id);
            requireFreeEmail(tx, profile, id);
            tx.dao(AccountDao.class)
                    .updateProfile(
                            id, profile.email().orElse(null), profile.realName(), profile.comment(), tx.nowMillis());
            tx.change(new Change("user-updated", account.name(), "{}", origin));
            return null;
        });
    }

    /**
     * Makes somebody an administrator, or takes that back.
     *
     * @throws OciException {@code NOT_FOUND}; {@code PRECONDITION} when nobody would be left who can log in as one
     */
    public void setAdministrator(long id, boolean administrator, Change.Origin origin) {
        database.write(tx -> {
            Account account = require(tx, id);
            if (account.administrator() != administrator) {
                if (!administrator) {
                    requireAnotherAdministrator(tx, account);
                }
                tx.dao(AccountDao.class).updateAdministrator(id, administrator, tx.nowMillis());
                tx.change(new Change(
                        "user-administrator", account.name(), Json.object("administrator", administrator), origin));
                version.raise(tx);
            }
            return null;
        });
    }

    /** The same for whether somebody may log in at all. What they hold ends, and counts again when they may. */
    public void setDisabled(long id, boolean disabled, Change.Origin origin) {
        database.write(tx -> {
            Account account = require(tx, id);
            if (account.disabled() != disabled) {
                if (disabled) {
                    requireAnotherAdministrator(tx, account);
                }
                tx.dao(AccountDao.class).updateDisabled(id, disabled, tx.nowMillis());
                tx.change(new Change("user-disabled", account.name(), Json.object("disabled", disabled), origin));
                version.raise(tx);
            }
            return null;
        });
    }

    /** The same for their account as a whole. What they pushed stays. */
    public void delete(long id, Change.Origin origin) {
        database.write(tx -> {
            delete(tx, id, origin);
            return null;
        });
    }

    /** The same within a transaction, which takes back what was granted to it as well. */
    public void delete(Tx tx, long id, Change.Origin origin) {
        Account account = require(tx, id);
        requireAnotherAdministrator(tx, account);
        ProviderGrants.forget(tx, id);
        tx.dao(AccountDao.class).delete(id);
        tx.change(new Change("user-deleted", account.name(), Json.object("source", account.source()), origin));
        version.raise(tx);
    }

    private static void requireAnotherAdministrator(Tx tx, Account account) {
        if (account.administrator() && tx.dao(AccountDao.class).countOtherAdministrators(account.id()) == 0) {
            throw new OciException(
                    ErrorCode.PRECONDITION,
                    "'" + account.name() + "' is the last administrator who can log in with a password");
        }
    }

    /**
     * Changes a password after checking the old one.
     *
     * @throws OciException {@code FORBIDDEN} when the old one is wrong, {@code BAD_REQUEST} when the new one is no good or
     *     the old one, {@code NOT_FOUND}, {@code PRECONDITION} for an account whose password is not here
     */
    public void changePassword(long id, String old, String password, Change.Origin origin) {
        AccountDao.Login login = database.read(tx -> tx.dao(AccountDao.class).login(id))
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no user with the id " + id));
        if (login.passwordHash() == null || !PasswordHash.matches(old, login.passwordHash())) {
            throw new OciException(ErrorCode.FORBIDDEN, "Current password is incorrect");
        }
        setPassword(id, password, origin);
    }

    /** The same without the old one, for administrators. */
    public void setPassword(long id, String password, Change.Origin origin) {
        PasswordPolicy.require(password);
        AccountDao.Login login = database.read(tx -> tx.dao(AccountDao.class).login(id))
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no user with the id " + id));
        if (login.passwordHash() != null && PasswordHash.matches(password, login.passwordHash())) {
            throw new OciException(ErrorCode.BAD_REQUEST, "New password is identical to old password");
        }
        if (!setPassword(login.name(), password, origin)) {
            throw new OciException(
                    ErrorCode.PRECONDITION, "'" + login.name() + "' has a password at " + login.source() + " only");
        }
    }

    /**
     * Sets a local account's password, without rules: for whoever has the data directory.
     *
     * @return false when there is no such account
     */
    public boolean setPassword(String name, String password, Change.Origin origin) {
        String hash = PasswordHash.of(password, random);
        return database.write(tx -> {
            AccountDao dao = tx.dao(AccountDao.class);
            boolean found = dao.login(name)
                            .map(login -> dao.updatePassword(login.id(), hash, tx.nowMillis()))
                            .orElse(0)
                    > 0;
            if (found) {
                dao.login(name)
                        .ifPresent(login ->
                                tx.dao(AccessTokenDao.class).deleteAll(login.id(), AccessTokens.Kind.REFRESH.name()));
                tx.change(new Change("user-password", name, "{}", origin));
                version.raise(tx);
            }
            return found;
        });
    }

    static Account require(Tx tx, long id) {
        return tx.dao(AccountDao.class)
                .find(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no user with the id " + id));
    }

    /** Whether an account may have this name. */
    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    private static void requireName(String name) {
        if (!isName(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "a user name has letters, digits and . _ - @, at most 255 of them");
        }
    }

    private static void requireProfile(Profile profile) {
        profile.email().ifPresent(email -> {
            if (!EMAIL.matcher(email).matches()) {
                throw new OciException(ErrorCode.BAD_REQUEST, "'" + email + "' is no mail address");
            }
        });
        if (profile.comment().length() > MAX_COMMENT || profile.realName().length() > MAX_COMMENT) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "a real name or comment has at most " + MAX_COMMENT + " characters");
        }
    }

    private static void requireFreeEmail(Tx tx, Profile profile, long id) {
        if (profile.email().isPresent()
                && tx.dao(AccountDao.class).countOthersWithEmail(profile.email().get(), id) > 0) {
            throw new OciException(
                    ErrorCode.CONFLICT,
                    "another user has the mail address " + profile.email().get());
        }
    }

    /** A random password of 20 characters that are told apart easily. */
    public static String generate(RandomGenerator random) {
        while (true) {
            var password = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                password.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
            }
            if (PasswordPolicy.isGood(password.toString())) {
                return password.toString();
            }
        }
    }

    /** Writes a secret to a file of mode 0600, wholly or not at all. */
    public static void write(Path file, String secret) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(temporary);
        try (var channel = Files.newByteChannel(
                        temporary,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                var out = Channels.newOutputStream(channel)) {
            out.write((secret + System.lineSeparator()).getBytes(StandardCharsets.UTF_8));
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
