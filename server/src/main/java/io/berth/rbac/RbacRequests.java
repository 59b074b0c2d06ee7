package io.berth.rbac;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Decision;
import io.berth.db.Change;
import io.berth.oci.OciException;
import java.util.Map;
import java.util.function.Function;

/** What the admin socket is asked about this: {@code apply}, {@code export} and {@code can}. */
public final class RbacRequests {
    private final Rbac rbac;
    private final Explanation explanation;

    public RbacRequests(Rbac rbac, Explanation explanation) {
        this.rbac = rbac;
        this.explanation = explanation;
    }

    /** Names of requests, and what answers them. */
    public Map<String, Function<JsonNode, Map<String, Object>>> all() {
        return Map.of("apply", this::apply, "export", this::export, "can", this::can);
    }

    private Map<String, Object> apply(JsonNode request) {
        try {
            Rbac.Outcome outcome = rbac.apply(
                    request.path("yaml").asText(), request.path("dryRun").asBoolean(), Change.Origin.by("berth apply"));
            return Map.of("changes", outcome.changes(), "secrets", outcome.secrets());
        } catch (OciException e) {
            return Map.of("error", e.getMessage());
        }
    }

    private Map<String, Object> export(JsonNode request) {
        return Map.of("file", rbac.export());
    }

    private Map<String, Object> can(JsonNode request) {
        try {
            Decision decision = explanation.can(
                    request.path("who").asText(),
                    request.path("action").asText(),
                    request.path("what").asText());
            return Map.of("allowed", decision.allowed(), "rule", decision.rule());
        } catch (OciException e) {
            return Map.of("error", e.getMessage());
        }
    }
}
