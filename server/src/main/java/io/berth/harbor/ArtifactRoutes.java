package io.berth.harbor;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import io.berth.access.TagFilter;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.ApiCall;
import io.berth.http.Paging;
import io.berth.http.Router;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Labels;
import io.berth.registry.Artifacts;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Artifacts of a repository or project: listed, shown, copied, deleted, labelled. */
final class ArtifactRoutes {
    private static final String PROJECT = "/api/v2.0/projects/{project}";
    private static final Set<String> ADDITIONS =
            Set.of("build_history", "values.yaml", "readme.md", "dependencies", "sbom", "license", "files");
    private static final String TYPE = """
            CASE WHEN m.media_type LIKE '%index%' OR m.media_type LIKE '%manifest.list%'
                OR m.artifact_type LIKE '%container.image.v1+json' OR m.artifact_type LIKE '%oci.image.config.v1+json'
                THEN 'IMAGE' WHEN m.artifact_type = 'application/vnd.cncf.helm.config.v1+json' THEN 'CHART'
                ELSE 'UNKNOWN' END
            """;
    private static final Map<String, Column> COLUMNS = Map.of(
            "id", Column.number("m.id"),
            "digest", Column.text("m.digest"),
            "type", Column.text(TYPE),
            "media_type", Column.text("COALESCE(m.artifact_type, m.media_type)"),
            "artifact_type", Column.text("COALESCE(m.artifact_type, m.media_type)"),
            "manifest_media_type", Column.text("m.media_type"),
            "repository_id", Column.number("m.repository_id"),
            "size", Column.number(ArtifactSql.SIZE),
            "push_time", Column.time("m.pushed_at"),
            "pull_time", Column.time("m.pulled_at"));

    private static final Listing.Tagged TAGGED =
            new Listing.Tagged("m.id", " JOIN tag vt ON vt.manifest_id = m.id", "vt.name");

    private final Database database;
    private final Guard guard;
    private final Artifacts artifacts;
    private final Labels labels;

    ArtifactRoutes(Database database, Guard guard, Artifacts artifacts, Labels labels) {
        this.database = database;
        this.guard = guard;
        this.artifacts = artifacts;
        this.labels = labels;
    }

    void add(Router router) {
        String all = PROJECT + "/repositories/{repository}/artifacts";
        String one = all + "/{reference}";
        router.get(PROJECT + "/artifacts", this::listOfProject)
                .get(all, this::list)
                .post(all, this::copy)
                .get(one, this::show)
                .delete(one, this::delete)
                .get(one + "/accessories", this::accessories)
                .get(one + "/additions/{addition}", this::addition)
                .post(one + "/labels", this::addLabel)
                .delete(one + "/labels/{label_id}", this::removeLabel)
                .post(one + "/scan", call -> refuseScan(call, "scan:create"))
                .post(one + "/scan/stop", call -> refuseScan(call, "scan:stop"))
                .get(one + "/scan/{report}/log", this::report);
    }

    private Listing listing(ApiCall call) {
        Listing listing = new Listing(call, COLUMNS, "m.id DESC").where(ArtifactSql.STANDS_ALONE);
        switch (listing.filter().get("tags")) {
            case null -> {}
            case Filter.Term.Equal(String value)
            when value.equals("*") -> listing.where("EXISTS (SELECT 1 FROM tag qt WHERE qt.manifest_id = m.id)");
            case Filter.Term.Equal(String value)
            when value.equals("nil") -> listing.where("NOT EXISTS (SELECT 1 FROM tag qt WHERE qt.manifest_id = m.id)");
            case Filter.Term.Equal(String value) ->
                listing.where(
                        "EXISTS (SELECT 1 FROM tag qt WHERE qt.manifest_id = m.id AND qt.name = :tag)", "tag", value);
            case Filter.Term.Contains(String value) ->
                listing.where(
                        "EXISTS (SELECT 1 FROM tag qt WHERE qt.manifest_id = m.id AND lower(qt.name) LIKE :tag ESCAPE '!')",
                        "tag",
                        Listing.pattern(value));
            default -> throw new OciException(ErrorCode.BAD_REQUEST, "tags can be equal to, or contain, one text");
        }
        if (listing.filter().get("labels") instanceof Filter.Term.AllOf(List<String> ids)) {
            for (int i = 0; i < ids.size(); i++) {
                listing.where(
                        "EXISTS (SELECT 1 FROM manifest_label ql WHERE ql.manifest_id = m.id AND ql.label_id = :label"
                                + i + ")",
                        "label" + i,
                        labelId(ids.get(i)));
            }
        }
        return listing;
    }

