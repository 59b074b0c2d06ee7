package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.berth.oci.Json;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A Berth whose API is asked, and whose every answer, and every body that it took, is held against its own OpenAPI
 * document.
 */
final class OpenApiChecked {
    private final BerthUnderTest berth;
    private final JsonNode document;
    private final Map<String, JsonNode> operations = new TreeMap<>();
    private final Set<String> seen = new TreeSet<>();

    OpenApiChecked(BerthUnderTest berth) {
        this.berth = berth;
        document = berth.call("GET", "/api/openapi.json")
                .anonymous()
                .send()
                .isStatus(200)
                .json();
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(one -> {
                    if (!one.getKey().equals("parameters")) {
                        operations.put(
                                one.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey(), one.getValue());
                    }
                }));
    }

    /** What the document has, {@code GET /path} each. */
    Set<String> operations() {
        return operations.keySet();
    }

    /** Which of them were answered with success. */
    Set<String> seen() {
        return seen;
    }

    Answer ask(String method, String path, String body, String authorization) {
        Answer answer = berth.send(method, path, body, authorization);
        String plain = path.split("\\?", 2)[0];
        String name = operations.keySet().stream()
                .filter(one -> one.startsWith(method + " "))
                .filter(one -> matches(one.substring(method.length() + 1), plain))
                .min(java.util.Comparator.comparingInt(one -> one.contains("{") ? 1 : 0))
                .orElseThrow(() -> new AssertionError("the document does not know " + method + " " + plain));
        JsonNode operation = operations.get(name);
        JsonNode response = resolve(operation.path("responses").path(Integer.toString(answer.status())));
        assertThat(response.isMissingNode())
                .as("%s is documented with %s: %s", name, answer.status(), answer.text())
                .isFalse();
        JsonNode content = response.path("content").path("application/json").path("schema");
        if (content.isMissingNode()) {
            assertThat(answer.body()).as(name).isEmpty();
        } else {
            assertThat(answer.header("Content-Type")).as(name).isEqualTo("application/json");
            require(name + " answer", content, answer.json());
        }
        if (answer.status() < 300) {
            seen.add(name);
            JsonNode wanted = operation
                    .path("requestBody")
                    .path("content")
                    .path("application/json")
                    .path("schema");
            if (!body.isEmpty()) {
                try {
                    require(name + " request", wanted, Json.MAPPER.readTree(body));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return answer;
    }

    private static boolean matches(String template, String path) {
        String pattern = Pattern.quote(template).replaceAll("\\{[a-z]+}", "\\\\E[^/]+\\\\Q");
        return path.matches(pattern);
    }

    private JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
    }

    private void require(String what, JsonNode schema, JsonNode value) {
        assertThat(schema.isMissingNode()).as(what + " is described").isFalse();
        var whole = Json.MAPPER.createObjectNode();
        whole.set("components", document.path("components"));
        whole.putArray("allOf").add(schema);
        JsonSchema checked =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(whole);
        assertThat(checked.validate(value)).as(what + ": " + value).isEmpty();
    }
}
