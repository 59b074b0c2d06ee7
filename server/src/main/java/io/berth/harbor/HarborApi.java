package io.berth.harbor;

import io.berth.access.Authorizer;
import io.berth.access.Grants;
import io.berth.config.BerthConfig;
import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.http.Authenticator;
import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.identity.AccessTokens;
import io.berth.identity.Accounts;
import io.berth.identity.Caller;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.Groups;
import io.berth.identity.IdentitySources;
import io.berth.identity.Onboarding;
import io.berth.identity.Robots;
import io.berth.identity.Sessions;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Labels;
import io.berth.project.Projects;
import io.berth.registry.Artifacts;
import io.berth.site.SiteSettings;
import java.time.Clock;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** {@code /api} and {@code /c}: Harbor's API, wired. */
public final class HarborApi implements Endpoint {
    private static final String READ_ONLY = "The system is in read only mode. Any modification is prohibited.";

    private final Router router = new Router();
    private final SystemRoutes system;
    private final Caller caller;
    private final BooleanSupplier readOnly;

    /**
     * @param checks by name: what is wrong with the server, or null
     * @param readOnly whether nothing may be changed now
     */
    public HarborApi(
            BerthConfig config,
            Database database,
            Caller caller,
            Authenticator authenticator,
            Sessions sessions,
            Authorizer authorizer,
            AuditSink audit,
            Accounts accounts,
            Groups groups,
            Robots robots,
            AccessTokens tokens,
            IdentitySources identitySources,
            ConfiguredSources sources,
            Onboarding onboarding,
            Grants grants,
            Projects projects,
            Artifacts artifacts,
            SiteSettings site,
            Map<String, Supplier<String>> checks,
            BooleanSupplier readOnly,
            Clock clock) {
        this.caller = caller;
        this.readOnly = readOnly;
        var guard = new Guard(authorizer, audit, projects);
        var visibility = new Visibility(config.registry().anonymousPull());
        var bodies = new ProjectBodies(database, projects, visibility);
        var kinds = new GroupKinds(database);
        var auth = new AuthSettings(identitySources);
        var labels = new Labels(database);
        new SessionRoutes(
                        authenticator,
                        sessions,
                        accounts,
                        guard,
                        config.server().externalUrl())
                .add(router);
        system = new SystemRoutes(
                database,
                guard,
                auth,
                site,
                bodies,
                visibility,
                checks,
                config.server().externalUrl(),
                clock);
        system.add(router);
        new UserRoutes(database, guard, accounts, grants, projects, tokens, sources).add(router);
        new ProjectRoutes(database, guard, projects, artifacts, bodies, visibility, clock).add(router);
        new MetadataRoutes(database, guard, projects).add(router);
        new QuotaRoutes(database, guard, projects).add(router);
        new MemberRoutes(database, guard, grants, accounts, groups, kinds).add(router);
        new GroupRoutes(database, guard, groups, grants, kinds).add(router);
        new RobotRoutes(database, guard, robots, grants, projects).add(router);
        new LabelRoutes(database, guard, labels, projects).add(router);
        new RepositoryRoutes(database, guard, visibility, artifacts).add(router);
        var artifactRoutes = new ArtifactRoutes(database, guard, artifacts, labels);
        artifactRoutes.add(router);
        new TagRoutes(database, guard, artifactRoutes, artifacts).add(router);
        new ConfigRoutes(database, guard, auth, site, clock).add(router);
        new SourceRoutes(database, guard, auth, identitySources, sources, onboarding).add(router);
        new AuditRoutes(database, guard, visibility).add(router);
        new AbsentRoutes(guard).add(router);
    }

    @Override
    public void answer(Exchange exchange) throws Exception {
        exchange.operation("harbor");
        try {
            Principal principal = authenticate(exchange);
            requireWritable(exchange);
            router.answer(exchange, principal);
        } catch (OciException e) {
            throw translate(e);
        }
    }

    private Principal authenticate(Exchange exchange) {
        // Whoever logs in or out has a session or not, and a stale one is no hindrance.
        boolean door =
                exchange.path().equals(SessionRoutes.LOGIN) || exchange.path().equals(SessionRoutes.LOGOUT);
        if (!door) {
            return caller.require(exchange);
        }
        caller.limit(exchange, Principal.ANONYMOUS);
        return Principal.ANONYMOUS;
    }

    /** Harbor's metric of what this server is, as text for Prometheus. */
    public String systemInfo() {
        return system.metric();
    }

    private void requireWritable(Exchange exchange) {
        boolean always = exchange.path().equals("/api/v2.0/configurations")
                || exchange.path().startsWith("/c/");
        if (!exchange.isRead() && !always && readOnly.getAsBoolean()) {
            throw new OciException(ErrorCode.DENIED, READ_ONLY);
        }
    }

    // The codes of /v2/ in the words of this API
    private static OciException translate(OciException e) {
        ErrorCode code = switch (e.code()) {
            case NAME_INVALID, TAG_INVALID, DIGEST_INVALID, MANIFEST_INVALID -> ErrorCode.BAD_REQUEST;
            case NAME_UNKNOWN, MANIFEST_UNKNOWN, BLOB_UNKNOWN -> ErrorCode.NOT_FOUND;
            case UNAUTHORIZED -> ErrorCode.UNAUTHORIZED;
            default -> null;
        };
        if (code == null) {
            // Harbor's errors have no details.
            return e.code() == ErrorCode.DENIED && !e.detail().isEmpty()
                    ? new OciException(e.code(), e.getMessage())
                    : e;
        }
        // Without a challenge: browsers would ask for a password in a window of their own.
        return new OciException(code, code == ErrorCode.UNAUTHORIZED ? "unauthorized" : e.getMessage());
    }
}
