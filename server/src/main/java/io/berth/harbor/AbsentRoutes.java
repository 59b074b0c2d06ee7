package io.berth.harbor;

import io.berth.http.ApiCall;
import io.berth.http.Paging;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.List;
import java.util.Map;

/**
 * Features of Harbor that this Berth does not have. Reads answer as a Harbor would in which nobody has set them up; writes
 * say that the feature is not there, to those who might use it.
 */
final class AbsentRoutes {
    private static final List<String> SCHEDULE_TYPES =
            List.of("Hourly", "Daily", "Weekly", "Custom", "Manual", "None", "Schedule");
    private static final List<String> SCHEDULES = List.of("gc", "purgeaudit", "scanAll");

    private final Guard guard;

    AbsentRoutes(Guard guard) {
        this.guard = guard;
    }

    void add(Router router) {
        registries(router);
        jobs(router);
        scanning(router);
        ofProjects(router);
        preheating(router);
    }

    private static String api(String path) {
        return "/api/v2.0" + path;
    }

    private void registries(Router router) {
        router.get(api("/registries"), call -> emptyOnSystem(call, "registry:list"))
                .post(api("/registries"), call -> refuse(call, "registry:create", "remote registries"))
                .post(api("/registries/ping"), call -> refuse(call, "registry:read", "remote registries"))
                .get(api("/registries/{id}"), call -> unknown(call, "registry:read", "registry"))
                .get(api("/registries/{id}/info"), call -> unknown(call, "registry:read", "registry"))
                .put(api("/registries/{id}"), call -> unknown(call, "registry:update", "registry"))
                .delete(api("/registries/{id}"), call -> unknown(call, "registry:delete", "registry"))
                .get(api("/replication/adapters"), call -> plainList(call, "replication-adapter:list"))
                .get(api("/replication/adapterinfos"), call -> {
                    guard.requireSystem(call, "replication-adapter:list");
                    call.ok(Map.of());
                })
                .get(api("/replication/policies"), call -> emptyOnSystem(call, "replication-policy:list"))
                .post(api("/replication/policies"), call -> refuse(call, "replication-policy:create", "replication"))
                .get(
                        api("/replication/policies/{id}"),
                        call -> unknown(call, "replication-policy:read", "replication policy"))
                .put(
                        api("/replication/policies/{id}"),
                        call -> unknown(call, "replication-policy:update", "replication policy"))
                .delete(
                        api("/replication/policies/{id}"),
                        call -> unknown(call, "replication-policy:delete", "replication policy"))
                .get(api("/replication/executions"), call -> emptyOnSystem(call, "replication:list"))
                .post(api("/replication/executions"), call -> refuse(call, "replication:create", "replication"))
                .get(
                        api("/replication/executions/{id}"),
                        call -> unknown(call, "replication:read", "replication execution"))
                .put(
                        api("/replication/executions/{id}"),
                        call -> unknown(call, "replication:create", "replication execution"))
                .get(
                        api("/replication/executions/{id}/tasks"),
                        call -> unknown(call, "replication:list", "replication execution"))
                .get(
                        api("/replication/executions/{id}/tasks/{task}/log"),
                        call -> unknown(call, "replication:read", "replication execution"));
    }

