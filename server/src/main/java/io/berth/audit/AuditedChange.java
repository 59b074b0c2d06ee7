package io.berth.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.FeedReader;
import io.berth.oci.Json;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a change of the feed is to the audit. */
final class AuditedChange {
    private record Meaning(String operation, String resourceType) {}

    /** What is bookkeeping on the way to a push. */
    private static final Set<String> SKIPPED = Set.of("blob-linked");

    // Where the words of the kind say it (project-created, robot-deleted), it needs no line here.
    private static final Map<String, Meaning> MEANINGS = Map.ofEntries(
            Map.entry("manifest-put", new Meaning("push", "artifact")),
            Map.entry("manifest-deleted", new Meaning("delete", "artifact")),
            Map.entry("blob-unlinked", new Meaning("delete", "blob")),
            Map.entry("user-administrator", new Meaning("update", "user")),
            Map.entry("user-disabled", new Meaning("update", "user")),
            Map.entry("user-password", new Meaning("update", "user")),
            Map.entry("user-groups", new Meaning("update", "user")),
            Map.entry("group-renamed", new Meaning("update", "group")),
            Map.entry("robot-secret", new Meaning("update", "robot")),
            Map.entry("token-created", new Meaning("create", "access-token")),
            Map.entry("token-deleted", new Meaning("delete", "access-token")),
            Map.entry("token-ending", new Meaning("warn", "access-token")),
            Map.entry("robot-ending", new Meaning("warn", "robot")),
            Map.entry("quota-warning", new Meaning("warn", "project")),
            Map.entry("project-quota", new Meaning("update", "project")),
            Map.entry("project-settings", new Meaning("update", "project")),
            Map.entry("settings-changed", new Meaning("update", "configuration")));

    private AuditedChange() {}

    /**
     * The entry, or nothing for what is no deed of its own. What is not known here is recorded all the same.
     *
     * @param robotPrefix what robots' names begin with
     */
    static Optional<AuditEntry> of(FeedReader.Entry change, String robotPrefix) {
        if (SKIPPED.contains(change.kind())) {
            return Optional.empty();
        }
        ObjectNode payload = payload(change);
        Meaning meaning = meaning(change.kind(), payload);
        ObjectNode detail = Json.MAPPER.createObjectNode().put("change", change.kind());
        detail.setAll(payload);
        return Optional.of(new AuditEntry(
                0,
                change.at(),
                meaning.operation(),
                meaning.resourceType(),
                change.key(),
                project(meaning.resourceType(), change.key(), payload, robotPrefix),
                change.actor() == null ? "system" : change.actor(),
                Names.orNull(change.credential()),
                Names.orNull(change.client()),
                true,
                Names.orNull(change.rule()),
                Names.orNull(change.requestId()),
                Json.write(detail),
                change.seq()));
    }

    private static ObjectNode payload(FeedReader.Entry change) {
        try {
            if (Json.MAPPER.readTree(change.payload()) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            // kept as it is, below
        }
        return Json.MAPPER.createObjectNode().put("payload", change.payload());
    }

    private static Meaning meaning(String kind, JsonNode payload) {
        if (kind.equals("tag-set")) {
            return new Meaning(payload.hasNonNull("previous") ? "update" : "create", "tag");
        }
        Meaning known = MEANINGS.get(kind);
        if (known != null) {
            return known;
        }
        int dash = kind.lastIndexOf('-');
        String verb = kind.substring(dash + 1);
        String operation = switch (verb) {
            case "created" -> "create";
            case "updated", "changed" -> "update";
            case "deleted" -> "delete";
            default -> verb;
        };
        return new Meaning(operation, dash > 0 ? kind.substring(0, dash) : kind);
    }

    private static String project(String type, String key, JsonNode payload, String robotPrefix) {
        if (payload.path("project").isTextual()) {
            return payload.path("project").asText();
        }
        if (type.equals("robot")) {
            int plus = key.indexOf('+');
            return key.startsWith(robotPrefix) && plus > robotPrefix.length()
                    ? key.substring(robotPrefix.length(), plus)
                    : null;
        }
        return Names.project(type, key);
    }
}
