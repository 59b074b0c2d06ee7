package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.Robot;
import io.berth.identity.Robots;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** {@code /robots}: of the system, and of projects. */
final class RobotRoutes {
    private static final String FROM = """
            robot r LEFT JOIN project p ON p.id = r.project_id LEFT JOIN account a ON lower(a.name) = lower(r.created_by)
            """;
    private static final String SELECT = "r.id, a.id AS creator";
    private static final Map<String, Column> COLUMNS = Map.of(
            "name", Column.text("r.name"),
            "id", Column.number("r.id"),
            "description", Column.text("r.description"),
            "disabled", Column.flag("r.disabled"),
            "duration", Column.number("r.duration_days"),
            "creation_time", Column.time("r.created_at"),
            "update_time", Column.time("r.updated_at"));

    private final Database database;
    private final Guard guard;
    private final Robots robots;
    private final Grants grants;
    private final Projects projects;

    RobotRoutes(Database database, Guard guard, Robots robots, Grants grants, Projects projects) {
        this.database = database;
        this.guard = guard;
        this.robots = robots;
        this.grants = grants;
        this.projects = projects;
    }

    void add(Router router) {
        router.get("/api/v2.0/robots", this::list)
                .post("/api/v2.0/robots", this::create)
                .get("/api/v2.0/robots/{robot_id}", this::show)
                .put("/api/v2.0/robots/{robot_id}", this::update)
                .add("PATCH", "/api/v2.0/robots/{robot_id}", this::secret)
                .delete("/api/v2.0/robots/{robot_id}", this::delete);
    }

    private void list(ApiCall call) {
        guard.requireSomebody(call);
        Listing listing = new Listing(call, COLUMNS, "r.id");
        if ("project".equals(listing.filter().equal("Level"))) {
            listing.where("r.project_id = :project", "project", projectOf(call, listing.filter()));
        } else {
            guard.requireSystem(call, "robot:list");
            listing.where("r.project_id IS NULL");
        }
        Listing.Page<Row> page = database.read(tx -> listing.read(tx, SELECT, FROM));
        listing.answer(
                page.total(),
                page.items().stream()
                        .flatMap(row -> robots.find(row.number("id")).stream().map(robot -> body(robot, row)))
                        .toList());
    }

