package io.berth.harbor;

import io.berth.access.Permission;
import io.berth.access.Permissions;
import io.berth.access.Target;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the server says of itself: ping, version, health, systeminfo, statistics, search, permissions. */
final class SystemRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(SystemRoutes.class);

    /** The version of Harbor whose API this is. */
    static final String VERSION = "v2.15.2";

    private static final String FULL_VERSION = VERSION + "-berth";
    private static final Setting<String> BANNER = Setting.text("banner_message", "");
    private static final Setting<Boolean> NOTIFICATIONS = Setting.bool("notification_enable", true);
    private static final Setting<Boolean> PRIMARY_MODE = Setting.bool("primary_auth_mode", false);
    private static final int MAX_FOUND = 1000;

    private final Database database;
    private final Guard guard;
    private final AuthSettings auth;
    private final SiteSettings site;
    private final ProjectBodies projects;
    private final Visibility visibility;
    private final Map<String, Supplier<String>> checks;
    private final Optional<URI> externalUrl;
    private final Clock clock;

    /** @param checks by name: what is wrong, or null */
    SystemRoutes(
            Database database,
            Guard guard,
            AuthSettings auth,
            SiteSettings site,
            ProjectBodies projects,
            Visibility visibility,
            Map<String, Supplier<String>> checks,
            Optional<URI> externalUrl,
            Clock clock) {
        this.database = database;
        this.guard = guard;
        this.auth = auth;
        this.site = site;
        this.projects = projects;
        this.visibility = visibility;
        this.checks = checks;
        this.externalUrl = externalUrl;
        this.clock = clock;
    }

    void add(Router router) {
        router.get("/api/version", call -> call.ok(Map.of("version", "v2.0")))
                .get("/api/v2.0/ping", call -> call.text("text/plain", "Pong"))
                .get("/api/v2.0/health", this::health)
                .get("/api/v2.0/systeminfo", this::info)
                .get("/api/v2.0/systeminfo/volumes", this::volumes)
                .get("/api/v2.0/systeminfo/getcert", this::certificate)
                .get("/api/v2.0/statistics", this::statistics)
                .get("/api/v2.0/search", this::search)
                .get("/api/v2.0/permissions", this::permissions);
    }

    private void health(ApiCall call) {
        List<Object> components = new ArrayList<>();
        boolean[] healthy = {true};
        components.add(Body.of("name", "core", "status", "healthy"));
        checks.forEach((name, check) -> {
            String problem = check.get();
            healthy[0] &= problem == null;
            components.add(
                    Body.of("name", name, "status", problem == null ? "healthy" : "unhealthy", "error", problem));
        });
        call.ok(Body.of("components", components, "status", healthy[0] ? "healthy" : "unhealthy"));
    }

    private Map<String, Object> ofSources() {
        return database.read(tx -> auth.shown(tx, site.get(AuthSettings.STORED_MODE)));
    }

    /** {@code harbor_system_info} as text for Prometheus; nothing while the database does not answer. Reads it. */
    String metric() {
        try {
            return """
                    # HELP harbor_system_info What this is, as in Harbor
                    # TYPE harbor_system_info gauge
                    harbor_system_info{auth_mode="%s",harbor_version="%s",self_registration="false"} 1
                    """.formatted(ofSources().get(AuthSettings.MODE), FULL_VERSION);
        } catch (RuntimeException e) {
            LOG.warn("what this is could not be measured: {}", e.toString());
            return "";
        }
    }

    private void info(ApiCall call) {
        Map<String, Object> ofSources = ofSources();
        Object mode = ofSources.get(AuthSettings.MODE);
        SortedMap<String, Object> info = Body.of(
                AuthSettings.MODE,
                mode,
                "primary_auth_mode",
                site.get(PRIMARY_MODE),
                "banner_message",
                site.get(BANNER),
                "harbor_version",
                FULL_VERSION,
                "self_registration",
                false,
                "oidc_provider_name",
                mode.equals(AuthFamily.OIDC.mode()) ? ofSources.get("oidc_name") : "");
        if (!call.principal().isAnonymous()) {
            String url = call.exchange().baseUrl(externalUrl);
            info.putAll(Body.of(
                    "current_time",
                    Body.time(clock.millis()),
                    "external_url",
                    url,
                    "registry_url",
                    url.substring(url.indexOf("://") + 3),
                    "has_ca_root",
                    false,
                    "notification_enable",
                    site.get(NOTIFICATIONS),
                    "project_creation_restriction",
                    site.get(Setting.PROJECT_CREATION),
                    "read_only",
                    site.get(Setting.READ_ONLY),
                    "registry_storage_provider_name",
                    "filesystem"));
        } else {
            info.remove("oidc_provider_name");
        }
        call.ok(info);
    }

    private void volumes(ApiCall call) {
        guard.requireSystem(call, "system-volumes:read");
        call.ok(Map.of("storage", List.of(Map.of())));
    }

    private void certificate(ApiCall call) {
        throw new OciException(ErrorCode.NOT_FOUND, "there is no certificate to download");
    }

    private void statistics(ApiCall call) {
        guard.requireSomebody(call);
        boolean everything = guard.may(call, "project:list", Target.SYSTEM);
        Map<String, Object> binds = visibility.binds(call.principal(), everything);
        long[] projectCounts = new long[2];
        long[] repositoryCounts = new long[2];
        long[] storage = new long[1];
        database.read(tx -> tx.dao(RowsDao.class)
                        .rows(
                                "SELECT p.public, COUNT(*) AS projects, COALESCE(SUM(p.used_bytes), 0) AS used,"
                                        + " COALESCE(SUM((SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id AND r.listed)), 0)"
                                        + " AS repositories FROM project p WHERE " + Visibility.OF_PROJECT
                                        + " GROUP BY p.public",
                                binds))
                .forEach(row -> {
                    int at = row.flag("public") ? 1 : 0;
                    projectCounts[at] = row.number("projects");
                    repositoryCounts[at] = row.number("repositories");
                    storage[0] += row.number("used");
                });
        call.ok(Body.of(
                "private_project_count",
                projectCounts[0],
                "private_repo_count",
                repositoryCounts[0],
                "public_project_count",
                projectCounts[1],
                "public_repo_count",
                repositoryCounts[1],
                "total_project_count",
                everything ? projectCounts[0] + projectCounts[1] : null,
                "total_repo_count",
                everything ? repositoryCounts[0] + repositoryCounts[1] : null,
                "total_storage_consumption",
                everything ? storage[0] : null));
    }

    private void search(ApiCall call) {
        String text = call.requireQuery("q");
        Map<String, Object> binds =
                new HashMap<>(visibility.binds(call.principal(), guard.may(call, "project:list", Target.SYSTEM)));
        binds.put("text", Listing.pattern(text));
        List<Row> found = database.read(tx -> tx.dao(RowsDao.class)
                .rows(
                        "SELECT " + ProjectBodies.SELECT + " FROM " + ProjectBodies.FROM + " WHERE ("
                                + Visibility.OF_PROJECT + ") AND p.name LIKE :text ESCAPE '!' ORDER BY p.name LIMIT "
                                + MAX_FOUND,
                        binds));
        List<Row> repositories = database.read(tx -> tx.dao(RowsDao.class)
                .rows(
                        "SELECT r.name, r.pulls, p.id AS project_id, p.name AS project, p.public, "
                                + ArtifactSql.COUNT_IN_REPOSITORY + " AS artifacts"
                                + " FROM repository r JOIN project p ON p.id = r.project_id WHERE r.listed AND (:everything OR "
                                + Visibility.FINDS_REPOSITORIES
                                + ") AND r.name LIKE :text ESCAPE '!' ORDER BY r.name LIMIT "
                                + MAX_FOUND,
                        binds));
        call.ok(Body.of(
                "project",
                projects.bodies(found, call.principal(), guard.isAdministrator(call)).stream()
                        .map(SystemRoutes::foundProject)
                        .toList(),
                "repository",
                repositories.stream().map(SystemRoutes::found).toList()));
    }

    // Harbor's search looks up neither owners' names nor allowlists.
    private static Object foundProject(SortedMap<String, Object> project) {
        project.remove("owner_name");
        SortedMap<String, Object> allowlist = Body.of("creation_time", Body.NEVER, "update_time", Body.NEVER);
        allowlist.put("items", null);
        project.put("cve_allowlist", allowlist);
        return project;
    }

    private static Object found(Row row) {
        return Body.of(
                "repository_name",
                row.text("name"),
                "project_id",
                row.number("project_id"),
                "project_name",
                row.text("project"),
                "project_public",
                row.flag("public"),
                "pull_count",
                row.number("pulls"),
                "artifact_count",
                row.number("artifacts"));
    }

    // For whoever makes robots: administrators, and those of projects.
    private void permissions(ApiCall call) {
        guard.requireSomebody(call);
        boolean allowed = guard.may(call, "robot:create", Target.SYSTEM)
                || database
                        .read(tx ->
                                tx.dao(RowsDao.class).rows(Visibility.ROLES, visibility.binds(call.principal(), false)))
                        .stream()
                        .anyMatch(row -> row.text("role").equals("projectAdmin"));
        if (!allowed) {
            throw new OciException(
                    ErrorCode.FORBIDDEN, "forbidden: only admins(system and project) can access permissions");
        }
        call.ok(Body.of("project", bodies(Permissions.ofProjects()), "system", bodies(Permissions.ofSystem())));
    }

    private static List<Object> bodies(Set<Permission> permissions) {
        List<Object> bodies = new ArrayList<>();
        permissions.forEach(
                permission -> bodies.add(Body.of("resource", permission.resource(), "action", permission.action())));
        return bodies;
    }
}
