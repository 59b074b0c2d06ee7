package io.berth.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The refresh tokens that logins at identity providers have left, and what is asked by them: a provider tells nobody about a
 * user who is not there, but renews their login, or does not.
 *
 * <p>Whoever uses something of such a user finds out when they were last confirmed. After {@link #CONFIRMED} the provider is
 * asked, once at a time for each user, and the others who wait hear the same. A token that comes in place of the one used is
 * stored before the answer counts. A provider that does not let them in any more ends what they hold, as a directory does
 * ({@link SourceCheck}); one that is away leaves what was known last for {@link #GRACE}. Thread-safe.
 */
public final class ProviderGrants implements Standings {
    private static final Logger LOG = LoggerFactory.getLogger(ProviderGrants.class);
    private static final Duration CONFIRMED = Duration.ofMinutes(5);
    private static final Duration GRACE = Duration.ofHours(1);
    private static final Duration RETRY = Duration.ofSeconds(30);

    private final Database database;
    private final SecretStore secrets;
    private final ConfiguredSources sources;
    private final Onboarding onboarding;
    private final Clock clock;
    private final Cache<Long, Known> known = Caffeine.newBuilder()
            .maximumSize(100_000)
            .expireAfterWrite(CONFIRMED)
            .build();
    private final Once<Long, OptionalLong> asking = new Once<>();
    private final ConcurrentHashMap<Long, Unstored> unstored = new ConcurrentHashMap<>();

    /** @param stands false when the provider has not told for too long, and is not to be asked before {@code until} */
    private record Known(long until, boolean stands) {}

    // What the provider gave in place of the stored one while the database took nothing.
    private record Unstored(String stored, String next) {}

    public ProviderGrants(
            Database database, SecretStore secrets, ConfiguredSources sources, Onboarding onboarding, Clock clock) {
        this.database = database;
        this.secrets = secrets;
        this.sources = sources;
        this.onboarding = onboarding;
        this.clock = clock;
    }

    /**
     * Keeps what a login has left.
     *
     * @param token empty when the provider gave none: one from before stays, since some give one with the first login alone
     */
    public void keep(long account, Optional<String> token) {
        database.write(tx -> {
            GrantDao dao = tx.dao(GrantDao.class);
            token.ifPresentOrElse(
                    text -> {
                        dao.put(account, clock.millis());
                        store(tx, account, text);
                    },
                    () -> dao.confirm(account, clock.millis()));
            return null;
        });
        known.invalidate(account);
    }

    /**
     * Has the provider asked about an account with the next use of what it holds.
     *
     * @return whether there is anything to ask by
     */
    public boolean doubt(Tx tx, long account) {
        tx.dao(GrantDao.class).doubt(account, clock.millis() - CONFIRMED.toMillis());
        tx.afterCommit(() -> known.invalidate(account));
        return tx.dao(GrantDao.class).find(account).isPresent();
    }

    /** Forgets what an account's logins have left. */
    static void forget(Tx tx, long account) {
        tx.dao(GrantDao.class).delete(account);
        tx.dao(SecretDao.class).delete(secretName(account));
    }

    private static String secretName(long account) {
        return "grant/" + account;
    }

    private void store(Tx tx, long account, String token) {
        secrets.put(tx, secretName(account), token.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public OptionalLong until(Principal who) {
        boolean elsewhere =
                who.credential().startsWith("token:") || who.credential().startsWith("source:");
        if (who.kind() != Principal.Kind.USER || !elsewhere) {
            return OptionalLong.of(Long.MAX_VALUE);
        }
        Optional<Known> fresh = fresh(who.id());
        return fresh.isPresent() ? told(fresh.get()) : askOnce(who.id());
    }

    private Optional<Known> fresh(long account) {
        return Optional.ofNullable(known.getIfPresent(account)).filter(one -> clock.millis() < one.until());
    }

    private OptionalLong askOnce(long account) {
        return asking.of(account, () -> {
            // Whoever comes late finds what the one before has left.
            Optional<Known> fresh = fresh(account);
            return fresh.isPresent() ? told(fresh.get()) : ask(account);
        });
    }

    private OptionalLong ask(long account) {
        Optional<GrantDao.Row> found =
                database.read(tx -> tx.dao(GrantDao.class).find(account));
        if (found.isEmpty()) {
            return remember(account, new Known(Long.MAX_VALUE, true));
        }
        GrantDao.Row grant = found.get();
        long until = grant.confirmedAt() + CONFIRMED.toMillis();
        if (clock.millis() < until) {
            return remember(account, new Known(until, true));
        }
        Optional<GrantingProvider> provider = sources.of(GrantingProvider.class, grant.source());
        Optional<String> stored = stored(account);
        if (provider.isEmpty() || stored.isEmpty()) {
            return remember(account, lastKnown(grant));
        }
        return ask(grant, provider.get(), stored.get());
    }

    // Without its master key it cannot be asked by, until the next login.
    private Optional<String> stored(long account) {
        try {
            return database.read(tx -> secrets.text(tx, secretName(account)));
        } catch (OciException e) {
            LOG.warn("{}", e.getMessage());
            return Optional.empty();
        }
    }

    private OptionalLong ask(GrantDao.Row grant, GrantingProvider provider, String stored) {
        Unstored newer = unstored.get(grant.accountId());
        String token = newer != null && newer.stored().equals(stored) ? newer.next() : stored;
        return switch (provider.renew(token, grant.subject())) {
            case GrantingProvider.Renewal.Renewed renewed -> {
                sources.metrics().asked(grant.source(), SourceMetrics.Result.VERIFIED);
                long now = clock.millis();
                confirm(grant, stored, token, renewed.next().orElse(token), now);
                renewed.identity().get().ifPresent(onboarding::refresh);
                yield remember(grant.accountId(), new Known(now + CONFIRMED.toMillis(), true));
            }
            case GrantingProvider.Renewal.Ended() -> {
                sources.metrics().asked(grant.source(), SourceMetrics.Result.UNKNOWN);
                yield end(grant, stored);
            }
            case GrantingProvider.Renewal.Away() -> {
                sources.metrics().asked(grant.source(), SourceMetrics.Result.UNAVAILABLE);
                yield remember(grant.accountId(), lastKnown(grant));
            }
        };
    }

    private void confirm(GrantDao.Row grant, String stored, String used, String next, long now) {
        long account = grant.accountId();
        if (!next.equals(used)) {
            unstored.put(account, new Unstored(stored, next));
        }
        try {
            database.write(tx -> {
                if (isStored(tx, account, stored)) { // else a login has replaced it meanwhile
                    if (!next.equals(stored)) {
                        store(tx, account, next);
                    }
                    tx.dao(GrantDao.class).confirm(account, now);
                }
                return null;
            });
            unstored.remove(account);
        } catch (RuntimeException e) {
            known.put(account, lastKnown(grant)); // a database that takes nothing makes no flood of questions
            throw e;
        }
    }

    private boolean isStored(Tx tx, long account, String token) {
        return secrets.text(tx, secretName(account)).filter(token::equals).isPresent();
    }

    private OptionalLong end(GrantDao.Row grant, String stored) {
        long account = grant.accountId();
        boolean over = database.write(tx -> {
            if (!isStored(tx, account, stored)) {
                return false;
            }
            forget(tx, account);
            tx.dao(SessionDao.class).deleteOf(account);
            onboarding.gone(tx, account);
            return true;
        });
        unstored.remove(account);
        if (!over) {
            return ask(account); // by what a login has left meanwhile, which has just confirmed them
        }
        known.invalidate(account);
        LOG.info("'{}' may not log in at {} any more", grant.name(), grant.source());
        return OptionalLong.empty();
    }

    private Known lastKnown(GrantDao.Row grant) {
        long now = clock.millis();
        long end = grant.confirmedAt() + GRACE.toMillis();
        long again = now + RETRY.toMillis();
        return now < end ? new Known(Math.min(again, end), true) : new Known(again, false);
    }

    private OptionalLong remember(long account, Known what) {
        known.put(account, what);
        return told(what);
    }

    private static OptionalLong told(Known what) {
        if (!what.stands()) {
            throw new OciException(
                    ErrorCode.UNAVAILABLE,
                    "the identity provider cannot be asked whether you may still log in: try again, or log in anew");
        }
        return OptionalLong.of(what.until());
    }
}
