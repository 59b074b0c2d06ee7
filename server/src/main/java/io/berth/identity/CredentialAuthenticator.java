package io.berth.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.AuditSink;
import io.berth.http.Authenticator;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * Finds out whose credential an Authorization header holds: a password of an account, a robot's secret, an access token, a
 * CI's own token, or a token of the token service.
 *
 * <p>Argon2id is dear on purpose, and clients send their password with every request. So a verified header is remembered
 * for some minutes, by a keyed hash of it under a key of this process; the password itself is not kept. What is remembered
 * carries the {@link AccessVersion} that it was verified under. After a change it is looked up again whether the credential
 * still stands for somebody, which costs one read and no hashing: so a revoked one ends with the next request.
 *
 * <p>Thread-safe.
 */
public final class CredentialAuthenticator implements Authenticator {
    private static final Duration REMEMBER = Duration.ofMinutes(5);
    private static final Duration REMEMBER_OTHERS = Duration.ofSeconds(60);
    private static final int MAX_HEADER = 16 << 10;

    private static final String TOKEN = "token";

    private record Key(long a, long b, long c, long d) {}

    private record Login(String name, String password) {}

    // until: when it has to be verified anew, milliseconds since 1970
    private record Verified(Principal principal, long version, long until) {}

    // by: the source of a password, else what kind of secret it was
    private record Decided(String by, Optional<Verified> found) {}

    private final Database database;
    private final Logins logins;
    private final Robots robots;
    private final Credentials credentials;
    private final Standings standings;
    private final BearerTokens bearers;
    private final BearerTokens workloads;
    private final AccessVersion version;
    private final AuditSink audit;
    private final Clock clock;
    private final byte[] salt = new byte[32];
    private final Cache<Key, Verified> verified = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(REMEMBER)
            .build();
    private final Once<Key, Optional<Verified>> verifying = new Once<>();

    /**
     * @param bearers verifies tokens of the token service
     * @param workloads verifies tokens that a CI or cluster has issued to its jobs
     */
    public CredentialAuthenticator(
            Database database,
            Logins logins,
            Robots robots,
            Credentials credentials,
            Standings standings,
            BearerTokens bearers,
            BearerTokens workloads,
            AccessVersion version,
            AuditSink audit,
            Clock clock,
            RandomGenerator random) {
        this.database = database;
        this.logins = logins;
        this.robots = robots;
        this.credentials = credentials;
        this.standings = standings;
        this.bearers = bearers;
        this.workloads = workloads;
        this.version = version;
        this.audit = audit;
        this.clock = clock;
        random.nextBytes(salt);
    }

    @Override
    public Optional<Principal> cached(String authorization) {
        if (authorization.length() > MAX_HEADER) {
            return Optional.empty();
        }
        Verified known = verified.getIfPresent(key(authorization));
        return known != null && known.version() == version.current() && clock.millis() < known.until()
                ? Optional.of(known.principal())
                : Optional.empty();
    }

    @Override
    public Optional<Principal> authenticate(String authorization, RequestSource source) {
        if (authorization.length() > MAX_HEADER) {
            return Optional.empty();
        }
        Key key = key(authorization);
        long current = version.current();
        Verified known = verified.getIfPresent(key);
        if (known != null && clock.millis() < known.until()) {
            Optional<Verified> again = stillStandsFor(known.principal())
                    .flatMap(owner -> confirmed(new Verified(owner, current, known.until())));
            if (again.isPresent()) {
                verified.put(key, again.get());
                return again.map(Verified::principal);
            }
            // It may be right again: a password that was changed, and changed back.
            verified.invalidate(key);
        }
        return verifyOnce(key, authorization, source, current).map(Verified::principal);
    }

    // A client opens many connections with one credential at once: one of them verifies, the others wait for it.
    private Optional<Verified> verifyOnce(Key key, String authorization, RequestSource source, long current) {
        return verifying.of(key, () -> {
            Optional<Verified> fresh = verify(authorization, source, current);
            fresh.ifPresent(one -> verified.put(key, one));
            return fresh;
        });
    }