    private long projectOf(ApiCall call, Filter filter) {
        String id = filter.equal("ProjectID");
        if (id == null || !id.matches("\\d{1,18}")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "must with project ID when to query project robots");
        }
        Project project = projects.find(Long.parseLong(id)).orElse(null);
        guard.require(call, "robot:list", Target.project(project == null ? "" : project.name()));
        return Long.parseLong(id);
    }

    private Object body(Robot robot, Row row) {
        return database.read(tx -> Body.of(
                "id",
                robot.id(),
                "name",
                robots.fullName(robot),
                "description",
                Body.some(robot.description()),
                "level",
                robot.projectId() == null ? "system" : "project",
                "duration",
                robot.durationDays(),
                "disable",
                robot.disabled(),
                "editable",
                true,
                "expires_at",
                robot.expiresAt() == null ? -1 : robot.expiresAt() / 1000,
                "creation_time",
                Body.time(robot.createdAt()),
                "update_time",
                Body.time(robot.updatedAt()),
                "creator_type",
                row.has("creator") ? "local" : "robot",
                "creator_ref",
                row.number("creator"),
                "permissions",
                RobotPermissions.body(tx, grants, granted(tx, robot.id()))));
    }

    private List<Grant> granted(Tx tx, long robot) {
        return grants.of(tx, Grant.SubjectKind.ROBOT, robot);
    }

    private static Target target(Robot robot) {
        return robot.projectId() == null ? Target.SYSTEM : Target.project(robot.project());
    }

    private Robot require(long id) {
        return robots.find(id).orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "robot " + id + " not found"));
    }

    private record Found(Robot robot, Change.Origin origin) {}

    // Who may not see the robots of the system is not told which ids there are.
    private Found require(ApiCall call, String action) {
        guard.requireSomebody(call);
        long id = call.pathNumber("robot_id");
        if (guard.may(call, "robot:" + action, Target.SYSTEM)) {
            return new Found(require(id), guard.requireSystem(call, "robot:" + action));
        }
        Target target = robots.find(id).map(RobotRoutes::target).orElse(Target.SYSTEM);
        Change.Origin origin = guard.require(call, "robot:" + action, target);
        return new Found(require(id), origin);
    }

    private void create(ApiCall call) throws IOException {
        guard.requireSomebody(call);
        JsonBody body = call.body("robot");
        String level = body.text("level", "");
        if (!level.equals("system") && !level.equals("project")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request error level input: " + level);
        }
        boolean ofSystem = level.equals("system");
        // Before the projects that it names are looked up, which would tell whether they exist.
        Change.Origin origin = guard.require(call, "robot:create", ofSystem ? Target.SYSTEM : firstProject(body));
        long days = duration(body);
        List<RobotPermissions.Entry> entries = RobotPermissions.parse(body, ofSystem, projects);
        requireMayGive(call, entries);
        Project project = ofSystem ? null : entries.getFirst().project();
        String name = body.text("name", "");
        if (!Robots.isName(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "robot name is not in lower case or contains illegal characters");
        }
        Robots.Created created = database.write(tx -> {
            Robots.Created made = createNamed(tx, project, name, body.text("description", ""), (int) days, origin);
            RobotPermissions.grant(tx, grants, made.robot(), entries, origin);
            if (body.flag("disable", false)) {
                robots.update(
                        tx,
                        made.robot(),
                        made.robot().description(),
                        true,
                        made.robot().durationDays(),
                        origin);
            }
            return made;
        });
        Robot robot = created.robot();
        call.created(
                "/api/v2.0/robots/" + robot.id(),
                Body.of(
                        "id",
                        robot.id(),
                        "name",
                        robots.fullName(robot),
                        "secret",
                        created.secret(),
                        "creation_time",
                        Body.time(robot.createdAt()),
                        "expires_at",
                        robot.expiresAt() == null ? -1 : robot.expiresAt() / 1000));
    }

    private static Target firstProject(JsonBody body) {
        return body.objects("permissions").stream()
                .findFirst()
                .map(permission -> Target.project(permission.text("namespace", "")))
                .orElseThrow(() -> new OciException(ErrorCode.BAD_REQUEST, "bad request empty permission"));
    }

    private Robots.Created createNamed(
            Tx tx, Project project, String name, String description, int days, Change.Origin origin) {
        try {
            return robots.create(tx, project == null ? null : project.id(), name, description, days, null, origin);
        } catch (OciException e) {
            throw switch (e.code()) {
                case CONFLICT ->
                    new OciException(
                            ErrorCode.CONFLICT,
                            "robot account "
                                    + (project == null ? "0:" : project.id() + ":" + project.name() + "+")
                                    + name + " already exists");
                default -> e;
            };
        }
    }

    private static long duration(JsonBody body) {
        Long days = body.number("duration");
        if (days == null || days != -1 && (days < 1 || days > Integer.MAX_VALUE)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "bad request error duration input: " + (days == null ? 0 : days)
                            + ", duration must be either -1(Never) or a positive integer");
        }
        return days;
    }

    // A robot gets no more than its maker has, or could give to anybody by making them a member.
    private void requireMayGive(ApiCall call, List<RobotPermissions.Entry> entries) {
        if (guard.isAdministrator(call)) {
            return;
        }
        for (RobotPermissions.Entry entry : entries) {
            Target target = switch (entry.scope()) {
                case SYSTEM -> Target.SYSTEM;
                case PROJECTS ->
                    throw new OciException(
                            ErrorCode.FORBIDDEN, "only administrators give robots permissions in every project");
                case PROJECT -> Target.project(entry.project().name());
            };
            if (entry.project() != null && guard.may(call, "member:create", target)) {
                continue;
            }
            for (Permission permission : entry.permissions()) {
                if (!guard.may(call, permission.toString(), target)) {
                    throw new OciException(
                            ErrorCode.FORBIDDEN, "permission scope is invalid. You cannot give " + permission);
                }
            }
        }
    }

    // Whoever sets a robot's secret is that robot from then on.
    private void requireMayActAs(ApiCall call, Robot robot) {
        if (guard.isAdministrator(call)) {
            return;
        }
        List<RobotPermissions.Entry> held = database.read(tx -> granted(tx, robot.id()).stream()
                .map(grant -> new RobotPermissions.Entry(
                        grant.role() == null
                                ? grant.scope()
                                : Grant.Scope.PROJECTS, // roles are for administrators to judge
                        grant.projectId() == null
                                ? null
                                : projects.find(tx, grant.projectId()).orElse(null),
                        grants.permissions(tx, grant.id())))
                .toList());
        requireMayGive(call, held);
    }

    private void show(ApiCall call) {
        Robot robot = require(call, "read").robot();
        Row row = database.read(tx -> tx.dao(RowsDao.class)
                .row("SELECT " + SELECT + " FROM " + FROM + " WHERE r.id = :id", Map.of("id", robot.id()))
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "robot " + robot.id() + " not found")));
        call.ok(body(robot, row));
    }

    private void update(ApiCall call) throws IOException {
        JsonBody body = call.body("robot");
        Found found = require(call, "update");
        Robot robot = found.robot();
        requireMayActAs(call, robot);
        String level = robot.projectId() == null ? "system" : "project";
        if (!robots.fullName(robot).equals(body.text("name")) || !level.equals(body.text("level"))) {
            throw new OciException(ErrorCode.BAD_REQUEST, "cannot update the level or name of robot");
        }
        long days = duration(body);
        List<RobotPermissions.Entry> entries = RobotPermissions.parse(body, robot.projectId() == null, projects);
        if (robot.projectId() != null
                && entries.getFirst().project().id() != robot.projectId().longValue()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request permission");
        }
        requireMayGive(call, entries);
        database.write(tx -> {
            Robot current = Robots.require(tx, robot.id());
            robots.update(
                    tx, current, body.text("description", ""), body.flag("disable", false), (int) days, found.origin());
            for (Grant grant : granted(tx, robot.id())) {
                if (grant.role() == null && grant.repositoryPattern() == null && grant.tagPattern() == null) {
                    grants.remove(tx, grant, found.origin());
                }
            }
            RobotPermissions.grant(tx, grants, current, entries, found.origin());
            return null;
        });
        call.ok();
    }

    private void secret(ApiCall call) throws IOException {
        JsonBody body = call.body("robotSec");
        Found found = require(call, "update");
        requireMayActAs(call, found.robot());
        String secret = body.text("secret", "");
        if (!secret.isEmpty()) {
            UserRoutes.requirePassword("secret", secret);
            robots.renew(found.robot().id(), secret, found.origin());
            call.ok(Map.of());
        } else {
            call.ok(Map.of("secret", robots.renew(found.robot().id(), null, found.origin())));
        }
    }

    private void delete(ApiCall call) {
        Found found = require(call, "delete");
        database.write(tx -> {
            grants.removeAllOf(tx, Grant.SubjectKind.ROBOT, found.robot().id());
            robots.delete(tx, Robots.require(tx, found.robot().id()), found.origin());
            return null;
        });
        call.ok();
    }
}
