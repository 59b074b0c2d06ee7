package io.berth.harbor;

import io.berth.access.Target;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import java.util.List;
import java.util.Map;

/** Audit logs: of all that the caller may read, and of one project. */
final class AuditRoutes {
    private static final String SELECT = "e.id, e.at, e.operation, e.resource_type, e.resource, e.actor, e.success";
    private static final String FROM = "audit_entry e";
    private static final Map<String, Column> COLUMNS = Map.of(
            "id", Column.number("e.id"),
            "op_time", Column.time("e.at"),
            "operation", Column.text("e.operation"),
            "operation_result", Column.flag("e.success"),
            "resource", Column.text("e.resource"),
            "resource_type", Column.text("e.resource_type"),
            "username", Column.text("e.actor"));
    private static final List<String> EVENT_TYPES = List.of(
            "create_artifact",
            "delete_artifact",
            "pull_artifact",
            "create_tag",
            "delete_tag",
            "create_project",
            "delete_project",
            "delete_repository",
            "login_user",
            "create_user",
            "delete_user",
            "update_user",
            "create_robot",
            "delete_robot",
            "update_configuration");

    private final Database database;
    private final Guard guard;
    private final Visibility visibility;

    AuditRoutes(Database database, Guard guard, Visibility visibility) {
        this.database = database;
        this.guard = guard;
        this.visibility = visibility;
    }

    void add(Router router) {
        router.get("/api/v2.0/auditlog-exts", call -> list(call, AuditRoutes::body))
                .get("/api/v2.0/auditlog-exts/events", this::events)
                .get("/api/v2.0/audit-logs", call -> list(call, AuditRoutes::oldBody))
                .get("/api/v2.0/projects/{project}/auditlog-exts", call -> ofProject(call, AuditRoutes::body))
                .get("/api/v2.0/projects/{project}/logs", call -> ofProject(call, AuditRoutes::oldBody));
    }

    private void list(ApiCall call, java.util.function.Function<Row, Object> body) {
        guard.requireSomebody(call);
        boolean everything = guard.may(call, "audit-log:list", Target.SYSTEM);
        new Listing(call, COLUMNS, "e.id DESC")
                .where(":everything OR EXISTS (SELECT 1 FROM project p WHERE p.name = e.project AND ("
                        + Visibility.OF_LOG + "))")
                .bind(visibility.binds(call.principal(), everything))
                .answer(database, SELECT, FROM, body);
    }

    private void ofProject(ApiCall call, java.util.function.Function<Row, Object> body) {
        Guard.InProject in = guard.projectNamed(call, "log:list");
        new Listing(call, COLUMNS, "e.id DESC")
                .where("e.project = :project", "project", in.project().name())
                .answer(database, SELECT, FROM, body);
    }

    private void events(ApiCall call) {
        guard.requireSomebody(call);
        call.ok(EVENT_TYPES.stream().map(type -> Map.of("event_type", type)).toList());
    }

    private static Object body(Row row) {
        return Body.of(
                "id",
                row.number("id"),
                "op_time",
                Body.time(row.number("at")),
                "operation",
                row.text("operation"),
                "operation_description",
                row.text("operation") + " " + row.text("resource_type") + ": " + row.text("resource"),
                "operation_result",
                row.flag("success"),
                "resource",
                row.text("resource"),
                "resource_type",
                row.text("resource_type"),
                "username",
                row.text("actor"));
    }

    private static Object oldBody(Row row) {
        return Body.of(
                "id",
                row.number("id"),
                "op_time",
                Body.time(row.number("at")),
                "operation",
                row.text("operation"),
                "resource",
                row.text("resource"),
                "resource_type",
                row.text("resource_type"),
                "username",
                row.text("actor"));
    }
}
