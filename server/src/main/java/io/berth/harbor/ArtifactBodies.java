package io.berth.harbor;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.TagFilter;
import io.berth.db.Tx;
import io.berth.oci.Json;
import io.berth.oci.RepositoryName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads manifests and writes them as Harbor's artifacts. */
final class ArtifactBodies {
    /** Larger manifests are listed without what they say, so that a page of them does not fill the memory; bytes. */
    private static final int MAX_SHOWN = 256 << 10;

    static final String FROM = """
            manifest m JOIN repository r ON r.id = m.repository_id JOIN manifest_content c ON c.digest = m.digest
            """;
    static final String SELECT =
            "m.id, m.digest, m.media_type, m.artifact_type, m.pushed_at, m.pulled_at, m.repository_id,"
                    + " CASE WHEN m.size <= " + MAX_SHOWN + " THEN c.content END AS content,"
                    + " r.name AS repository, r.project_id, " + ArtifactSql.SIZE + " AS size";

    private static final Pattern CONFIG = Pattern.compile("application/vnd\\.[^.]*\\.([^.]*)\\.config\\.[^+]*\\+json");
    private static final int MAX_CONFIG = 256 << 10;

    private ArtifactBodies() {}

    /** An artifact; tags that {@code visible} does not let through are left out. */
    static SortedMap<String, Object> body(
            Tx tx, Row row, TagFilter visible, boolean withLabels, boolean withAccessories) {
        JsonNode manifest = parse(row.bytes("content"));
        boolean index = manifest.path("manifests").isArray();
        String config = manifest.path("config").path("mediaType").asText("");
        String mediaType = index ? row.text("media_type") : config;
        String type = type(index, config);
        SortedMap<String, Object> body = Body.of(
                "id",
                row.number("id"),
                "type",
                type,
                "media_type",
                mediaType,
                "manifest_media_type",
                row.text("media_type"),
                "artifact_type",
                row.has("artifact_type") ? row.text("artifact_type") : mediaType,
                "project_id",
                row.number("project_id"),
                "repository_id",
                row.number("repository_id"),
                "repository_name",
                row.text("repository"),
                "digest",
                row.text("digest"),
                "size",
                row.number("size"),
                "push_time",
                Body.time(row.number("pushed_at")),
                "pull_time",
                Body.time(row.number("pulled_at")),
                "extra_attrs",
                extra(tx, row, manifest, type),
                "annotations",
                manifest.path("annotations").isObject() ? manifest.get("annotations") : null,
                "addition_links",
                Map.of("build_history", Body.of("absolute", false, "href", additions(row) + "build_history")));
        // Harbor writes null for none of these.
        body.put("references", index ? references(tx, row, manifest) : null);
        body.put("tags", tags(tx, row, visible));
        body.put("labels", withLabels ? labels(tx, row.number("id")) : null);
        body.put("accessories", withAccessories ? accessories(tx, row) : null);
        return body;
    }

    /** What kind of artifact it is, in Harbor's words. */
    static String type(Row row) {
        JsonNode manifest = parse(row.bytes("content"));
        return type(
                manifest.path("manifests").isArray(),
                manifest.path("config").path("mediaType").asText(""));
    }

    // A missing node for one that is too large to be shown
    private static JsonNode parse(byte[] json) {
        try {
            return json == null ? Json.MAPPER.missingNode() : Json.MAPPER.readTree(json);
        } catch (IOException e) {
            throw new IllegalStateException("a stored manifest is no JSON", e);
        }
    }

    static String type(boolean index, String config) {
        if (index
                || config.endsWith("container.image.v1+json")
                || config.equals("application/vnd.oci.image.config.v1+json")) {
            return "IMAGE";
        }
        if (config.equals("application/vnd.cncf.helm.config.v1+json")) {
            return "CHART";
        }
        Matcher matcher = CONFIG.matcher(config);
        return matcher.matches() ? matcher.group(1).toUpperCase(Locale.ROOT) : "UNKNOWN";
    }

    private static String additions(Row row) {
        var name = new RepositoryName(row.text("repository"));
        return "/api/v2.0/projects/" + name.project() + "/repositories/"
                + name.inProject().replace("/", "%252F") + "/artifacts/" + row.text("digest") + "/additions/";
    }

    /** The config of a manifest as JSON, a missing node when it is none or too large to be shown. */
    private static JsonNode config(Tx tx, Row row, JsonNode manifest) {
        Map<String, Object> binds = Map.of(
                "digest",
                manifest.path("config").path("digest").asText(""),
                "repository",
                row.number("repository_id"),
                "manifest",
                row.number("id"));
        return tx.dao(RowsDao.class)
                .row("""
                        SELECT bc.content FROM repo_blob rb JOIN blob b ON b.digest = rb.digest
                        JOIN blob_content bc ON bc.digest = b.digest AND bc.generation = b.generation
                        JOIN manifest_reference mr ON mr.manifest_id = :manifest AND mr.digest = rb.digest AND mr.resolved
                        WHERE rb.repository_id = :repository AND rb.digest = :digest AND b.store = 'inline'
                        """, binds)
                .map(found -> found.bytes("content"))
                .filter(content -> content.length <= MAX_CONFIG)
                .map(ArtifactBodies::parseIfJson)
                .orElse(Json.MAPPER.missingNode());
    }

    /** How an image was built, as far as its config tells; nothing for what is no image of one platform. */
    static Optional<JsonNode> history(Tx tx, Row row) {
        JsonNode manifest = parse(row.bytes("content"));
        String config = manifest.path("config").path("mediaType").asText("");
        if (manifest.path("manifests").isArray() || !type(false, config).equals("IMAGE")) {
            return Optional.empty();
        }
        JsonNode history = config(tx, row, manifest).path("history");
        return Optional.of(history.isArray() ? history : Json.MAPPER.createArrayNode());
    }

