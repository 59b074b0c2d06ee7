package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Local accounts: the first administrator, and passwords. */
public final class Accounts {
    /** The name of the account made at the first start. */
    public static final String ADMIN = "admin";

    /** How many characters a password has at least. */
    public static final int MIN_PASSWORD = 8;

    private static final String ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private final Database database;
    private final RandomGenerator random;

    public Accounts(Database database, RandomGenerator random) {
        this.database = database;
        this.random = random;
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

    /**
     * Makes the account {@link #ADMIN} unless it exists.
     *
     * @param configured the password to give it
     * @param passwordFile where a generated password goes, readable by its owner alone
     */
    public FirstStart ensureAdministrator(Optional<String> configured, Path passwordFile) throws IOException {
        Optional<AccountDao.Account> existing =
                database.read(tx -> tx.dao(AccountDao.class).find(ADMIN));
        if (existing.isPresent()) {
            return FirstStart.EXISTED;
        }
        String password = configured.orElseGet(() -> generate(random));
        if (configured.isEmpty()) {
            write(passwordFile, password); // before the account, or a crash between would lock everybody out
        }
        String hash = PasswordHash.of(password, random);
        database.write(tx -> {
            if (tx.dao(AccountDao.class).insert(ADMIN, hash, true, tx.nowMillis()) > 0) {
                tx.change(new Change("account-created", ADMIN, "{\"administrator\":true}", Change.Origin.SYSTEM));
            }
            return null;
        });
        return configured.isEmpty() ? FirstStart.GENERATED : FirstStart.CONFIGURED;
    }

    /** Whether {@link #ADMIN} has this password. Takes the time of a login. */
    public boolean administratorHas(String password) {
        return database.read(tx -> tx.dao(AccountDao.class).find(ADMIN))
                .map(AccountDao.Account::passwordHash)
                .filter(hash -> PasswordHash.matches(password, hash))
                .isPresent();
    }

    /**
     * Sets a local account's password.
     *
     * @return false when there is no such account
     */
    public boolean setPassword(String name, String password, Change.Origin origin) {
        String hash = PasswordHash.of(password, random);
        return database.write(tx -> {
            boolean found = tx.dao(AccountDao.class).updatePassword(name, hash) > 0;
            if (found) {
                tx.change(new Change("account-password", name, "{}", origin));
            }
            return found;
        });
    }

    /** A random password of 20 characters that are told apart easily. */
    public static String generate(RandomGenerator random) {
        var password = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            password.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return password.toString();
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
