package io.berth;

import io.berth.audit.Audit;
import io.berth.db.Database;
import io.berth.http.Authentication;
import io.berth.identity.AccessTokens;
import io.berth.identity.AccessVersion;
import io.berth.identity.Accounts;
import io.berth.identity.CertificateLogins;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.CredentialAuthenticator;
import io.berth.identity.Credentials;
import io.berth.identity.EndingCredentials;
import io.berth.identity.Groups;
import io.berth.identity.IdentitySources;
import io.berth.identity.Logins;
import io.berth.identity.Onboarding;
import io.berth.identity.ProviderGrants;
import io.berth.identity.Robots;
import io.berth.identity.SecretStore;
import io.berth.identity.Sessions;
import io.berth.identity.SourceCheck;
import io.berth.identity.ldap.LdapKind;
import io.berth.identity.oidc.OidcKind;
import io.berth.identity.workload.WorkloadRules;
import io.berth.identity.workload.WorkloadTokens;
import io.berth.site.SiteSettings;
import io.berth.token.SigningKeys;
import io.berth.token.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Who there is and by what they prove it, wired. */
final class People implements AutoCloseable {
    final Accounts accounts;
    final Groups groups;
    final Robots robots;
    final Credentials credentials;
    final Onboarding onboarding;
    final IdentitySources identitySources;
    final ConfiguredSources sources;
    final ProviderGrants providerGrants;
    final WorkloadRules workloadRules;
    final AccessTokens accessTokens;
    final Tokens tokens;
    final Sessions sessions;
    final CredentialAuthenticator authenticator;

    private final SigningKeys signingKeys;
    private final WorkloadTokens workloads;
    private final CertificateLogins certificates;
    private final EndingCredentials ending;
    private final SourceCheck sourceCheck;
    private final Audit audit;
    private final Clock clock;

    People(
            Database database,
            SiteSettings site,
            SecretStore secrets,
            Accounts accounts,
            AccessVersion access,
            Audit audit,
            MeterRegistry meters,
            Clock clock,
            RandomGenerator random) {
        this.accounts = accounts;
        this.audit = audit;
        this.clock = clock;
        robots = new Robots(database, random, site, access);
        credentials = new Credentials(site);
        groups = new Groups(database, access);
        onboarding = new Onboarding(database, groups, access);
        signingKeys = new SigningKeys(database, secrets, clock);
        tokens = new Tokens(signingKeys, clock, random);
        accessTokens = new AccessTokens(database, random, access);
        identitySources = new IdentitySources(database, secrets, access, List.of(new LdapKind(), new OidcKind(clock)));
        sources = new ConfiguredSources(database, identitySources, access, Meters.sources(meters));
        workloadRules = new WorkloadRules(database, access);
        workloads = new WorkloadTokens(workloadRules, access, clock);
        providerGrants = new ProviderGrants(database, secrets, sources, onboarding, clock);
        sessions = new Sessions(database, credentials, providerGrants, site, random);
        authenticator = new CredentialAuthenticator(
                database,
                new Logins(database, random, clock, sources, onboarding),
                robots,
                credentials,
                providerGrants,
                tokens,
                workloads,
                access,
                audit.sink(),
                clock,
                random);
        certificates = new CertificateLogins(database, robots, credentials, access, audit.sink(), clock);
        ending = new EndingCredentials(database, site);
        Meters.ending(meters, ending);
        sourceCheck = new SourceCheck(database, sources, onboarding, clock);
    }

    /**
     * How requests say who they are of.
     *
     * @param tokens whether clients are sent to the token service
     */
    Authentication authentication(boolean tokens, Optional<URI> externalUrl) {
        return new Authentication(authenticator, certificates, tokens, externalUrl, audit.sink(), clock);
    }

    void maintain() {
        signingKeys.maintain();
        accessTokens.expire();
        sessions.expire();
        ending.maintain();
    }

    /** The same for what may wait for others. */
    void maintainSources() {
        sourceCheck.runWhenDue();
    }

    @Override
    public void close() {
        workloads.close();
        sources.close();
    }
}
