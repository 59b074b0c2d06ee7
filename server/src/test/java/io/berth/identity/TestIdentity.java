package io.berth.identity;

import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.site.SiteSettings;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/** Everything of this package on a database of a test. */
public final class TestIdentity {
    public final AccessVersion version;
    public final SiteSettings site;
    public final Accounts accounts;
    public final Groups groups;
    public final Robots robots;
    public final AccessTokens tokens;
    public final Credentials credentials;
    public final Onboarding onboarding;
    public final CredentialAuthenticator authenticator;
    /** What the authenticator told the audit. */
    public final List<AuditSink.Event> events = new ArrayList<>();
    /** The sources that it asks, in their order. */
    public final List<Source> sources = new ArrayList<>();

    public TestIdentity(Database database, Clock clock) {
        this(database, clock, BearerTokens.NONE, BearerTokens.NONE);
    }

    public TestIdentity(Database database, Clock clock, BearerTokens bearers, BearerTokens workloads) {
        this(database, clock, bearers, workloads, new AccessVersion(), Sources.NONE, Standings.UNASKED);
    }

    /** @param configured sources that are asked after {@link #sources} */
    public TestIdentity(
            Database database,
            Clock clock,
            BearerTokens bearers,
            BearerTokens workloads,
            AccessVersion version,
            Sources configured,
            Standings standings) {
        var random = new Random(3);
        this.version = version;
        site = new SiteSettings(database);
        accounts = new Accounts(database, random, version);
        groups = new Groups(database, version);
        robots = new Robots(database, random, site, version);
        tokens = new AccessTokens(database, random, version);
        // Sources that a test makes are in no table.
        credentials = new Credentials(
                site,
                (tx, login) -> sources.stream().anyMatch(source -> source.name().equals(login.source()))
                        || tx.dao(IdentitySourceDao.class).countStanding(login.id()) > 0);
        onboarding = new Onboarding(database, groups, version);
        authenticator = new CredentialAuthenticator(
                database,
                new Logins(database, random, clock, () -> all(configured), onboarding),
                robots,
                credentials,
                standings,
                bearers,
                workloads,
                version,
                events::add,
                clock,
                random);
    }

    private List<Source> all(Sources configured) {
        var all = new ArrayList<>(sources);
        all.addAll(configured.inOrder());
        return all;
    }

    /** The header of a name and password. */
    public static String basic(String name, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(StandardCharsets.UTF_8));
    }
}
