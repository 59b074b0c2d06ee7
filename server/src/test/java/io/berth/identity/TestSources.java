package io.berth.identity;

import io.berth.db.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** {@link TestIdentity} with sources that are configured in its database. */
public final class TestSources implements AutoCloseable {
    public final TestIdentity identity;
    public final IdentitySources identitySources;
    public final ConfiguredSources configured;
    public final ProviderGrants grants;

    /** What the sources were asked, each with what came of it. */
    public final List<String> asked = new CopyOnWriteArrayList<>();

    private final Database database;

    interface Feed {
        @SqlQuery("SELECT kind || ' ' || key || ' ' || payload FROM change ORDER BY seq")
        List<String> all();
    }

    public TestSources(Database database, Path directory, List<SourceKind> kinds) throws IOException {
        this(database, directory, kinds, Clock.systemUTC());
    }

    public TestSources(Database database, Path directory, List<SourceKind> kinds, Clock clock) throws IOException {
        this.database = database;
        var version = new AccessVersion();
        var secrets = SecretStore.open(database, Optional.empty(), directory.resolve("master-key"), new Random(5));
        identitySources = new IdentitySources(database, secrets, version, kinds);
        configured = new ConfiguredSources(
                database, identitySources, version, (source, result) -> asked.add(source + " " + result));
        var onboarding = new Onboarding(database, new Groups(database, version), version);
        grants = new ProviderGrants(database, secrets, configured, onboarding, clock);
        identity = new TestIdentity(database, clock, BearerTokens.NONE, BearerTokens.NONE, version, configured, grants);
    }

    /** Asks the sources who is still there. */
    public void check() {
        new SourceCheck(database, configured, identity.onboarding, Clock.systemUTC()).run();
    }

    /** The change feed as text. */
    public String feed() {
        return database.read(tx -> tx.dao(Feed.class).all()).stream().collect(Collectors.joining("\n"));
    }

    @Override
    public void close() {
        configured.close();
    }
}
