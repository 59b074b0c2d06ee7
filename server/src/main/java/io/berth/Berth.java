package io.berth;

import io.berth.access.Authorizer;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.ProjectAuthorizer;
import io.berth.access.Roles;
import io.berth.access.Target;
import io.berth.access.VisibleRepositories;
import io.berth.api.ApiDocument;
import io.berth.api.ApiEndpoint;
import io.berth.audit.Audit;
import io.berth.audit.AuditRequests;
import io.berth.config.BerthConfig;
import io.berth.db.ChangeFeed;
import io.berth.db.Database;
import io.berth.db.SqliteDatabase;
import io.berth.harbor.HarborApi;
import io.berth.http.AccessLog;
import io.berth.http.Authentication;
import io.berth.http.BufferPool;
import io.berth.http.ByteLimiter;
import io.berth.http.ConnectionGuard;
import io.berth.http.Errors;
import io.berth.http.GuardedTransport;
import io.berth.http.HealthEndpoint;
import io.berth.http.HttpMetrics;
import io.berth.http.MetricsEndpoint;
import io.berth.http.RateLimiter;
import io.berth.http.Tracing;
import io.berth.http.WebServer;
import io.berth.identity.AccessVersion;
import io.berth.identity.Accounts;
import io.berth.identity.AdminSocket;
import io.berth.identity.Caller;
import io.berth.identity.SecretStore;
import io.berth.identity.oidc.OidcEndpoint;
import io.berth.project.Projects;
import io.berth.rbac.Explanation;
import io.berth.rbac.Rbac;
import io.berth.rbac.RbacRequests;
import io.berth.registry.Registry;
import io.berth.registry.TagPaths;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import io.berth.store.BlobStore;
import io.berth.store.DurableDirectories;
import io.berth.store.FileBlobStore;
import io.berth.store.MeteredBlobStore;
import io.berth.store.UploadWriter;
import io.berth.token.TokenEndpoint;
import io.berth.tracing.OtlpTracing;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running Berth. What is made here, in this order, is all there is; it is closed in the opposite order. */
public final class Berth implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Berth.class);
    private static final long LARGE_UPLOAD = 8 << 20;
    private static final Duration FEED_RETENTION = Duration.ofDays(30);
    private static final Duration BODY_PATIENCE = Duration.ofSeconds(30);

    private final List<AutoCloseable> parts = new ArrayList<>();
    private final int port;
    private final Optional<Integer> metricsPort;
    private final Accounts.FirstStart firstStart;
    private final Optional<String> tlsEngine;

    /**
     * Starts.
     *
     * @param clock the time, for everything
     * @param random a secure source of randomness, for ids, generations, salts and passwords
     * @throws IllegalStateException or {@link IOException} when it cannot start, with what to do
     */
    public Berth(BerthConfig config, Clock clock, RandomGenerator random) throws IOException {
        this(config, clock, random, UnaryOperator.identity());
    }

    /** @param between what is put between the registry and its store */
    Berth(BerthConfig config, Clock clock, RandomGenerator random, UnaryOperator<BlobStore> between)
            throws IOException {
        try {
            var locks = own(new DirectoryLocks());
            locks.lock(DirectoryLocks.Kind.DATA, config.data());
            locks.lock(DirectoryLocks.Kind.DATABASE, config.database().directory());
            // The slowest two parts of a start begin together.
            var guard = new ConnectionGuard(config.server().idleTimeout());
            var starting = CompletableFuture.supplyAsync(() ->
                    Vertx.builder().withTransport(new GuardedTransport(guard)).build());
            var meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            own(meters::close);
            Database database = own(SqliteDatabase.open(
                    config.database().directory(),
                    config.database().readers(),
                    clock,
                    random,
                    Meters.database(meters)));
            new DurableDirectories().ensure(config.database().directory());
            BlobStore store = own(new MeteredBlobStore(
                    between.apply(new FileBlobStore(config.storage().blobs(), uploadWriter(config))), meters));
            locks.lock(DirectoryLocks.Kind.BLOBS, config.storage().blobs());

            var access = new AccessVersion(database, System::nanoTime);
            own(access.follow());
            var site = new SiteSettings(database);
            var secrets = SecretStore.open(
                    database, config.masterKeys().given(), config.masterKeys().file(), random);
            var audit = own(new Audit(config.audit(), database, site, meters, clock));
            var accounts = new Accounts(database, random, access);
            firstStart = accounts.ensureAdministrator(
                    config.adminPassword(), config.data().resolve("admin-password"));
            if (firstStart == Accounts.FirstStart.EXISTED) {
                config.adminPassword().ifPresent(password -> {
                    var warning = IgnoredPassword.warn(accounts, password);
                    own(() -> warning.cancel(false)); // before the database closes
                });
            }
            boolean anonymousPull = config.registry().anonymousPull();
            BooleanSupplier readOnly = () -> config.registry().readOnly() || site.get(Setting.READ_ONLY);
            var people = own(new People(database, site, secrets, accounts, access, audit, meters, clock, random));
            var authentication = people.authentication(
                    config.registry().challenge() == BerthConfig.Challenge.TOKEN,
                    config.server().externalUrl());
            var roles = new Roles(database, access);
            roles.ensureBuiltIn();
            var grants = new Grants(database, access);
            Authorizer authorizer = new ProjectAuthorizer(
                    database, access, new TagPaths(database), anonymousPull, people.credentials::standsFor);
            var projects = new Projects(database, site, config.projects(), authorizer, grants, people.robots, access);

            long bodyMemory = config.limits().bodyMemory();
            var buffers = new BufferPool(bodyMemory);
            var registry = new Registry(
                    config,
                    database,
                    store,
                    authentication,
                    authorizer,
                    projects,
                    new VisibleRepositories(database, anonymousPull),
                    readOnly,
                    audit.sink(),
                    new ByteLimiter(bodyMemory, BODY_PATIENCE, System::nanoTime),
                    meters,
                    Runtime.getRuntime().maxMemory() / 8,
                    clock,
                    random);
            registry.recover();
            own(registry.uploads()::flush);
            own(registry.countPulls());

            Vertx vertx = starting.join();
            guard.start(vertx);
            own(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
            var accessLog = config.logging().access()
                    ? own(new AccessLog(
                            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 64 << 10),
                            config.logging().format() == BerthConfig.LogFormat.JSON))
                    : null;
            Meters.process(meters, database, buffers, accessLog);
            var asking = people.authentication(false, Optional.empty());
            var tokenEndpoint = new TokenEndpoint(
                    database,
                    asking,
                    people.authenticator,
                    people.credentials,
                    people.accessTokens,
                    people.tokens,
                    authorizer,
                    projects,
                    site,
                    meters);
            var httpMetrics = new HttpMetrics(meters);
            var errors = new Errors(LowerFailures::translate, audit.sink());
            var checks = ServerStatus.checks(database, registry);
            var health = new HealthEndpoint(checks);
            var caller = new Caller(
                    authentication,
                    people.sessions,
                    audit.sink(),
                    new RateLimiter(config.limits().requestsPerSecond(), System::nanoTime),
                    random);
            var harbor = new HarborApi(
                    config,
                    database,
                    caller,
                    people.authenticator,
                    people.sessions,
                    authorizer,
                    audit.sink(),
                    accounts,
                    people.groups,
                    people.robots,
                    people.accessTokens,
                    people.identitySources,
                    people.sources,
                    people.onboarding,
                    grants,
                    projects,
                    registry.artifacts(),
                    site,
                    checks,
                    readOnly,
                    clock);
            var rbac = new Rbac(
                    database,
                    roles,
                    projects,
                    grants,
                    people.robots,
                    accounts,
                    people.groups,
                    people.identitySources,
                    people.workloadRules,
                    site);
            var explanation = new Explanation(authorizer, accounts, people.robots);
            var api = new ApiEndpoint(
                    database,
                    caller,
                    authorizer,
                    audit.sink(),
                    accounts,
                    people.accessTokens,
                    people.sessions,
                    people.identitySources,
                    people.workloadRules,
                    people.robots,
                    rbac,
                    explanation,
                    new AuditRequests(audit.log()),
                    readOnly);
            var document = new ApiDocument();
            Supplier<String> scrape = Meters.scrape(meters, database, httpMetrics, checks, harbor::systemInfo, clock);
            var metrics = new MetricsEndpoint(
                    scrape,
                    asking,
                    principal -> authorizer
                            .decide(principal, Permission.METRICS_READ, Target.SYSTEM)
                            .allowed());
            var login = new OidcEndpoint(
                    database,
                    people.sources,
                    people.onboarding,
                    people.providerGrants,
                    people.accessTokens,
                    people.sessions,
                    access,
                    config.server().externalUrl(),
                    audit.sink(),
                    random);
            var server = own(new WebServer(
                    vertx,
                    config.server().host(),
                    config.server().port(),
                    config.server(),
                    guard,
                    buffers,
                    List.of(
                            new WebServer.Route("/v2", registry.endpoint()),
                            new WebServer.Route(Authentication.TOKEN_PATH, tokenEndpoint),
                            new WebServer.Route("/api", harbor),
                            new WebServer.Route(ApiEndpoint.PREFIX, api),
                            new WebServer.Route(ApiDocument.PATH, document),
                            new WebServer.Route(ApiDocument.EXPLORER, document),
                            new WebServer.Route("/c", harbor),
                            new WebServer.Route("/login", login),
                            new WebServer.Route("/c/oidc", login),
                            new WebServer.Route("/livez", health),
                            new WebServer.Route("/readyz", health),
                            new WebServer.Route("/healthz", health),
                            new WebServer.Route("/metrics", metrics)),
                    errors,
                    httpMetrics,
                    accessLog,
                    tracing(config),
                    clock,
                    random));
            port = server.start();
            tlsEngine = server.tlsEngine();
            var openMetrics =
                    MetricsListener.of(config, vertx, guard, buffers, scrape, errors, httpMetrics, clock, random);
            openMetrics.ifPresent(this::own);
            metricsPort =
                    openMetrics.isPresent() ? Optional.of(openMetrics.get().start()) : Optional.empty();
            var feed = new ChangeFeed(database);
            var requests = new RbacRequests(rbac, explanation);
            own(new AdminSocket(
                    config.data(),
                    accounts,
                    () -> ServerStatus.status(database, store, registry),
                    both(requests.all(), audit.requests())));
            own(new Maintenance(people::maintainSources));
            own(new Maintenance(() -> {
                registry.maintain();
                people.maintain();
                feed.trim(FEED_RETENTION);
                audit.maintain();
            }));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Tracing tracing(BerthConfig config) {
        return config.tracing().endpoint().isEmpty()
                ? Tracing.OFF
                : own(new OtlpTracing(
                        config.tracing().endpoint().get(), config.tracing().ratio(), ServerStatus.version()));
    }

    private static UploadWriter uploadWriter(BerthConfig config) {
        long directFrom = switch (config.storage().directIo()) {
            case ON, AUTO -> LARGE_UPLOAD;
            case OFF -> Long.MAX_VALUE;
        };
        return new UploadWriter(16, directFrom);
    }

    private static <T> Map<String, T> both(Map<String, T> one, Map<String, T> other) {
        var all = new HashMap<>(one);
        all.putAll(other);
        return all;
    }

    private <T extends AutoCloseable> T own(T part) {
        parts.add(part);
        return part;
    }

    /** The port of the registry. */
    public int port() {
        return port;
    }

    /** The port of the metrics listener, when there is one. */
    public Optional<Integer> metricsPort() {
        return metricsPort;
    }

    public Accounts.FirstStart firstStart() {
        return firstStart;
    }

    /** The TLS implementation in use, or nothing without TLS. */
    public Optional<String> tlsEngine() {
        return tlsEngine;
    }

    /** Stops: no new connections, requests under way are finished, unfinished uploads stay resumable. */
    @Override
    public void close() {
        for (int i = parts.size() - 1; i >= 0; i--) {
            try {
                parts.get(i).close();
            } catch (Exception e) {
                LOG.warn("a part did not close: {}", e.toString());
            }
        }
        parts.clear();
    }
}