    /** Remembers a token that this process has just issued, so that its first use costs no verification. */
    public void issued(String token, Principal owner, long expiresAt) {
        confirmed(new Verified(owner, version.current(), expiresAt))
                .ifPresent(one -> verified.put(key("Bearer " + token), one));
    }

    /**
     * Whether the source of {@code owner}, whose credential is right, still lets them in. May block.
     *
     * @throws OciException {@code UNAVAILABLE} when it has not told for too long
     */
    public boolean isConfirmed(Principal owner) {
        return standings.until(owner).isPresent();
    }

    // Remembered no longer than their source need not be asked.
    private Optional<Verified> confirmed(Verified one) {
        OptionalLong until = standings.until(one.principal());
        return until.isEmpty()
                ? Optional.empty()
                : Optional.of(new Verified(one.principal(), one.version(), Math.min(one.until(), until.getAsLong())));
    }

    // The scopes are the token's or the row's, and do not change.
    private Optional<Principal> stillStandsFor(Principal remembered) {
        if (remembered.isAnonymous()) {
            return Optional.of(remembered);
        }
        return database.read(tx -> credentials.owner(tx, remembered.credential()))
                .map(owner -> remembered.scopes().map(owner::byToken).orElse(owner));
    }

    private Optional<Verified> verify(String authorization, RequestSource source, long current) {
        String scheme = authorization
                .substring(0, Math.max(0, authorization.indexOf(' ')))
                .toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "basic" -> parse(authorization).flatMap(login -> basic(login, source, current));
            case "bearer" -> bearer(authorization.substring(7).strip(), source, current);
            default -> Optional.empty();
        };
    }

    // Of the token service, of a CI or cluster, or one that somebody made for themselves, which tells its owner itself.
    private Optional<Verified> bearer(String token, RequestSource source, long current) {
        Optional<AccessTokens.Kind> kind = AccessTokens.Kind.of(token);
        if (kind.isPresent() && kind.get() != AccessTokens.Kind.REFRESH) {
            Optional<Verified> found =
                    database.read(tx -> token(tx, token, current)).flatMap(this::confirmed);
            found.ifPresent(one -> tell(one.principal().name(), TOKEN, found, source));
            return found;
        }
        return bearer(bearers, token, current).or(() -> bearer(workloads, token, current));
    }

    private Optional<Verified> basic(Login login, RequestSource source, long current) {
        Decided decided;
        try {
            decided = basicOf(login, source.client(), current);
        } catch (OciException e) {
            if (e.code() == ErrorCode.TOO_MANY_REQUESTS) {
                tell(login.name(), AuditSink.Event.NOBODY, Optional.empty(), source);
            }
            throw e;
        }
        Optional<Verified> found = decided.found().flatMap(this::confirmed);
        tell(found.map(one -> one.principal().name()).orElse(login.name()), decided.by(), found, source);
        return found;
    }

    private void tell(String actor, String by, Optional<Verified> found, RequestSource source) {
        String credential = found.map(one -> one.principal().credential()).orElse("");
        audit.record(AuditSink.Event.login(by, actor, credential, source, found.isPresent(), "credential"));
    }

    private Decided basicOf(Login login, String client, long current) {
        String password = login.password();
        Optional<AccessTokens.Kind> kind = AccessTokens.Kind.of(password);
        if (kind.isPresent() && kind.get() != AccessTokens.Kind.REFRESH) {
            return new Decided(
                    TOKEN,
                    throttled(
                            login.name(),
                            client,
                            () -> database.read(tx -> token(tx, login.password(), current)
                                    .filter(one -> one.principal().name().equalsIgnoreCase(login.name())))));
        }
        if (isJwt(password)) {
            return new Decided("workload", bearer(workloads, password, current));
        }
        Optional<Robot> robot = robots.find(login.name());
        if (robot.isPresent()) {
            return new Decided("robot", throttled(login.name(), client, () -> robot(robot.get(), password, current)));
        }
        Optional<AccessTokens.Token> chosen = database.read(tx -> AccessTokens.chosen(tx, login.name()));
        if (chosen.isPresent()) {
            return new Decided(TOKEN, throttled(login.name(), client, () -> chosen(chosen.get(), password, current)));
        }
        Logins.Outcome outcome = logins.login(login.name(), password, client);
        return new Decided(outcome.source(), outcome.login().map(found -> {
            var principal = new Principal(Principal.Kind.USER, found.account(), found.name(), found.credential());
            Duration remember = found.source().equals(Account.LOCAL) ? REMEMBER : REMEMBER_OTHERS;
            return new Verified(principal, current, clock.millis() + remember.toMillis());
        }));
    }

    private Optional<Verified> throttled(
            String name, String client, java.util.function.Supplier<Optional<Verified>> check) {
        logins.throttle().require(name, client);
        Optional<Verified> found = check.get();
        if (found.isEmpty()) {
            logins.throttle().failed(name, client);
        } else {
            logins.throttle().succeeded(name, client);
        }
        return found;
    }

    private Optional<Verified> token(Tx tx, String secret, long current) {
        return AccessTokens.find(tx, secret).flatMap(token -> owner(tx, token, current));
    }

    private Optional<Verified> chosen(AccessTokens.Token token, String secret, long current) {
        return logins.local().matches(secret, token.hash())
                ? database.read(tx -> owner(tx, token, current))
                : Optional.empty();
    }

    private Optional<Verified> owner(Tx tx, AccessTokens.Token token, long current) {
        return credentials.owner(tx, Credentials.ofToken(token)).map(owner -> {
            database.writeLater(later -> {
                later.dao(AccessTokenDao.class).used(token.id(), later.nowMillis());
                return null;
            });
            return new Verified(owner, current, until(token.expiresAt()));
        });
    }

    private Optional<Verified> robot(Robot robot, String secret, long current) {
        boolean chosen = robot.secretHash().startsWith("$");
        boolean right = chosen
                ? logins.local().matches(secret, robot.secretHash())
                : Secrets.matches(secret, robot.secretHash());
        if (!right) {
            return Optional.empty();
        }
        return database.read(tx -> credentials.owner(tx, Credentials.ofRobot(robot)))
                .map(owner -> {
                    database.writeLater(later -> {
                        later.dao(RobotDao.class).used(robot.id(), later.nowMillis());
                        return null;
                    });
                    return new Verified(owner, current, until(robot.expiresAt()));
                });
    }

    private Optional<Verified> bearer(BearerTokens issuer, String token, long current) {
        return issuer.verify(token)
                .filter(bearer -> clock.millis() < bearer.expiresAt())
                .flatMap(bearer -> owner(bearer).map(owner -> new Verified(owner, current, until(bearer.expiresAt()))))
                .flatMap(this::confirmed);
    }

    private Optional<Principal> owner(BearerTokens.Bearer bearer) {
        Optional<Principal> owner = bearer.credential().isEmpty()
                ? Optional.of(Principal.ANONYMOUS)
                : database.read(tx -> credentials.owner(tx, bearer.credential()));
        return owner.map(found -> bearer.scopes().map(found::byToken).orElse(found));
    }

    private long until(Long expiresAt) {
        long remembered = clock.millis() + REMEMBER.toMillis();
        return expiresAt == null ? remembered : Math.min(remembered, expiresAt);
    }

    // Three parts of base64url, the first of which is a JSON object
    private static boolean isJwt(String password) {
        return password.startsWith("eyJ")
                && password.chars().filter(c -> c == '.').count() == 2;
    }

    // https://www.rfc-editor.org/rfc/rfc7617
    private static Optional<Login> parse(String authorization) {
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
