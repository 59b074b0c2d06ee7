package io.berth.harbor;

import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import io.berth.registry.Artifacts;
import java.io.IOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code /projects}: made, listed, shown, changed, deleted. */
final class ProjectRoutes {
    private static final int MAX_NAME = 255;
    private static final long MAX_QUOTA = 1L << 50;

    private final Database database;
    private final Guard guard;
    private final Projects projects;
    private final ProjectBodies bodies;
    private final Visibility visibility;
    private final Artifacts artifacts;
    private final Clock clock;

    ProjectRoutes(
            Database database,
            Guard guard,
            Projects projects,
            Artifacts artifacts,
            ProjectBodies bodies,
            Visibility visibility,
            Clock clock) {
        this.database = database;
        this.guard = guard;
        this.projects = projects;
        this.artifacts = artifacts;
        this.bodies = bodies;
        this.visibility = visibility;
        this.clock = clock;
    }

    void add(Router router) {
        router.get("/api/v2.0/projects", this::list)
                .add("HEAD", "/api/v2.0/projects", this::head)
                .post("/api/v2.0/projects", this::create)
                .get("/api/v2.0/projects/{project}", this::show)
                .put("/api/v2.0/projects/{project}", this::update)
                .delete("/api/v2.0/projects/{project}", this::delete)
                .get("/api/v2.0/projects/{project}/_deletable", this::deletable)
                .get("/api/v2.0/projects/{project}/summary", this::summary);
    }

    private void list(ApiCall call) {
        Listing listing = new Listing(call, ProjectBodies.COLUMNS, "p.name")
                .where(Visibility.OF_PROJECT)
                .bind(visibility.binds(call.principal(), guard.may(call, "project:list", Target.SYSTEM)))
                .contains(ProjectBodies.COLUMNS.get("name"), call.query("name"))
                .equal(ProjectBodies.COLUMNS.get("owner"), call.query("owner"));
        String wanted = call.query("public");
        if ("true".equals(wanted) || "false".equals(wanted)) {
            listing.equal(ProjectBodies.COLUMNS.get("public"), wanted);
        }
        Listing.Page<Row> page = database.read(tx -> listing.read(tx, ProjectBodies.SELECT, ProjectBodies.FROM));
        listing.answer(page.total(), bodies.bodies(page.items(), call.principal(), guard.isAdministrator(call)));
    }

    private void head(ApiCall call) {
        String name = call.requireQuery("project_name");
        guard.requireSomebody(call);
        boolean seen = projects.find(name).isPresent() && guard.may(call, "project:read", Target.project(name));
        if (!seen) {
            throw new OciException(ErrorCode.NOT_FOUND, "project " + name + " not found");
        }
        call.ok();
    }

