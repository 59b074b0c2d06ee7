package io.berth.api;

import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.http.ApiCall;
import io.berth.http.Router;
import io.berth.identity.Robot;
import io.berth.identity.Robots;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code /robots}: what Harbor's API does not tell of them, above all when each was last used. They are changed there. */
final class RobotRoutes {
    private static final Permission LIST = Permission.parse("robot:list");
    private static final int LIMIT = 100;
    private static final int MOST = 500;

    private final Guard guard;
    private final Robots robots;

    RobotRoutes(Guard guard, Robots robots) {
        this.guard = guard;
        this.robots = robots;
    }

    void add(Router router) {
        router.get(ApiEndpoint.PREFIX + "/robots", this::list);
    }

    private void list(ApiCall call) {
        String project = call.query("project") == null ? "" : call.query("project");
        guard.require(call, LIST, project.isEmpty() ? Target.SYSTEM : Target.project(project));
        int limit = (int) Math.clamp(call.queryNumber("limit", LIMIT), 1, MOST);
        List<Robot> page = robots.page(project, call.queryNumber("after", 0), limit);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("robots", page.stream().map(this::body).toList());
        if (page.size() == limit) {
            body.put("after", page.getLast().id());
        }
        call.ok(body);
    }

    private Map<String, Object> body(Robot robot) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", robot.id());
        body.put("name", robots.fullName(robot));
        body.put("project", robot.project());
        body.put("description", robot.description());
        body.put("disabled", robot.disabled());
        body.put("created_by", robot.createdBy());
        body.put("created_at", OwnRoutes.time(robot.createdAt()));
        body.put("expires_at", OwnRoutes.time(robot.expiresAt()));
        body.put("last_used_at", OwnRoutes.time(robot.lastUsedAt()));
        return body;
    }
}
