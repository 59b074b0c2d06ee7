package io.berth.harbor;

import io.berth.access.Target;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.registry.Artifacts;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/** Repositories: of a project, and of all. */
final class RepositoryRoutes {
    private static final int MAX_DESCRIPTION = 64 << 10;
    private static final String FROM = "repository r";
    private static final String SELECT =
            "r.id, r.project_id, r.name, r.description, r.pulls, r.created_at, r.updated_at, "
                    + ArtifactSql.COUNT_IN_REPOSITORY + " AS artifacts";
    private static final Map<String, Column> COLUMNS = Map.of(
            "repository_id", Column.number("r.id"),
            "name", Column.text("r.name"),
            "project_id", Column.number("r.project_id"),
            "pull_count", Column.number("r.pulls"),
            "artifact_count", Column.number(ArtifactSql.COUNT_IN_REPOSITORY),
            "creation_time", Column.time("r.created_at"),
            "update_time", Column.time("r.updated_at"));

    private final Database database;
    private final Guard guard;
    private final Visibility visibility;
    private final Artifacts artifacts;

    RepositoryRoutes(Database database, Guard guard, Visibility visibility, Artifacts artifacts) {
        this.database = database;
        this.guard = guard;
        this.visibility = visibility;
        this.artifacts = artifacts;
    }

    void add(Router router) {
        router.get("/api/v2.0/repositories", this::listAll)
                .get("/api/v2.0/projects/{project}/repositories", this::list)
                .get("/api/v2.0/projects/{project}/repositories/{repository}", this::show)
                .put("/api/v2.0/projects/{project}/repositories/{repository}", this::update)
                .delete("/api/v2.0/projects/{project}/repositories/{repository}", this::delete);
    }

    private Listing listing(ApiCall call) {
        Listing listing = new Listing(call, COLUMNS, "r.id DESC").where("r.listed");
        return guard.isAdministrator(call)
                ? listing
                : listing.whereVisible(Visibility.FINDS_REPOSITORIES, Visibility.KNOWS_REPOSITORIES)
                        .bind(visibility.binds(call.principal(), false));
    }

    private void listAll(ApiCall call) {
        listing(call).answer(database, SELECT, FROM, RepositoryRoutes::body);
    }

    // Who may see some of a project's repositories is shown those, who may see none is told so.
    private void list(ApiCall call) {
        boolean whole = guard.may(call, "repository:list", Target.project(call.path("project")));
        Guard.InProject in = guard.projectNamed(call, whole || !isLimited(call) ? "repository:list" : "project:read");
        listing(call)
                .where("r.project_id = :project", "project", in.project().id())
                .answer(database, SELECT, FROM, RepositoryRoutes::body);
    }

    // Whether all that the caller has in the project is limited to some repositories or tags
    private boolean isLimited(ApiCall call) {
        return database.read(tx -> tx.dao(RowsDao.class)
                        .count(
                                "SELECT COUNT(*) FROM project p WHERE p.name = :name AND (" + Visibility.PATTERNED
                                        + ")",
                                withName(call)))
                > 0;
    }

    private Map<String, Object> withName(ApiCall call) {
        var binds = new java.util.HashMap<>(visibility.binds(call.principal(), false));
        binds.put("name", call.path("project"));
        return binds;
    }

    private static SortedMap<String, Object> body(Row row) {
        return Body.of(
                "id",
                row.number("id"),
                "project_id",
                row.number("project_id"),
                "name",
                row.text("name"),
                "description",
                Body.some(row.text("description")),
                "artifact_count",
                row.number("artifacts"),
                "pull_count",
                row.number("pulls"),
                "creation_time",
                Body.time(row.number("created_at")),
                "update_time",
                Body.time(Math.max(row.number("created_at"), row.number("updated_at"))));
    }

    private Optional<Row> find(String name) {
        return database.read(tx -> tx.dao(RowsDao.class)
                .row(
                        "SELECT " + SELECT + " FROM " + FROM + " WHERE r.name = :name AND r.listed",
                        Map.of("name", name)));
    }

    private void show(ApiCall call) {
        Guard.InRepository in = guard.repository(call, "repository:read");
        call.ok(body(find(in.name().value()).orElseThrow(() -> unknown(in))));
    }

    private static OciException unknown(Guard.InRepository in) {
        return new OciException(ErrorCode.NOT_FOUND, "repository " + in.name() + " not found");
    }

    private void update(ApiCall call) throws IOException {
        Guard.InRepository in = guard.repository(call, "repository:update");
        String description = call.body("repository").text("description", "");
        if (description.length() > MAX_DESCRIPTION) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a description has at most 64 KiB");
        }
        artifacts.describe(in.name(), description, in.origin());
        call.ok();
    }

    private void delete(ApiCall call) {
        Guard.InRepository in = guard.repository(call, "repository:delete");
        artifacts.deleteRepository(in.name(), in.origin());
        call.ok();
    }
}
