package io.berth.identity;

import io.berth.db.Database;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.lang.ref.SoftReference;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator.BlockPool;

/**
 * Verifies the passwords that lie here. Argon2id is dear on purpose, so few are verified at a time: a flood of logins must
 * not take the processor away from pulls. Thread-safe.
 */
final class LocalSource {
    private final Database database;
    private final String nobodysHash;
    private final Semaphore verifications =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

    private final ConcurrentLinkedDeque<SoftReference<BlockPool>> memories = new ConcurrentLinkedDeque<>();

    LocalSource(Database database, RandomGenerator random) {
        this.database = database;
        // An unknown name costs the same time as a known one.
        nobodysHash = PasswordHash.ofNobody(random);
    }

    /** The account of this name, whatever its source. */
    Optional<AccountDao.Login> find(String name) {
        return database.read(tx -> tx.dao(AccountDao.class).login(name));
    }

    /** Whether the password is {@code login}'s; of nobody when that is null. */
    boolean verify(AccountDao.Login login, String password) {
        String hash = login == null || login.passwordHash() == null ? nobodysHash : login.passwordHash();
        return matches(password, hash) && login != null && !login.disabled();
    }

    /** Whether {@code hash} is of {@code password}, as soon as it is one's turn. */
    boolean matches(String password, String hash) {
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
            BlockPool memory = memory();
            boolean matches = PasswordHash.matches(password, hash, memory);
            memories.push(new SoftReference<>(memory));
            return matches;
        } finally {
            verifications.release();
        }
    }

    // There are as many as are verified at a time.
    private BlockPool memory() {
        SoftReference<BlockPool> used = memories.poll();
        BlockPool memory = used == null ? null : used.get();
        return memory == null ? PasswordHash.memory() : memory;
    }
}
