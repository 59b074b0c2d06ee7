package io.berth.harbor;

import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** {@code /projects/{project}/metadatas}. */
final class MetadataRoutes {
    private final Database database;
    private final Guard guard;
    private final Projects projects;

    MetadataRoutes(Database database, Guard guard, Projects projects) {
        this.database = database;
        this.guard = guard;
        this.projects = projects;
    }

    void add(Router router) {
        router.get("/api/v2.0/projects/{project}/metadatas", this::list)
                .post("/api/v2.0/projects/{project}/metadatas", this::create)
                .get("/api/v2.0/projects/{project}/metadatas/{name}", this::show)
                .put("/api/v2.0/projects/{project}/metadatas/{name}", this::update)
                .delete("/api/v2.0/projects/{project}/metadatas/{name}", this::delete);
    }

    private Map<String, String> of(Project project) {
        return ProjectBodies.metadata(project.isPublic(), projects.settings(project.id()));
    }

    private void list(ApiCall call) {
        Map<String, String> metadata = of(guard.project(call, "metadata:list").project());
        NotEnforced.tell(call, metadata);
        call.ok(metadata);
    }

    private void show(ApiCall call) {
        Guard.InProject in = guard.project(call, "metadata:read");
        String name = call.path("name");
        String value = of(in.project()).get(name);
        if (value != null) {
            NotEnforced.tell(call, Map.of(name, value));
        }
        call.ok(Body.of(name, value));
    }

    private void create(ApiCall call) throws IOException {
        Guard.InProject in = guard.project(call, "metadata:create");
        Map<String, String> sent = call.body("metadata").texts();
        if (sent.size() != 1) {
            throw new OciException(ErrorCode.BAD_REQUEST, "only allow one key/value pair");
        }
        String name = requireKnown(sent.keySet().iterator().next());
        if (of(in.project()).containsKey(name)) {
            throw new OciException(
                    ErrorCode.CONFLICT,
                    "metadata " + name + " already exists for project "
                            + in.project().id());
        }
        NotEnforced.tell(call, sent);
        put(in, ProjectMetadata.of(sent));
        call.ok();
    }

    private void update(ApiCall call) throws IOException {
        Guard.InProject in = guard.project(call, "metadata:update");
        String name = requireKnown(call.path("name"));
        String value = call.body("metadata").text(name);
        if (value == null) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid value: ");
        }
        Map<String, String> sent = ProjectMetadata.of(Map.of(name, value));
        NotEnforced.tell(call, sent);
        put(in, sent);
        call.ok();
    }

    private void delete(ApiCall call) {
        Guard.InProject in = guard.project(call, "metadata:delete");
        String name = requireKnown(call.path("name"));
        Map<String, String> gone = new HashMap<>();
        gone.put(name, null);
        put(in, gone);
        call.ok();
    }

    private static String requireKnown(String name) {
        if (!ProjectMetadata.isKnown(name)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid key: " + name);
        }
        return name;
    }

    private void put(Guard.InProject in, Map<String, String> wanted) {
        var settings = new HashMap<>(wanted);
        boolean aboutPublic = settings.containsKey(ProjectMetadata.PUBLIC);
        String isPublic = settings.remove(ProjectMetadata.PUBLIC);
        database.write(tx -> {
            Project project = Projects.require(tx, in.project().id());
            if (aboutPublic) {
                projects.setPublic(tx, project, "true".equals(isPublic), in.origin());
            }
            projects.putSettings(tx, project, settings, in.origin());
            return null;
        });
    }
}