    private void create(ApiCall call) throws IOException {
        guard.requireSomebody(call);
        Principal principal = call.principal();
        JsonBody body = call.body("project");
        Decision decision = projects.mayCreate(principal);
        if (!decision.allowed()) {
            throw Guard.denied(
                    Permission.PROJECT_CREATE,
                    Target.SYSTEM,
                    decision,
                    principal.kind() == Principal.Kind.ROBOT
                            ? "Only system level robot can create project"
                            : "Only system admin can create project");
        }
        String name = body.text("project_name", "");
        if (name.length() > MAX_NAME) {
            throw new OciException(
                    ErrorCode.UNPROCESSABLE_ENTITY,
                    "validation failure list:\nvalidation failure list:\nproject_name in body should be at most "
                            + MAX_NAME + " chars long");
        }
        if (name.isEmpty()) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "Project name " + name + " is illegal in length. (greater than 255 or less than 1)");
        }
        if (!Projects.isName(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "project name is not in lower case or contains illegal characters");
        }
        if (body.number("registry_id", 0) > 0) {
            throw Absent.feature("proxy cache projects");
        }
        Map<String, String> metadata = metadata(body);
        boolean isPublic = "true".equals(metadata.remove(ProjectMetadata.PUBLIC)) || body.flag("public", false);
        if (body.has("cve_allowlist")) {
            metadata.put(
                    CveAllowlist.SETTING,
                    CveAllowlist.of(body.object("cve_allowlist"), clock.millis())
                            .stored());
        }
        Project made = projects.create(
                name, isPublic, quota(call, body), metadata, principal, Guard.origin(call, decision.rule()));
        NotEnforced.tell(call, metadata);
        boolean byName = "true".equalsIgnoreCase(call.exchange().header("X-Resource-Name-In-Location"));
        call.created("/api/v2.0/projects/" + (byName ? made.name() : made.id()));
    }

    private static Map<String, String> metadata(JsonBody body) {
        JsonBody metadata = body.object("metadata");
        return metadata == null ? new HashMap<>() : new LinkedHashMap<>(ProjectMetadata.of(metadata.texts()));
    }

    // What others than administrators ask for does not count: the site's quota is not theirs to widen.
    private Long quota(ApiCall call, JsonBody body) {
        Long limit = body.number("storage_limit");
        if (limit == null || limit == 0 || !guard.may(call, "quota:update", Target.SYSTEM)) {
            return null;
        }
        try {
            requireQuota(limit);
        } catch (OciException e) {
            throw new OciException(e.code(), "bad request: " + e.getMessage());
        }
        return limit;
    }

    /** @throws OciException {@code BAD_REQUEST} when it is neither -1 nor a number of bytes up to 1024 TiB */
    static void requireQuota(long limit) {
        if (limit == 0 || limit < -1) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid non-positive value for quota limit, value=" + limit);
        }
        if (limit > MAX_QUOTA) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "exceeded 1024TB, which is " + MAX_QUOTA + " Bytes, value=" + limit);
        }
    }

    private void show(ApiCall call) {
        Guard.InProject in = guard.project(call, "project:read");
        Row row = database.read(tx -> tx.dao(RowsDao.class)
                .row(
                        "SELECT " + ProjectBodies.SELECT + " FROM " + ProjectBodies.FROM + " WHERE p.id = :id",
                        Map.of("id", in.project().id()))
                .orElseThrow(
                        () -> new OciException(ErrorCode.NOT_FOUND, "project " + call.path("project") + " not found")));
        NotEnforced.tell(call, projects.settings(in.project().id()));
        call.ok(bodies.bodies(List.of(row), call.principal(), guard.isAdministrator(call))
                .getFirst());
    }

    private void update(ApiCall call) throws IOException {
        Guard.InProject in = guard.project(call, "project:update");
        JsonBody body = call.body("project");
        Map<String, String> settings = metadata(body);
        String isPublic = settings.remove(ProjectMetadata.PUBLIC);
        if (body.has("cve_allowlist")) {
            settings.put(
                    CveAllowlist.SETTING,
                    CveAllowlist.of(body.object("cve_allowlist"), clock.millis())
                            .stored());
        }
        database.write(tx -> {
            Project project = Projects.require(tx, in.project().id());
            if (isPublic != null) {
                projects.setPublic(tx, project, isPublic.equals("true"), in.origin());
            }
            projects.putSettings(tx, project, settings, in.origin());
            return null;
        });
        NotEnforced.tell(call, settings);
        call.ok();
    }

    private void delete(ApiCall call) {
        Guard.InProject in = guard.project(call, "project:delete");
        if (call.queryFlag("force")) {
            guard.project(call, "repository:delete");
            artifacts.deleteRepositories(in.project().id(), in.origin());
        }
        try {
            projects.delete(in.project().id(), in.origin());
        } catch (OciException e) {
            throw e.code() == ErrorCode.PRECONDITION
                    ? new OciException(e.code(), "precondition failed: " + e.getMessage())
                    : e;
        }
        call.ok();
    }

    private void deletable(ApiCall call) {
        Guard.InProject in = guard.project(call, "project:delete");
        call.ok(
                projects.countRepositories(in.project().id()) == 0
                        ? Body.of("deletable", true)
                        : Body.of("message", "the project contains repositories, can not be deleted"));
    }

    private void summary(ApiCall call) {
        Guard.InProject in = guard.project(call, "project:read");
        Project project = in.project();
        Map<String, Object> counts = new HashMap<>();
        database.read(tx -> tx.dao(RowsDao.class).rows("""
                        SELECT r.name AS role, COUNT(*) AS members
                        FROM access_grant g JOIN role r ON r.id = g.role_id
                        WHERE g.project_id = :project AND g.subject_kind <> 'ROBOT'
                          AND g.repository_pattern IS NULL AND g.tag_pattern IS NULL
                        GROUP BY r.name
                        """, Map.of("project", project.id())))
                .forEach(row -> counts.put(row.text("role"), row.number("members")));
        boolean member = guard.may(call, "quota:read", Target.project(project.name()));
        call.ok(Body.of(
                "repo_count",
                database.read(tx -> tx.dao(RowsDao.class)
                        .count(
                                "SELECT COUNT(*) FROM repository WHERE project_id = :project AND listed",
                                Map.of("project", project.id()))),
                "project_admin_count",
                counts.get("projectAdmin"),
                "maintainer_count",
                counts.get("maintainer"),
                "developer_count",
                counts.get("developer"),
                "guest_count",
                counts.get("guest"),
                "limited_guest_count",
                counts.get("limitedGuest"),
                "quota",
                member ? quota(project) : null));
    }

    static Map<String, Object> quota(Project project) {
        return Body.of(
                "hard", Map.of("storage", project.quota().orElse(-1)), "used", Map.of("storage", project.usedBytes()));
    }
}