    private static JsonNode parseIfJson(byte[] content) {
        try {
            return Json.MAPPER.readTree(content);
        } catch (IOException e) {
            return Json.MAPPER.missingNode();
        }
    }

    private static Object extra(Tx tx, Row row, JsonNode manifest, String type) {
        JsonNode config = config(tx, row, manifest);
        if (!config.isObject()) {
            return null;
        }
        return switch (type) {
            case "IMAGE" ->
                Body.of(
                        "architecture",
                        config.path("architecture").asText(""),
                        "os",
                        config.path("os").asText(""),
                        "author",
                        config.path("author").asText(""),
                        "created",
                        config.hasNonNull("created") ? config.get("created").asText() : null,
                        "config",
                        config.path("config").isObject() ? config.get("config") : Map.of());
            default -> config;
        };
    }

    private static Object references(Tx tx, Row row, JsonNode manifest) {
        List<Object> references = new ArrayList<>();
        for (JsonNode child : manifest.path("manifests")) {
            String digest = child.path("digest").asText();
            Long id = tx.dao(RowsDao.class)
                    .row(
                            "SELECT id FROM manifest WHERE repository_id = :repository AND digest = :digest",
                            Map.of("repository", row.number("repository_id"), "digest", digest))
                    .map(found -> found.number("id"))
                    .orElse(null);
            references.add(Body.of(
                    "parent_id",
                    row.number("id"),
                    "child_id",
                    id,
                    "child_digest",
                    digest,
                    "platform",
                    child.path("platform").isObject() ? child.get("platform") : null,
                    "annotations",
                    child.path("annotations").isObject() ? child.get("annotations") : null));
        }
        return references;
    }

    private static List<Object> tags(Tx tx, Row row, TagFilter visible) {
        List<Object> tags = new ArrayList<>();
        tx.dao(RowsDao.class).rows("""
                        SELECT t.name, t.updated_at, t.pulled_at, t.repository_id, t.manifest_id FROM tag t
                        WHERE t.manifest_id = :manifest ORDER BY t.updated_at DESC, t.name
                        """, Map.of("manifest", row.number("id"))).forEach(tag -> {
            if (visible.contains(tag.text("name"))) {
                tags.add(tag(tag));
            }
        });
        return tags.isEmpty() ? null : tags;
    }

    static SortedMap<String, Object> tag(Row tag) {
        return Body.of(
                "id",
                tagId(tag.number("repository_id"), tag.text("name")),
                "repository_id",
                tag.number("repository_id"),
                "artifact_id",
                tag.number("manifest_id"),
                "name",
                tag.text("name"),
                "push_time",
                Body.time(tag.number("updated_at")),
                "pull_time",
                Body.time(tag.number("pulled_at")),
                "immutable",
                false);
    }

    // Tags have no numbers here. Clients show them and ask by name; this one stays the same as long as the tag does.
    private static long tagId(long repository, String name) {
        long hash = repository * 0x9E3779B97F4A7C15L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001B3L;
        }
        return hash >>> 12;
    }

    static List<Object> labels(Tx tx, long manifest) {
        List<Object> labels = new ArrayList<>();
        tx.dao(RowsDao.class)
                .rows(
                        "SELECT " + LabelRoutes.SELECT
                                + " FROM manifest_label ml JOIN label l ON l.id = ml.label_id WHERE ml.manifest_id = :manifest"
                                + " ORDER BY l.id",
                        Map.of("manifest", manifest))
                .forEach(label -> labels.add(LabelRoutes.body(label)));
        return labels.isEmpty() ? null : labels;
    }

    static List<Object> accessories(Tx tx, Row row) {
        List<Object> accessories = new ArrayList<>();
        String signature = row.text("digest").replace(':', '-') + ".sig";
        tx.dao(RowsDao.class)
                .rows(
                        "SELECT m.id, m.digest, m.artifact_type, m.pushed_at, m.subject, " + ArtifactSql.SIZE
                                + " AS size FROM manifest m WHERE m.repository_id = :repository AND (m.subject = :digest OR"
                                + " EXISTS (SELECT 1 FROM tag st WHERE st.manifest_id = m.id AND st.name = :signature))"
                                + " ORDER BY m.id",
                        Map.of(
                                "repository",
                                row.number("repository_id"),
                                "digest",
                                row.text("digest"),
                                "signature",
                                signature))
                .forEach(one -> accessories.add(Body.of(
                        "id",
                        one.number("id"),
                        "artifact_id",
                        one.number("id"),
                        "digest",
                        one.text("digest"),
                        "size",
                        one.number("size"),
                        "icon",
                        "",
                        "type",
                        accessoryType(one),
                        "creation_time",
                        Body.time(one.number("pushed_at")),
                        "subject_artifact_id",
                        row.number("id"),
                        "subject_artifact_digest",
                        row.text("digest"),
                        "subject_artifact_repo",
                        row.text("repository"))));
        return accessories.isEmpty() ? null : accessories;
    }

    private static String accessoryType(Row accessory) {
        String type = accessory.text("artifact_type");
        if (!accessory.has("subject") || "application/vnd.dev.sigstore.bundle.v0.3+json".equals(type)) {
            return "signature.cosign";
        }
        return switch (type == null ? "" : type) {
            case "application/vnd.cncf.notary.signature" -> "signature.notation";
            case "application/vnd.goharbor.harbor.sbom.v1" -> "sbom.harbor";
            default -> "subject.accessory";
        };
    }
}
