package io.berth.harbor;

import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.io.IOException;
import java.util.Map;

/** {@code /quotas}: what projects may hold and do hold. A quota has the id of its project. */
final class QuotaRoutes {
    private static final String SELECT =
            "p.id, p.name, p.owner, p.quota_bytes, p.used_bytes, p.created_at, p.updated_at";
    private static final Map<String, Column> COLUMNS = Map.of(
            "id", Column.number("p.id"),
            "hard.storage", Column.number("COALESCE(p.quota_bytes, -1)"),
            "used.storage", Column.number("p.used_bytes"),
            "creation_time", Column.time("p.created_at"),
            "update_time", Column.time("p.updated_at"));

    private final Database database;
    private final Guard guard;
    private final Projects projects;

    QuotaRoutes(Database database, Guard guard, Projects projects) {
        this.database = database;
        this.guard = guard;
        this.projects = projects;
    }

    void add(Router router) {
        router.get("/api/v2.0/quotas", this::list)
                .get("/api/v2.0/quotas/{id}", this::show)
                .put("/api/v2.0/quotas/{id}", this::update);
    }

    private void list(ApiCall call) {
        guard.requireSystem(call, "quota:list");
        Listing listing = new Listing(call, COLUMNS, "p.id DESC").equal(COLUMNS.get("id"), call.query("reference_id"));
        listing.answer(database, SELECT, "project p", QuotaRoutes::body);
    }

    private void show(ApiCall call) {
        guard.requireSystem(call, "quota:read");
        long id = call.pathNumber("id");
        call.ok(database.read(tx -> tx.dao(RowsDao.class)
                .row("SELECT " + SELECT + " FROM project p WHERE p.id = :id", Map.of("id", id))
                .map(QuotaRoutes::body)
                .orElseThrow(() -> unknown(id))));
    }

    private void update(ApiCall call) throws IOException {
        var origin = guard.requireSystem(call, "quota:update");
        long id = call.pathNumber("id");
        JsonBody body = call.body("hard");
        JsonBody hard = body.object("hard");
        if (hard == null) {
            throw new OciException(ErrorCode.BAD_REQUEST, "hard required in body");
        }
        for (String resource : hard.names()) {
            if (!resource.equals("storage")) {
                throw new OciException(ErrorCode.BAD_REQUEST, "resource " + resource + " not support");
            }
        }
        long limit = hard.number("storage", 0);
        Project project = projects.find(id).orElseThrow(() -> unknown(id));
        ProjectRoutes.requireQuota(limit);
        database.write(tx -> {
            projects.setQuota(tx, Projects.require(tx, project.id()), limit, origin);
            return null;
        });
        call.ok();
    }

    private static OciException unknown(long id) {
        return new OciException(ErrorCode.NOT_FOUND, "quota " + id + " not found");
    }

    private static Object body(Row row) {
        return Body.of(
                "id",
                row.number("id"),
                "ref",
                Body.of("id", row.number("id"), "name", row.text("name"), "owner_name", row.text("owner")),
                "hard",
                Map.of("storage", row.has("quota_bytes") ? row.number("quota_bytes") : -1),
                "used",
                Map.of("storage", row.number("used_bytes")),
                "creation_time",
                Body.time(row.number("created_at")),
                "update_time",
                Body.time(Math.max(row.number("created_at"), row.number("updated_at"))));
    }
}
