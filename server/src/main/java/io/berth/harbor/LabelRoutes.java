package io.berth.harbor;

import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Labels;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;

/** {@code /labels}: of projects (scope p) and of all (scope g). */
final class LabelRoutes {
    static final String SELECT = "l.id, l.project_id, l.name, l.description, l.color, l.created_at, l.updated_at";
    private static final Map<String, Column> COLUMNS = Map.of(
            "id", Column.number("l.id"),
            "name", Column.text("l.name"),
            "description", Column.text("l.description"),
            "color", Column.text("l.color"),
            "creation_time", Column.time("l.created_at"),
            "update_time", Column.time("l.updated_at"));

    private final Database database;
    private final Guard guard;
    private final Labels labels;
    private final Projects projects;

    LabelRoutes(Database database, Guard guard, Labels labels, Projects projects) {
        this.database = database;
        this.guard = guard;
        this.labels = labels;
        this.projects = projects;
    }

    void add(Router router) {
        router.get("/api/v2.0/labels", this::list)
                .post("/api/v2.0/labels", this::create)
                .get("/api/v2.0/labels/{label_id}", this::show)
                .put("/api/v2.0/labels/{label_id}", this::update)
                .delete("/api/v2.0/labels/{label_id}", this::delete);
    }

    private void list(ApiCall call) {
        String scope = call.query("scope");
        boolean ofAll = "g".equals(scope);
        if (!ofAll && !"p".equals(scope)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid scope: " + (scope == null ? "" : scope));
        }
        Listing listing = new Listing(call, COLUMNS, "l.id").equal(COLUMNS.get("name"), call.query("name"));
        if (ofAll) {
            guard.requireSomebody(call);
            listing.where("l.project_id IS NULL");
        } else {
            long project = call.queryNumber("project_id", 0);
            if (project <= 0) {
                throw new OciException(ErrorCode.BAD_REQUEST, "invalid project_id: " + project);
            }
            guard.require(call, "label:list", target(project));
            listing.where("l.project_id = :project", "project", project);
        }
        listing.answer(database, SELECT, "label l", LabelRoutes::body);
    }

    private Target target(Long project) {
        return project == null || project == 0
                ? Target.SYSTEM
                : Target.project(projects.find(project).map(Project::name).orElse(""));
    }

    static SortedMap<String, Object> body(Row row) {
        return Body.of(
                "id",
                row.number("id"),
                "name",
                row.text("name"),
                "description",
                Body.some(row.text("description")),
                "color",
                Body.some(row.text("color")),
                "scope",
                row.has("project_id") ? "p" : "g",
                "project_id",
                row.has("project_id") ? row.number("project_id") : null,
                "creation_time",
                Body.time(row.number("created_at")),
                "update_time",
                Body.time(row.number("updated_at")));
    }

    private void create(ApiCall call) throws IOException {
        JsonBody body = call.body("label");
        String scope = body.text("scope", "");
        if (!scope.equals("g") && !scope.equals("p")) {
            guard.requireSomebody(call);
            throw new OciException(ErrorCode.BAD_REQUEST, "unsupported label scope");
        }
        Long project = scope.equals("g") ? null : Long.valueOf(body.number("project_id", 0));
        Change.Origin origin = project == null
                ? guard.requireSystem(call, "label:create")
                : guard.require(call, "label:create", target(project));
        if (project != null && projects.find(project).isEmpty()) {
            throw new OciException(ErrorCode.NOT_FOUND, "project " + project + " not found");
        }
        Labels.Label made = labels.create(
                project, body.text("name", ""), body.text("description", ""), body.text("color", ""), origin);
        call.created("/api/v2.0/labels/" + made.id());
    }

    private Labels.Label require(long id) {
        return labels.find(id).orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "label " + id + " not found"));
    }

    // A label of all is for everybody who is logged in; an unknown one is like one that may not be seen.
    private Change.Origin require(ApiCall call, String action, long id) {
        guard.requireSomebody(call);
        Labels.Label label = labels.find(id).orElse(null);
        if (label != null && label.projectId() == null && action.equals("read")) {
            return Guard.origin(call, "labels of all are for everybody");
        }
        Target target = label == null ? Target.SYSTEM : target(label.projectId());
        return guard.require(call, "label:" + action, target);
    }

    private void show(ApiCall call) {
        long id = call.pathNumber("label_id");
        require(call, "read", id);
        call.ok(database.read(tx -> tx.dao(RowsDao.class)
                .row("SELECT " + SELECT + " FROM label l WHERE l.id = :id", Map.of("id", id))
                .map(LabelRoutes::body)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "label " + id + " not found"))));
    }

    private void update(ApiCall call) throws IOException {
        long id = call.pathNumber("label_id");
        JsonBody body = call.body("label");
        Change.Origin origin = require(call, "update", id);
        require(id);
        labels.update(id, body.text("name", ""), body.text("description", ""), body.text("color", ""), origin);
        call.ok();
    }

    private void delete(ApiCall call) {
        long id = call.pathNumber("label_id");
        labels.delete(id, require(call, "delete", id));
        call.ok();
    }
}