    private void jobs(Router router) {
        Map<String, String> resources =
                Map.of("gc", "garbage-collection", "purgeaudit", "purge-audit", "scanAll", "scan-all");
        for (String job : SCHEDULES) {
            String resource = resources.get(job);
            String path = api("/system/" + job);
            String name = resource.replace('-', ' ');
            String execution = name + " execution";
            router.get(path + "/schedule", call -> {
                        guard.requireSystem(call, resource + ":read");
                        call.ok(Body.of("schedule", Body.of("type", "None")));
                    })
                    .post(
                            path + "/schedule",
                            call -> schedule(call, resource + (job.equals("scanAll") ? ":create" : ":create")))
                    .put(path + "/schedule", call -> schedule(call, resource + ":update"));
            if (!job.equals("scanAll")) {
                router.get(path, call -> emptyOnSystem(call, resource + ":list"))
                        .get(path + "/{id}", call -> unknown(call, resource + ":read", execution))
                        .put(path + "/{id}", call -> unknown(call, resource + ":stop", execution))
                        .get(path + "/{id}/log", call -> {
                            guard.requireSystem(call, resource + ":read");
                            throw new OciException(
                                    ErrorCode.NOT_FOUND, name + " " + call.path("id") + " log is not found");
                        });
            }
        }
        router.post(api("/system/scanAll/stop"), call -> refuse(call, "scan-all:stop", "vulnerability scans"))
                .get(api("/schedules"), call -> emptyOnSystem(call, "jobservice-monitor:list"))
                .get(api("/schedules/{job}/paused"), this::paused)
                .get(api("/jobservice/pools"), call -> plainList(call, "jobservice-monitor:list"))
                .get(api("/jobservice/pools/{pool}/workers"), call -> plainList(call, "jobservice-monitor:list"))
                .get(api("/jobservice/queues"), call -> plainList(call, "jobservice-monitor:list"))
                .put(api("/jobservice/queues/{job}"), call -> refuse(call, "jobservice-monitor:stop", "job queues"))
                .put(api("/jobservice/jobs/{job}"), call -> refuse(call, "jobservice-monitor:stop", "job queues"))
                .get(api("/jobservice/jobs/{job}/log"), call -> unknown(call, "jobservice-monitor:list", "job"));
    }

    // No schedule is what there is: to ask for that changes nothing, and clients do so when they clean up.
    private void schedule(ApiCall call, String pair) throws java.io.IOException {
        var body = call.body("schedule");
        guard.requireSystem(call, pair);
        var schedule = body.object("schedule");
        if (schedule != null && "None".equals(schedule.text("type"))) {
            call.ok();
            return;
        }
        if (schedule != null && !SCHEDULE_TYPES.contains(schedule.text("type", ""))) {
            throw new OciException(
                    ErrorCode.UNPROCESSABLE_ENTITY,
                    "validation failure list:\nvalidation failure list:\nschedule.type in body should be one of ["
                            + String.join(" ", SCHEDULE_TYPES) + "]");
        }
        throw Absent.feature("this job in this API");
    }

