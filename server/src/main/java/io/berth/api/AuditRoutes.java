package io.berth.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.access.Permission;
import io.berth.audit.AuditRequests;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.Map;

/** {@code /audit}: the audit log, newest first. */
final class AuditRoutes {
    private static final Permission LIST = Permission.parse("audit-log:list");

    private final Guard guard;
    private final AuditRequests audit;

    AuditRoutes(Guard guard, AuditRequests audit) {
        this.guard = guard;
        this.audit = audit;
    }

    void add(Router router) {
        router.get(ApiEndpoint.PREFIX + "/audit", this::search);
    }

    private void search(ApiCall call) {
        guard.require(call, LIST);
        ObjectNode request = Json.MAPPER.createObjectNode();
        ObjectNode filter = request.putObject("filter");
        for (String name : call.exchange().queryNames()) {
            switch (name) {
                case "limit" -> request.put("limit", call.queryNumber("limit", 100));
                case "after" -> after(call.query("after"), request.putObject("after"));
                default -> filter.put(name, call.query(name));
            }
        }
        if (!request.has("limit")) {
            request.put("limit", 100);
        }
        Map<String, Object> answer = audit.apply(request);
        if (answer.containsKey("error")) {
            throw new OciException(ErrorCode.BAD_REQUEST, (String) answer.get("error"));
        }
        if (answer.get("after") instanceof Map<?, ?> place) {
            answer.put("after", place.get("at") + "-" + place.get("id"));
        }
        call.ok(answer);
    }

    private static void after(String text, ObjectNode place) {
        String[] parts = text.split("-", -1);
        try {
            place.put("at", Long.parseLong(parts[0])).put("id", Long.parseLong(parts.length == 2 ? parts[1] : ""));
        } catch (NumberFormatException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "after is what the page before said, not '" + text + "'");
        }
    }
}
