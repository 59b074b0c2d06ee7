package io.berth.identity;

import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sources in use. After a change of who may do what they are compared with what is configured; one whose settings are
 * as they were stays open, with its connections. Thread-safe.
 */
public final class ConfiguredSources implements Sources, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfiguredSources.class);

    private final Database database;
    private final IdentitySources configured;
    private final AccessVersion version;
    private final SourceMetrics metrics;
    private volatile InUse inUse = new InUse(-1, List.of());

    // A row that cannot be opened is here without its provider.
    private record Open(IdentitySourceDao.Row row, Optional<IdentityProvider> provider) {
        boolean isOf(IdentitySourceDao.Row other) {
            return provider.isPresent()
                    && row.name().equals(other.name())
                    && row.kind().equals(other.kind())
                    && row.settings().equals(other.settings())
                    && row.updatedAt() == other.updatedAt();
        }
    }

    private record InUse(long version, List<Open> sources) {}

    /** Those of which nothing is counted. */
    public ConfiguredSources(Database database, IdentitySources configured, AccessVersion version) {
        this(database, configured, version, SourceMetrics.NONE);
    }

    public ConfiguredSources(
            Database database, IdentitySources configured, AccessVersion version, SourceMetrics metrics) {
        this.metrics = metrics;
        this.database = database;
        this.configured = configured;
        this.version = version;
    }

    @Override
    public List<Source> inOrder() {
        var sources = new ArrayList<Source>();
        for (Open open : current()) {
            if (open.provider().isEmpty()) {
                if (configured.takesPasswords(open.row().kind())) {
                    sources.add(new Counted(new Broken(open.row().name()), metrics));
                }
            } else if (open.provider().get() instanceof Source source) {
                sources.add(new Counted(source, metrics));
            }
        }
        return List.copyOf(sources);
    }

    /** Those of a kind, in their order. */
    public <P extends IdentityProvider> List<P> of(Class<P> kind) {
        var found = new ArrayList<P>();
        for (Open open : current()) {
            open.provider().filter(kind::isInstance).map(kind::cast).ifPresent(found::add);
        }
        return found;
    }

    /** The one of this name, when it is of this kind. */
    public <P extends IdentityProvider> Optional<P> of(Class<P> kind, String name) {
        return of(kind).stream()
                .filter(provider -> provider.name().equals(name))
                .findFirst();
    }

    /** Hears what comes of asking them; of those that take passwords it hears by itself. */
    public SourceMetrics metrics() {
        return metrics;
    }

    private List<Open> current() {
        InUse known = inUse;
        return known.version() == version.current() ? known.sources() : refresh();
    }

    private synchronized List<Open> refresh() {
        long now = version.current();
        if (inUse.version() == now) {
            return inUse.sources();
        }
        Map<String, Open> before = new HashMap<>();
        inUse.sources().forEach(open -> before.put(open.row().name(), open));
        List<Open> after = database.read(tx -> tx.dao(IdentitySourceDao.class).all().stream()
                .filter(IdentitySourceDao.Row::enabled)
                .map(row -> {
                    Open open = before.get(row.name());
                    return open != null && open.isOf(row) ? open : open(tx, row);
                })
                .toList());
        inUse = new InUse(now, after);
        after.forEach(open -> metrics.inUse(open.row().name()));
        before.values().stream().filter(open -> !after.contains(open)).forEach(ConfiguredSources::close);
        return after;
    }

    private Open open(Tx tx, IdentitySourceDao.Row row) {
        try {
            return new Open(row, Optional.of(configured.open(tx, row)));
        } catch (OciException e) {
            LOG.error("the source '{}' cannot be used: {}", row.name(), e.getMessage());
            return new Open(row, Optional.empty());
        }
    }

    private static void close(Open open) {
        open.provider().ifPresent(IdentityProvider::close);
    }

    @Override
    public synchronized void close() {
        inUse.sources().forEach(ConfiguredSources::close);
        inUse = new InUse(-1, List.of());
    }

    private record Counted(Source source, SourceMetrics metrics) implements Source {
        @Override
        public String name() {
            return source.name();
        }

        @Override
        public Outcome authenticate(String user, String password) {
            Outcome outcome = source.authenticate(user, password);
            metrics.asked(
                    name(),
                    switch (outcome) {
                        case Outcome.Verified verified -> SourceMetrics.Result.VERIFIED;
                        case Outcome.Refused refused -> SourceMetrics.Result.REFUSED;
                        case Outcome.Unknown unknown -> SourceMetrics.Result.UNKNOWN;
                        case Outcome.Unavailable unavailable -> SourceMetrics.Result.UNAVAILABLE;
                    });
            return outcome;
        }
    }

    // Nobody can tell whom it knows, so nobody after it is asked.
    private record Broken(String name) implements Source {
        @Override
        public Outcome authenticate(String user, String password) {
            return new Outcome.Unavailable("it is not configured rightly, the log tells how");
        }
    }
}
