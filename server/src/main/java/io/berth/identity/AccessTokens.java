package io.berth.identity;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Scope;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Tokens that stand for an account beside its password: personal ones, with scopes and an end, the one CLI secret, and
 * refresh tokens. Only hashes are stored. Thread-safe.
 */
public final class AccessTokens {
    private static final Duration KEEP_EXPIRED = Duration.ofDays(30);
    private static final int MAX_OF_KIND = 100;

    private final Database database;
    private final RandomGenerator random;
    private final AccessVersion version;

    public AccessTokens(Database database, RandomGenerator random, AccessVersion version) {
        this.database = database;
        this.random = random;
        this.version = version;
    }

    public enum Kind {
        PERSONAL(Secrets.PERSONAL),
        CLI(Secrets.CLI),
        REFRESH(Secrets.REFRESH);

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }

        static Optional<Kind> of(String secret) {
            return Arrays.stream(values())
                    .filter(kind -> secret.startsWith(kind.prefix))
                    .findFirst();
        }
    }

    /**
     * A token as it is stored.
     *
     * @param scopes in the form of {@link Scope}, separated by spaces; empty for all that its owner may do
     * @param expiresAt milliseconds since 1970, null for never
     * @param lastUsedAt to some minutes, null for never
     */
    public record Token(
            long id,
            long accountId,
            Kind kind,
            String name,
            String hash,
            String scopes,
            long createdAt,
            Long expiresAt,
            Long lastUsedAt) {

        boolean isActive(long now) {
            return expiresAt == null || now < expiresAt;
        }

        /** What it is good for at most; empty when it does not limit. */
        public Optional<List<Scope>> limits() {
            return scopes.isEmpty()
                    ? Optional.empty()
                    : Optional.of(
                            Arrays.stream(scopes.split(" ")).map(Scope::parse).toList());
        }
    }

    /** A token and its secret, which nobody can see again. */
    public record Created(Token token, String secret) {}

    /**
     * Makes one.
     *
     * @param scopes empty for everything that the owner may do
     * @param life how long it is good for, null for ever
     * @throws OciException {@code BAD_REQUEST} for a name that cannot be, {@code CONFLICT} when there is one of the name,
     *     {@code PRECONDITION} when the account has too many
     */
    public Created create(
            long account, Kind kind, String name, List<Scope> scopes, Duration life, Change.Origin origin) {
        if (name.isBlank() || name.length() > 100) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a token has a name of at most 100 characters");
        }
        if (life != null && !life.isPositive()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a token is good for some time, or for ever");
        }
        String secret = Secrets.make(kind.prefix, random);
        return database.write(tx -> {
            Account owner = Accounts.require(tx, account);
            AccessTokenDao dao = tx.dao(AccessTokenDao.class);
            List<Token> others = dao.of(account, kind.name());
            if (kind == Kind.PERSONAL
                    && others.stream().anyMatch(other -> other.name().equals(name))) {
                throw new OciException(ErrorCode.CONFLICT, "there is a token '" + name + "' already");
            }
            if (others.size() >= MAX_OF_KIND) {
                if (kind != Kind.REFRESH) {
                    throw new OciException(
                            ErrorCode.PRECONDITION, "'" + owner.name() + "' has " + MAX_OF_KIND + " tokens already");
                }
                dao.delete(others.getFirst().id(), account);
            }
            String all = String.join(" ", scopes.stream().map(Scope::toString).toList());
            long id = add(tx, owner, kind, name, Secrets.hash(secret), all, life, origin);
            return new Created(dao.find(id).orElseThrow(), secret);
        });
    }

    /**
     * Makes {@code secret}, which somebody has thought of, the CLI secret in place of the one there is. Being no random text,
     * it is hashed as a password.
     *
     * @param life how long it is good for, null for ever
     * @throws OciException {@code BAD_REQUEST} for one that cannot be
     */
    public void choose(long account, String secret, Duration life, Change.Origin origin) {
        PasswordPolicy.require(secret);
        if (Kind.of(secret).isPresent() || secret.startsWith("eyJ")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a secret of one's own does not begin as a token does");
        }
        String hash = PasswordHash.of(secret, random);
        database.write(tx -> {
            add(tx, Accounts.require(tx, account), Kind.CLI, "cli", hash, "", life, origin);
            return null;
        });
    }

    private long add(
            Tx tx,
            Account owner,
            Kind kind,
            String name,
            String hash,
            String scopes,
            Duration life,
            Change.Origin origin) {
        AccessTokenDao dao = tx.dao(AccessTokenDao.class);
        if (kind == Kind.CLI) {
            dao.deleteAll(owner.id(), kind.name()); // there is one, and a new one replaces it
        }
        Long end = life == null ? null : tx.nowMillis() + life.toMillis();
        long id = dao.insert(owner.id(), kind.name(), name, hash, scopes, tx.nowMillis(), end);
        if (kind != Kind.REFRESH) {
            tx.change(new Change("token-created", owner.name() + "/" + name, Json.object("kind", kind.name()), origin));
        }
        if (kind == Kind.CLI) {
            version.raise(tx);
        }
        return id;
    }

    /** The CLI secret that a user of this name has chosen. */
    static Optional<Token> chosen(Tx tx, String name) {
        return tx.dao(AccessTokenDao.class).chosen(name).filter(token -> token.isActive(tx.nowMillis()));
    }

    /** An account's tokens of a kind, without their secrets. */
    public List<Token> of(long account, Kind kind) {
        return database.read(tx -> tx.dao(AccessTokenDao.class).of(account, kind.name()));
    }

    /** Ends one with the next request. @throws OciException {@code NOT_FOUND} */
    public void delete(long account, long id, Change.Origin origin) {
        database.write(tx -> {
            Account owner = Accounts.require(tx, account);
            AccessTokenDao dao = tx.dao(AccessTokenDao.class);
            Token token = dao.find(id)
                    .filter(found -> found.accountId() == account)
                    .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no token with the id " + id));
            dao.delete(id, account);
            tx.change(new Change(
                    "token-deleted",
                    owner.name() + "/" + token.name(),
                    Json.object("kind", token.kind().name()),
                    origin));
            version.raise(tx);
            return null;
        });
    }

    /** Forgets what has long been over. */
    public void expire() {
        database.write(tx -> tx.dao(AccessTokenDao.class).deleteExpired(tx.nowMillis() - KEEP_EXPIRED.toMillis()));
    }

    /** The id of the credential that a refresh token is; empty when it is none, or over. */
    public static Optional<String> refreshCredential(Tx tx, String secret) {
        return find(tx, secret).filter(token -> token.kind() == Kind.REFRESH).map(Credentials::ofToken);
    }

    static Optional<Token> find(Tx tx, String secret) {
        return tx.dao(AccessTokenDao.class).find(Secrets.hash(secret)).filter(token -> token.isActive(tx.nowMillis()));
    }
}
