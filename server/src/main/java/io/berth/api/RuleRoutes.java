package io.berth.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.Robots;
import io.berth.identity.workload.WorkloadRules;
import io.berth.identity.workload.WorkloadRules.Rule;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** {@code /workload-rules}: which tokens of a CI or a cluster act as which robot. */
final class RuleRoutes {
    private static final String RULES = ApiEndpoint.PREFIX + "/workload-rules";
    private static final Permission READ = Permission.parse("robot:list");

    private final Guard guard;
    private final WorkloadRules rules;
    private final Robots robots;

    RuleRoutes(Guard guard, WorkloadRules rules, Robots robots) {
        this.guard = guard;
        this.rules = rules;
        this.robots = robots;
    }

    void add(Router router) {
        router.get(RULES, this::list)
                .get(RULES + "/{name}", this::get)
                .put(RULES + "/{name}", this::put)
                .delete(RULES + "/{name}", this::delete);
    }

    private void list(ApiCall call) {
        guard.require(call, READ);
        call.ok(rules.list().stream().map(this::body).toList());
    }

    private void get(ApiCall call) {
        guard.require(call, READ);
        call.ok(find(call.path("name")));
    }

    private Map<String, Object> find(String name) {
        return rules.find(name)
                .map(this::body)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no rule '" + name + "'"));
    }

    // A rule lets tokens be any robot, so it is the administrators'.
    private void put(ApiCall call) throws IOException {
        var origin = guard.require(call, Permission.ADMINISTER);
        JsonBody given = call.body("rule").requireOnly("issuer", "robot", "enabled", "settings");
        String robot = given.text("robot", "");
        long id = robots.find(robot)
                .orElseThrow(() -> new OciException(ErrorCode.BAD_REQUEST, "there is no robot '" + robot + "'"))
                .id();
        JsonNode settings = given.has("settings") ? given.json("settings") : Json.MAPPER.createObjectNode();
        String name = call.path("name");
        rules.put(name, given.text("issuer", ""), settings, id, given.flag("enabled", true), origin);
        call.ok(find(name));
    }

    private void delete(ApiCall call) {
        rules.remove(call.path("name"), guard.require(call, Permission.ADMINISTER));
        call.exchange().answer(204);
    }

    private Map<String, Object> body(Rule rule) {
        Optional<String> robot = robots.find(rule.robot()).map(robots::fullName);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", rule.name());
        body.put("issuer", rule.issuer());
        body.put("robot", robot.orElse(null));
        body.put("enabled", rule.enabled());
        body.put("settings", rule.settings());
        body.put("updated_at", Instant.ofEpochMilli(rule.updatedAt()).toString());
        return body;
    }
}
