package io.berth.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.AuditSink;
import io.berth.http.CertificateAuthenticator;
import io.berth.http.CertificateClaim;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/**
 * Whose certificates are: local accounts' by their name, and robots' where the configuration lists them. Nothing is made or
 * taken over. What was found is remembered under the {@link AccessVersion} as passwords are, so that a disabled account ends
 * with the next request. Thread-safe.
 */
public final class CertificateLogins implements CertificateAuthenticator {
    private static final Duration REMEMBER = Duration.ofMinutes(5);

    private record Known(Principal principal, long version, long until) {}

    private final Database database;
    private final Robots robots;
    private final Credentials credentials;
    private final AccessVersion version;
    private final AuditSink audit;
    private final Clock clock;
    private final Cache<CertificateClaim, Known> known = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(REMEMBER)
            .build();

    public CertificateLogins(
            Database database,
            Robots robots,
            Credentials credentials,
            AccessVersion version,
            AuditSink audit,
            Clock clock) {
        this.database = database;
        this.robots = robots;
        this.credentials = credentials;
        this.version = version;
        this.audit = audit;
        this.clock = clock;
    }

    @Override
    public Optional<Principal> cached(CertificateClaim claim) {
        Known one = known.getIfPresent(claim);
        return one != null && one.version() == version.current() && clock.millis() < one.until()
                ? Optional.of(one.principal())
                : Optional.empty();
    }

    @Override
    public Optional<Principal> authenticate(CertificateClaim claim, RequestSource source) {
        long current = version.current();
        long now = clock.millis();
        Known one = known.getIfPresent(claim);
        boolean fresh = one == null || now >= one.until();
        Optional<Principal> holder = fresh
                ? database.read(tx -> holder(tx, claim))
                : database.read(tx -> credentials.owner(tx, one.principal().credential()));
        long until = fresh ? Math.min(now + REMEMBER.toMillis(), claim.notAfter()) : one.until();
        holder.ifPresentOrElse(
                found -> known.put(claim, new Known(found, current, until)), () -> known.invalidate(claim));
        if (fresh) {
            loggedIn(claim, holder, source);
        }
        return holder;
    }

    private Optional<Principal> holder(Tx tx, CertificateClaim claim) {
        if (claim.account().isEmpty()) {
            return Optional.empty();
        }
        String name = claim.account().get();
        Optional<Robot> robot = claim.listed() ? robots.find(tx, name) : Optional.empty();
        return robot.map(found -> Credentials.ofCertificate(found, claim.notAfter()))
                .or(() -> tx.dao(AccountDao.class)
                        .login(name)
                        .map(found -> Credentials.ofCertificate(found, claim.notAfter())))
                .flatMap(credential -> credentials.owner(tx, credential));
    }

    private void loggedIn(CertificateClaim claim, Optional<Principal> holder, RequestSource source) {
        String actor = holder.map(Principal::name).orElse(claim.account().orElse(claim.says()));
        audit.record(AuditSink.Event.login(
                "certificate",
                actor,
                holder.map(Principal::credential).orElse(""),
                source,
                holder.isPresent(),
                "certificate of " + claim.authority()));
        holder.ifPresent(found -> database.writeLater(tx -> {
            if (found.kind() == Principal.Kind.ROBOT) {
                tx.dao(RobotDao.class).used(found.id(), tx.nowMillis());
            } else {
                tx.dao(AccountDao.class).loggedIn(found.id(), tx.nowMillis());
            }
            return null;
        }));
    }
}
