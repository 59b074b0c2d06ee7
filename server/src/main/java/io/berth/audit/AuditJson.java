package io.berth.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.oci.Json;
import java.time.Instant;

/** Entries as JSON objects, there and back. */
final class AuditJson {
    private AuditJson() {}

    static ObjectNode of(AuditEntry entry) {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("id", entry.id());
        node.put("at", Instant.ofEpochMilli(entry.at()).toString());
        node.put("operation", entry.operation());
        node.put("resource_type", entry.resourceType());
        node.put("resource", entry.resource());
        node.put("project", entry.project());
        node.put("actor", entry.actor());
        node.put("credential", entry.credential());
        node.put("client", entry.client());
        node.put("success", entry.success());
        node.put("rule", entry.rule());
        node.put("request_id", entry.requestId());
        node.set("detail", detail(entry.detail()));
        node.put("change", entry.changeSeq());
        return node;
    }

    private static JsonNode detail(String text) {
        try {
            return Json.MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            return Json.MAPPER.createObjectNode().put("text", text);
        }
    }

    static AuditEntry entry(JsonNode node) {
        return new AuditEntry(
                node.path("id").asLong(),
                Instant.parse(node.path("at").asText()).toEpochMilli(),
                node.path("operation").asText(),
                node.path("resource_type").asText(),
                node.path("resource").asText(),
                node.path("project").asText(null),
                node.path("actor").asText(),
                node.path("credential").asText(null),
                node.path("client").asText(null),
                node.path("success").asBoolean(),
                node.path("rule").asText(null),
                node.path("request_id").asText(null),
                Json.write(node.path("detail")),
                node.path("change").isNumber() ? node.path("change").asLong() : null);
    }
}
