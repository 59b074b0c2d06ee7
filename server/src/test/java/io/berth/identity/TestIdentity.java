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
    public final AccessVersion version = new AccessVersion();
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
        var random = new Random(3);
        site = new SiteSettings(database);
        accounts = new Accounts(database, random, version);
        groups = new Groups(database, version);
        robots = new Robots(database, random, site, version);
        tokens = new AccessTokens(database, random, version);
        credentials = new Credentials(site);
        onboarding = new Onboarding(database, groups, version);
        authenticator = new CredentialAuthenticator(
                database,
                new Logins(database, random, clock, () -> List.copyOf(sources), onboarding),
                robots,
                credentials,
                bearers,
                workloads,
                version,
                events::add,
                clock,
                random);
    }

    /** The header of a name and password. */
    public static String basic(String name, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((name + ":" + password).getBytes(StandardCharsets.UTF_8));
    }
}
