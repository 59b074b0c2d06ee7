package io.berth.api;

import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.rbac.Explanation;
import io.berth.rbac.Rbac;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** {@code /access}: projects, roles, members and robots as one document, and the question who may do what. */
final class AccessRoutes {
    private static final String ACCESS = ApiEndpoint.PREFIX + "/access";

    private final Guard guard;
    private final Rbac rbac;
    private final Explanation explanation;

    AccessRoutes(Guard guard, Rbac rbac, Explanation explanation) {
        this.guard = guard;
        this.rbac = rbac;
        this.explanation = explanation;
    }

    void add(Router router) {
        router.get(ACCESS, this::export).put(ACCESS, this::apply).post(ACCESS + "/check", this::check);
    }

    private void export(ApiCall call) {
        guard.require(call, Permission.ADMINISTER);
        call.ok(rbac.export());
    }

    private void apply(ApiCall call) throws IOException {
        var origin = guard.require(call, Permission.ADMINISTER);
        String text = new String(call.readBody(), StandardCharsets.UTF_8); // JSON is YAML
        Rbac.Outcome outcome = rbac.apply(text, call.queryFlag("dry_run"), origin);
        call.ok(Map.of("changes", outcome.changes(), "secrets", outcome.secrets()));
    }

    // Everybody may ask about themselves.
    private void check(ApiCall call) throws IOException {
        guard.requireSomebody(call);
        JsonBody asked = call.body("question").requireOnly("who", "action", "what");
        String who = asked.text("who", call.principal().name());
        if (!who.equals(call.principal().name()) && !guard.may(call, Permission.ADMINISTER)) {
            throw new OciException(ErrorCode.FORBIDDEN, "about others administrators may ask");
        }
        Decision decision = explanation.can(who, asked.text("action", ""), asked.text("what", ""));
        call.ok(Map.of("who", who, "allowed", decision.allowed(), "rule", decision.rule()));
    }
}
