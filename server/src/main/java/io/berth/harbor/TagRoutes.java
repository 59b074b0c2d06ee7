package io.berth.harbor;

import io.berth.access.Authorizer;
import io.berth.access.Permission;
import io.berth.access.TagFilter;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.registry.Artifacts;
import java.io.IOException;
import java.util.Map;

/** Tags of an artifact. */
final class TagRoutes {
    private static final String SELECT = "t.name, t.updated_at, t.pulled_at, t.repository_id, t.manifest_id";
    private static final Map<String, Column> COLUMNS = Map.of(
            "name", Column.text("t.name"),
            "artifact_id", Column.number("t.manifest_id"),
            "repository_id", Column.number("t.repository_id"),
            "push_time", Column.time("t.updated_at"),
            "pull_time", Column.time("t.pulled_at"));

    private static final Listing.Tagged NAMED = new Listing.Tagged("t.name", "", "t.name");

    private final Database database;
    private final Guard guard;
    private final ArtifactRoutes found;
    private final Artifacts artifacts;

    TagRoutes(Database database, Guard guard, ArtifactRoutes found, Artifacts artifacts) {
        this.database = database;
        this.guard = guard;
        this.found = found;
        this.artifacts = artifacts;
    }

    void add(Router router) {
        String tags = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/tags";
        router.get(tags, this::list).post(tags, this::create).delete(tags + "/{tag}", this::delete);
    }

    private void list(ApiCall call) {
        ArtifactRoutes.Found artifact = found.require(call, "tag:list");
        TagFilter visible = guard.authorizer()
                .tags(
                        call.principal(),
                        Guard.permission("tag:list"),
                        artifact.in().name());
        Listing listing = new Listing(call, COLUMNS, "t.updated_at DESC, t.name")
                .where("t.manifest_id = :manifest", "manifest", artifact.id());
        Listing.Page<Row> page = database.read(tx ->
                visible.all() ? listing.read(tx, SELECT, "tag t") : listing.read(tx, SELECT, "tag t", NAMED, visible));
        listing.answer(
                page.total(), page.items().stream().map(ArtifactBodies::tag).toList());
    }

    private void create(ApiCall call) throws IOException {
        ArtifactRoutes.Found artifact = found.require(call, "tag:create");
        Change.Origin origin = artifact.in().origin();
        if (!tagsWithoutPulling(call, artifact.in().name())) {
            // A tag makes what it names pullable.
            Target named = Target.content(artifact.in().name(), artifact.digest());
            origin =
                    origin.through(guard.require(call, "repository:pull", named).gate());
        }
        String name = call.body("tag").text("name", "");
        Tag tag;
        try {
            tag = Tag.parse(name);
        } catch (OciException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request: invalid tag name: " + name);
        }
        origin = origin.through(
                guard.require(call, "tag:create", Target.content(artifact.in().name(), tag))
                        .gate());
        artifacts.createTag(artifact.in().name(), artifact.digest(), tag, origin);
        call.exchange().answer(201);
    }

    // A robot that may give any tag and pull nothing
    private boolean tagsWithoutPulling(ApiCall call, RepositoryName name) {
        Authorizer authorizer = guard.authorizer();
        return authorizer
                        .tags(call.principal(), Guard.permission("tag:create"), name)
                        .all()
                && authorizer.tags(call.principal(), Permission.PULL, name).isNone();
    }

    private void delete(ApiCall call) {
        ArtifactRoutes.Found artifact = found.require(call, "artifact:read");
        String name = call.path("tag");
        Tag tag = Tag.parse(name);
        var origin =
                guard.require(call, "tag:delete", Target.content(artifact.in().name(), tag));
        boolean attached = artifacts
                .find(artifact.in().name(), tag)
                .filter(artifact.digest()::equals)
                .isPresent();
        if (!attached) {
            throw new OciException(
                    ErrorCode.NOT_FOUND, "tag " + name + " attached to artifact " + artifact.id() + " not found");
        }
        artifacts.deleteTag(artifact.in().name(), tag, origin);
        call.ok();
    }
}
