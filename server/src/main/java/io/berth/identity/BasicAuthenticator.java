package io.berth.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.http.Authenticator;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import java.util.random.RandomGenerator;

/**
 * Basic authentication against local accounts.
 *
 * <p>Argon2id is dear on purpose, and clients send their password with every request. So a verified header is remembered
 * for some minutes, by a keyed hash of it under a key of this process; the password itself is not kept. {@link
 * #forgetAll} makes changes of accounts count with the next request. Verifications are few at a time, so that a flood of
 * logins cannot take the processor away from pulls; a client with many failures is answered 429 for a while, from its
 * address alone, so that nobody can be locked out from elsewhere.
 */
public final class BasicAuthenticator implements Authenticator {
    private static final Duration REMEMBER = Duration.ofMinutes(5);
    private static final Duration FAILURES_FOR = Duration.ofMinutes(1);
    private static final int MAX_FAILURES = 20;
    private static final int MAX_HEADER = 4096;

    private record Key(long a, long b, long c, long d) {}

    private record Login(String name, String password) {}

    private final Database database;
    private final byte[] salt = new byte[32];
    private final String nobodysHash;
    private final Cache<Key, Principal> verified = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(REMEMBER)
            .build();
    private final Cache<String, AtomicInteger> failures = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(FAILURES_FOR)
            .build();
    private final Semaphore verifications =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

    private final AtomicLong changes = new AtomicLong();
    private final BiPredicate<String, String> matches;

    public BasicAuthenticator(Database database, RandomGenerator random) {
        this(database, random, PasswordHash::matches);
    }

    /** @param matches whether a password is that of a hash */
    BasicAuthenticator(Database database, RandomGenerator random, BiPredicate<String, String> matches) {
        this.database = database;
        this.matches = matches;
        random.nextBytes(salt);
        // An unknown name costs the same time as a known one.
        nobodysHash = PasswordHash.ofNobody(random);
    }

    @Override
    public Optional<Principal> cached(String authorization) {
        return authorization.length() > MAX_HEADER
                ? Optional.empty()
                : Optional.ofNullable(verified.getIfPresent(key(authorization)));
    }

    @Override
    public Optional<Principal> authenticate(String authorization, String client) {
        Optional<Login> login = parse(authorization);
        if (login.isEmpty()) {
            return Optional.empty();
        }
        String name = login.get().name();
        AtomicInteger failed = failures.get(client + " " + name, unused -> new AtomicInteger());
        if (failed.get() >= MAX_FAILURES) {
            throw new OciException(ErrorCode.TOO_MANY_REQUESTS, "too many failed logins, try again in a minute")
                    .header("Retry-After", Long.toString(FAILURES_FOR.toSeconds()));
        }
        Key key = key(authorization);
        long before = changes.get();
        Optional<AccountDao.Account> account =
                database.read(tx -> tx.dao(AccountDao.class).find(name).filter(found -> !found.disabled()));
        String hash = account.map(AccountDao.Account::passwordHash).orElse(nobodysHash);
        if (!verify(key, login.get().password(), hash) || account.isEmpty()) {
            failed.incrementAndGet();
            return Optional.empty();
        }
        var principal = new Principal(name, "password:" + name, account.get().administrator());
        verified.put(key, principal);
        if (changes.get() != before) {
            verified.invalidate(key); // the account was read before it changed
        }
        return Optional.of(principal);
    }

    /** Makes every credential be verified anew: an account has changed. */
    public void forgetAll() {
        changes.incrementAndGet();
        verified.invalidateAll();
    }

    private boolean verify(Key key, String password, String hash) {
        try {
            if (!verifications.tryAcquire(10, TimeUnit.SECONDS)) {
                throw new OciException(ErrorCode.TOO_MANY_REQUESTS, "too many logins at once, try again")
                        .header("Retry-After", "1");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        try {
            // Many clients of one credential come at once, after a start most of all: one verification is enough.
            return verified.getIfPresent(key) != null || matches.test(password, hash);
        } finally {
            verifications.release();
        }
    }

    // https://www.rfc-editor.org/rfc/rfc7617
    private static Optional<Login> parse(String authorization) {
        if (authorization.length() > MAX_HEADER
                || !authorization.toLowerCase(Locale.ROOT).startsWith("basic ")) {
            return Optional.empty();
        }
        try {
            var decoded = new String(
                    Base64.getDecoder().decode(authorization.substring(6).strip()), StandardCharsets.UTF_8);
            int colon = decoded.indexOf(':');
            return colon <= 0
                    ? Optional.empty()
                    : Optional.of(new Login(decoded.substring(0, colon), decoded.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Key key(String authorization) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(salt);
            ByteBuffer hash = ByteBuffer.wrap(sha256.digest(authorization.getBytes(StandardCharsets.UTF_8)));
            return new Key(hash.getLong(), hash.getLong(), hash.getLong(), hash.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