    private static long labelId(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid query string value: " + text);
        }
    }

    private void list(ApiCall call) {
        Guard.InRepository in = guard.repository(call, "artifact:list");
        TagFilter visible = visible(call, in.name());
        Listing listing = listing(call)
                .where("r.name = :repository", "repository", in.name().value());
        answer(call, listing, visible);
    }

    private TagFilter visible(ApiCall call, RepositoryName name) {
        return guard.authorizer().tags(call.principal(), Guard.permission("artifact:list"), name);
    }

    private void answer(ApiCall call, Listing listing, TagFilter visible) {
        boolean withLabels = call.queryFlag("with_label");
        boolean withAccessories = call.queryFlag("with_accessory");
        Listing.Page<Object> page = database.read(tx -> {
            // Who may see some tags alone is shown what has one of those.
            Listing.Page<Row> rows = visible.all()
                    ? listing.read(tx, ArtifactBodies.SELECT, ArtifactBodies.FROM)
                    : listing.read(tx, ArtifactBodies.SELECT, ArtifactBodies.FROM, TAGGED, visible);
            return new Listing.Page<>(
                    rows.total(),
                    rows.items().stream()
                            .map(row -> (Object) ArtifactBodies.body(tx, row, visible, withLabels, withAccessories))
                            .toList());
        });
        listing.answer(page.total(), page.items());
    }

    private void listOfProject(ApiCall call) {
        guard.requireSomebody(call);
        Guard.InProject in = guard.project(call, "artifact:list");
        Listing listing = listing(call)
                .where("r.project_id = :project", "project", in.project().id());
        answer(call, listing, TagFilter.ALL);
    }

    private static Reference reference(ApiCall call) {
        String text = call.path("reference");
        try {
            return Reference.parse(text);
        } catch (OciException e) {
            throw new OciException(
                    ErrorCode.NOT_FOUND, "artifact " + Guard.repositoryName(call) + ":" + text + " not found");
        }
    }

    private static OciException unknown(RepositoryName name, Reference reference) {
        String separator = reference instanceof Digest ? "@" : ":";
        return new OciException(ErrorCode.NOT_FOUND, "artifact " + name + separator + reference + " not found");
    }

    /** What a path names: a manifest that the caller may do something with. */
    record Found(Guard.InRepository in, Reference reference, Digest digest, long id) {}

    Found require(ApiCall call, String pair) {
        Reference reference = reference(call);
        Guard.InRepository in = guard.content(call, pair, reference);
        Row row = row(in.name(), reference).orElseThrow(() -> unknown(in.name(), reference));
        return new Found(in, reference, Digest.parse(row.text("digest")), row.number("id"));
    }

    private Optional<Row> row(RepositoryName name, Reference reference) {
        return database.read(tx -> row(tx, name, reference));
    }

    private static Optional<Row> row(Tx tx, RepositoryName name, Reference reference) {
        String select = "SELECT " + ArtifactBodies.SELECT + " FROM " + ArtifactBodies.FROM;
        Map<String, String> binds = Map.of("name", name.value(), "reference", reference.toString());
        return tx.dao(RowsDao.class)
                .row(
                        switch (reference) {
                            case Digest ignored -> select + " WHERE r.name = :name AND m.digest = :reference";
                            case Tag ignored ->
                                select
                                        + " JOIN tag t ON t.manifest_id = m.id WHERE r.name = :name AND t.name = :reference";
                        },
                        binds);
    }

    private void show(ApiCall call) {
        Found found = require(call, "artifact:read");
        TagFilter visible = visible(call, found.in().name());
        call.ok(database.read(tx -> row(tx, found.in().name(), found.reference())
                .map(row -> ArtifactBodies.body(
                        tx, row, visible, call.queryFlag("with_label"), call.queryFlag("with_accessory")))
                .orElseThrow(() -> unknown(found.in().name(), found.reference()))));
    }

    private void delete(ApiCall call) {
        Found found = require(call, "artifact:delete");
        // A tag names the manifest, and with it go its other tags: each of them has to be the caller's to delete.
        var every =
                guard.require(call, "artifact:delete", Target.content(found.in().name(), found.digest()));
        artifacts.delete(found.in().name(), found.digest(), found.in().origin().through(every.gate()));
        call.ok();
    }

    private void copy(ApiCall call) {
        String from = call.requireQuery("from");
        Guard.InRepository in = guard.repository(call, "artifact:create");
        int at = from.indexOf('@');
        int colon = from.lastIndexOf(':');
        int split = at >= 0 ? at : colon;
        OciException absent = new OciException(ErrorCode.BAD_REQUEST, "artifact " + from + " not found");
        if (split <= 0) {
            throw absent;
        }
        RepositoryName source = RepositoryName.parse(from.substring(0, split));
        String named = from.substring(split + 1);
        Reference reference = Reference.parse(named);
        Change.Gate pulls =
                guard.authorizer().gate(call.principal(), Permission.PULL, Target.content(source, reference));
        if (!guard.may(call, "repository:pull", Target.content(source, reference))) {
            throw absent;
        }
        Digest digest = artifacts.find(source, reference).orElseThrow(() -> absent);
        Optional<Tag> tag = reference instanceof Tag name ? Optional.of(name) : Optional.empty();
        Change.Origin origin = in.origin().through(pulls);
        if (tag.isPresent()) {
            origin = origin.through(guard.require(call, "artifact:create", Target.content(in.name(), tag.get()))
                    .gate());
        }
        artifacts.copy(source, digest, in.name(), tag, call.principal(), origin);
        call.created("/api/v2.0/projects/" + in.project().name() + "/repositories/"
                + in.name().inProject().replace("/", "%252F") + "/artifacts/" + named);
    }

    private void accessories(ApiCall call) {
        Found found = require(call, "accessory:list");
        List<Object> all = database.read(tx -> row(tx, found.in().name(), found.reference())
                .map(row -> ArtifactBodies.accessories(tx, row))
                .orElse(List.of()));
        Paging paging = Paging.of(call);
        List<Object> page = all == null
                ? List.of()
                : all.stream().skip(paging.offset()).limit(paging.limit()).toList();
        paging.answer(call, all == null ? 0 : all.size(), page);
    }

    private void addition(ApiCall call) {
        String addition = call.path("addition");
        Found found = require(call, "artifact-addition:read");
        if (addition.equals("vulnerabilities")) {
            call.ok(Map.of()); // of what nobody has scanned
            return;
        }
        if (!ADDITIONS.contains(addition)) {
            throw new OciException(
                    ErrorCode.UNPROCESSABLE_ENTITY,
                    "validation failure list:\naddition in path should be one of [build_history values.yaml readme.md"
                            + " dependencies sbom license files]");
        }
        Row row = row(found.in().name(), found.reference())
                .orElseThrow(() -> unknown(found.in().name(), found.reference()));
        Optional<JsonNode> history = database.read(tx -> ArtifactBodies.history(tx, row));
        if (!addition.equals("build_history") || history.isEmpty()) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "addition " + addition.toUpperCase(java.util.Locale.ROOT) + " isn't supported for "
                            + ArtifactBodies.type(row) + "(manifest version 2)");
        }
        call.ok(history.get());
    }

    private void addLabel(ApiCall call) throws IOException {
        Found found = require(call, "artifact-label:create");
        long id = call.body("label").number("id", 0);
        Labels.Label label = label(found, id);
        boolean added = database.write(tx ->
                labels.attach(tx, label, found.id(), name(found), found.in().origin()));
        if (!added) {
            throw new OciException(
                    ErrorCode.CONFLICT, "label " + id + " is already added to the artifact " + found.id());
        }
        call.ok();
    }

    private Labels.Label label(Found found, long id) {
        Labels.Label label =
                labels.find(id).orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "label " + id + " not found"));
        long project = found.in().project().id();
        if (label.projectId() != null && label.projectId() != project) {
            throw new OciException(ErrorCode.NOT_FOUND, "project id " + project + ", label " + id + " not found");
        }
        return label;
    }

    private static String name(Found found) {
        return found.in().name() + "@" + found.digest();
    }

    private void removeLabel(ApiCall call) {
        Found found = require(call, "artifact-label:delete");
        long id = call.pathNumber("label_id");
        boolean removed = labels.find(id)
                .map(label -> database.write(tx -> labels.detach(
                        tx, label, found.id(), name(found), found.in().origin())))
                .orElse(false);
        if (!removed) {
            throw new OciException(
                    ErrorCode.NOT_FOUND, "reference with label " + id + " and artifact " + found.id() + " not found");
        }
        call.ok();
    }

    private void refuseScan(ApiCall call, String pair) {
        require(call, pair);
        throw Absent.feature("vulnerability scanners");
    }

    private void report(ApiCall call) {
        require(call, "scan:read");
        throw new OciException(ErrorCode.NOT_FOUND, "report " + call.path("report") + " not found");
    }
}