    private void paused(ApiCall call) {
        guard.requireSomebody(call);
        if (!call.path("job").equals("all")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "job_type can only be 'all'");
        }
        call.ok(Map.of("paused", false));
    }

    private void scanning(Router router) {
        String scanners = "vulnerability scanners";
        router.get(api("/scanners"), call -> emptyOnSystem(call, "scanner:list"))
                .post(api("/scanners"), call -> refuse(call, "scanner:create", scanners))
                .post(api("/scanners/ping"), call -> refuse(call, "scanner:read", scanners))
                .get(api("/scanners/{id}"), call -> unknown(call, "scanner:read", "scanner"))
                .put(api("/scanners/{id}"), call -> unknown(call, "scanner:update", "scanner"))
                .add("PATCH", api("/scanners/{id}"), call -> unknown(call, "scanner:update", "scanner"))
                .delete(api("/scanners/{id}"), call -> unknown(call, "scanner:delete", "scanner"))
                .get(api("/scanners/{id}/metadata"), call -> unknown(call, "scanner:read", "scanner"))
                .get(api("/scans/all/metrics"), call -> metrics(call))
                .get(api("/scans/schedule/metrics"), call -> metrics(call))
                .get(api("/security/summary"), this::securitySummary)
                .get(api("/security/vul"), call -> emptyOnSystem(call, "security-hub:list"))
                .get(api("/export/cve/executions"), call -> {
                    guard.requireSomebody(call);
                    call.ok(Map.of("items", List.of()));
                })
                .post(api("/export/cve"), this::export)
                .get(api("/export/cve/execution/{id}"), this::unknownExport)
                .get(api("/export/cve/download/{id}"), this::unknownExport)
                .get(api("/icons/{digest}"), call -> {
                    throw new OciException(ErrorCode.NOT_FOUND, "icon " + call.path("digest") + " not found");
                });
    }

    private void metrics(ApiCall call) {
        guard.requireSystem(call, "scan-all:read");
        call.ok(Body.of("completed", 0, "ongoing", false, "total", 0));
    }

    private void securitySummary(ApiCall call) {
        guard.requireSystem(call, "security-hub:read");
        call.ok(Body.of(
                "critical_cnt",
                0,
                "fixable_cnt",
                0,
                "high_cnt",
                0,
                "low_cnt",
                0,
                "medium_cnt",
                0,
                "scanned_cnt",
                0,
                "total_artifact",
                0,
                "total_vuls",
                0));
    }

    private void export(ApiCall call) throws java.io.IOException {
        guard.requireSomebody(call);
        for (long project : call.body("criteria").numbers("projects")) {
            guard.require(call, "export-cve:create", guard.targetOf(project));
        }
        throw Absent.feature("exports of vulnerabilities");
    }

    private void unknownExport(ApiCall call) {
        guard.requireSomebody(call);
        throw new OciException(ErrorCode.NOT_FOUND, "export execution " + call.path("id") + " not found");
    }

    private void ofProjects(Router router) {
        String project = api("/projects/{project}");
        router.get(project + "/scanner", call -> {
                    guard.requireSomebody(call);
                    guard.project(call, "scanner:read");
                    call.ok(Map.of());
                })
                .put(project + "/scanner", call -> refuseIn(call, "scanner:create", "vulnerability scanners"))
                .get(project + "/scanner/candidates", call -> emptyIn(call, "scanner:create"))
                .get(project + "/immutabletagrules", call -> emptyIn(call, "immutable-tag:list"))
                .post(project + "/immutabletagrules", call -> refuseIn(call, "immutable-tag:create", "immutable tags"))
                .put(
                        project + "/immutabletagrules/{id}",
                        call -> unknownIn(call, "immutable-tag:update", "immutable rule"))
                .delete(
                        project + "/immutabletagrules/{id}",
                        call -> unknownIn(call, "immutable-tag:delete", "immutable rule"))
                .get(project + "/webhook/policies", call -> emptyIn(call, "notification-policy:list"))
                .post(project + "/webhook/policies", call -> refuseIn(call, "notification-policy:create", "webhooks"))
                .get(
                        project + "/webhook/policies/{id}",
                        call -> unknownIn(call, "notification-policy:read", "notificationPolicy"))
                .put(
                        project + "/webhook/policies/{id}",
                        call -> unknownIn(call, "notification-policy:update", "notificationPolicy"))
                .delete(
                        project + "/webhook/policies/{id}",
                        call -> unknownIn(call, "notification-policy:delete", "notificationPolicy"))
                .get(
                        project + "/webhook/policies/{id}/executions",
                        call -> unknownIn(call, "notification-policy:read", "notificationPolicy"))
                .get(
                        project + "/webhook/policies/{id}/executions/{execution}/tasks",
                        call -> unknownIn(call, "notification-policy:read", "notificationPolicy"))
                .get(
                        project + "/webhook/policies/{id}/executions/{execution}/tasks/{task}/log",
                        call -> unknownIn(call, "notification-policy:read", "notificationPolicy"))
                .get(project + "/webhook/lasttrigger", call -> {
                    guard.project(call, "notification-policy:list");
                    call.ok(List.of());
                })
                .get(project + "/webhook/jobs", call -> emptyIn(call, "notification-policy:list"))
                .get(project + "/webhook/events", call -> {
                    guard.project(call, "notification-policy:read");
                    call.ok(Body.of("event_type", List.of(), "notify_type", List.of(), "payload_formats", List.of()));
                })
                .get(api("/retentions/metadatas"), call -> {
                    guard.requireSomebody(call);
                    call.ok(Body.of("scope_selectors", List.of(), "tag_selectors", List.of(), "templates", List.of()));
                })
                .post(api("/retentions"), this::createRetention)
                .get(api("/retentions/{id}"), this::unknownRetention)
                .put(api("/retentions/{id}"), this::unknownRetention)
                .delete(api("/retentions/{id}"), this::unknownRetention)
                .get(api("/retentions/{id}/executions"), this::unknownRetention)
                .post(api("/retentions/{id}/executions"), this::unknownRetention)
                .add("PATCH", api("/retentions/{id}/executions/{execution}"), this::unknownRetention)
                .get(api("/retentions/{id}/executions/{execution}/tasks"), this::unknownRetention)
                .get(api("/retentions/{id}/executions/{execution}/tasks/{task}"), this::unknownRetention);
    }

    private void createRetention(ApiCall call) throws java.io.IOException {
        guard.requireSomebody(call);
        var scope = call.body("policy").object("scope");
        guard.require(call, "tag-retention:create", guard.targetOf(scope == null ? 0 : scope.number("ref", 0)));
        throw Absent.feature("retention policies");
    }

    private void unknownRetention(ApiCall call) {
        guard.requireSomebody(call);
        throw new OciException(ErrorCode.NOT_FOUND, "retention policy " + call.path("id") + " not found");
    }

    private void preheating(Router router) {
        String what = "preheating of peer-to-peer networks";
        String policy = "preheat policy";
        String one = api("/projects/{project}/preheat/policies/{id}");
        router.get(api("/p2p/preheat/providers"), call -> plainList(call, "preheat-instance:list"))
                .get(api("/p2p/preheat/instances"), call -> emptyOnSystem(call, "preheat-instance:list"))
                .post(api("/p2p/preheat/instances"), call -> refuse(call, "preheat-instance:create", what))
                .post(api("/p2p/preheat/instances/ping"), call -> refuse(call, "preheat-instance:read", what))
                .get(api("/p2p/preheat/instances/{id}"), call -> unknown(call, "preheat-instance:read", "instance"))
                .put(api("/p2p/preheat/instances/{id}"), call -> unknown(call, "preheat-instance:update", "instance"))
                .delete(
                        api("/p2p/preheat/instances/{id}"),
                        call -> unknown(call, "preheat-instance:delete", "instance"))
                .get(api("/projects/{project}/preheat/policies"), call -> emptyIn(call, "preheat-policy:list"))
                .post(
                        api("/projects/{project}/preheat/policies"),
                        call -> refuseIn(call, "preheat-policy:create", what))
                .get(one, call -> unknownIn(call, "preheat-policy:read", policy))
                .put(one, call -> unknownIn(call, "preheat-policy:update", policy))
                .post(one, call -> refuseIn(call, "preheat-policy:update", what))
                .delete(one, call -> unknownIn(call, "preheat-policy:delete", policy))
                .get(one + "/executions", call -> unknownIn(call, "preheat-policy:read", policy))
                .get(one + "/executions/{execution}", call -> unknownIn(call, "preheat-policy:read", policy))
                .add("PATCH", one + "/executions/{execution}", call -> unknownIn(call, "preheat-policy:update", policy))
                .get(one + "/executions/{execution}/tasks", call -> unknownIn(call, "preheat-policy:read", policy))
                .get(
                        one + "/executions/{execution}/tasks/{task}/logs",
                        call -> unknownIn(call, "preheat-policy:read", policy))
                .get(api("/projects/{project}/preheat/providers"), call -> {
                    guard.project(call, "preheat-policy:list");
                    call.ok(List.of());
                });
    }

    private void emptyOnSystem(ApiCall call, String pair) {
        guard.requireSystem(call, pair);
        Paging.of(call).answer(call, 0, List.of());
    }

    private void plainList(ApiCall call, String pair) {
        guard.requireSystem(call, pair);
        call.ok(List.of());
    }

    private void emptyIn(ApiCall call, String pair) {
        guard.project(call, pair);
        Paging.of(call).answer(call, 0, List.of());
    }

    private void refuse(ApiCall call, String pair, String what) {
        guard.requireSystem(call, pair);
        throw Absent.feature(what);
    }

    private void refuseIn(ApiCall call, String pair, String what) {
        guard.project(call, pair);
        throw Absent.feature(what);
    }

    private void unknown(ApiCall call, String pair, String what) {
        guard.requireSystem(call, pair);
        throw new OciException(ErrorCode.NOT_FOUND, what + " " + call.path("id") + " not found");
    }

    private void unknownIn(ApiCall call, String pair, String what) {
        guard.project(call, pair);
        throw new OciException(ErrorCode.NOT_FOUND, what + " " + call.path("id") + " not found");
    }
}
