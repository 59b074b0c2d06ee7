package io.berth.identity;

import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Clock;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Logins by name and password. The account of the name says which source is asked; of a name without an account the sources
 * are asked in their order, and the first that knows it decides. Thread-safe.
 */
public final class Logins {
    private final LocalSource local;
    private final Sources sources;
    private final Onboarding onboarding;
    private final LoginThrottle throttle;
    private final Database database;

    public Logins(Database database, RandomGenerator random, Clock clock, Sources sources, Onboarding onboarding) {
        this.database = database;
        this.sources = sources;
        this.onboarding = onboarding;
        local = new LocalSource(database, random);
        throttle = new LoginThrottle(clock);
    }

    /**
     * Whose password it is.
     *
     * @param credential the id of what was proved
     */
    public record Login(long account, String name, String source, String credential) {}

    /**
     * What came of a login.
     *
     * @param source who has decided: {@link Account#LOCAL}, another source's name, {@link AuditSink.Event#NOBODY} where nobody knows the name
     * @param login whose password it is; empty when it is nobody's
     */
    public record Outcome(String source, Optional<Login> login) {}

    /**
     * Whose password this is, without saying what is wrong where it is nobody's.
     *
     * @param client the address that it came from, by which failures are slowed down
     * @throws OciException {@code TOO_MANY_REQUESTS}; {@code UNAVAILABLE} when a source that has to be asked is away
     */
    public Outcome login(String name, String password, String client) {
        throttle.require(name, client);
        Outcome outcome =
                password.isEmpty() ? new Outcome(AuditSink.Event.NOBODY, Optional.empty()) : verify(name, password);
        if (outcome.login().isPresent()) {
            throttle.succeeded(name, client);
        } else {
            throttle.failed(name, client);
        }
        return outcome;
    }

    /** The local source, which also verifies secrets that somebody has thought of. */
    LocalSource local() {
        return local;
    }

    LoginThrottle throttle() {
        return throttle;
    }

    private Outcome verify(String name, String password) {
        Optional<AccountDao.Login> account = local.find(name);
        if (account.isPresent()) {
            String source = account.get().source();
            return new Outcome(
                    source,
                    source.equals(Account.LOCAL)
                            ? verifyLocally(account.get(), password)
                            : sources.named(source)
                                    .flatMap(named -> ask(named, name, password).login()));
        }
        for (Source source : sources.inOrder()) {
            Answer answer = ask(source, name, password);
            if (answer.decides()) {
                return new Outcome(source.name(), answer.login());
            }
        }
        local.verify(null, password); // an unknown name takes as long as a wrong password
        return new Outcome(AuditSink.Event.NOBODY, Optional.empty());
    }

    private Optional<Login> verifyLocally(AccountDao.Login account, String password) {
        if (!local.verify(account, password)) {
            return Optional.empty();
        }
        database.writeLater(tx -> {
            tx.dao(AccountDao.class).loggedIn(account.id(), tx.nowMillis());
            return null;
        });
        return Optional.of(new Login(account.id(), account.name(), Account.LOCAL, Credentials.ofPassword(account)));
    }

    private record Answer(boolean decides, Optional<Login> login) {}

    private Answer ask(Source source, String name, String password) {
        return switch (source.authenticate(name, password)) {
            case Source.Outcome.Unknown() -> new Answer(false, Optional.empty());
            case Source.Outcome.Refused() -> new Answer(true, Optional.empty());
            case Source.Outcome.Unavailable(String why) ->
                throw new OciException(
                        ErrorCode.UNAVAILABLE, "the login cannot be checked now: " + source.name() + ": " + why);
            case Source.Outcome.Verified(Source.Identity identity) ->
                new Answer(
                        true,
                        onboarding
                                .welcome(identity)
                                .map(account -> new Login(
                                        account.id(),
                                        account.name(),
                                        account.source(),
                                        Credentials.ofSource(account.id()))));
        };
    }
}
