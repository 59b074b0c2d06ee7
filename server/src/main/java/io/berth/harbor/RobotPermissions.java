package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Permissions;
import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.http.JsonBody;
import io.berth.identity.Robot;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a robot may do as Harbor writes it: permissions on the system, in one project or in all of them. */
final class RobotPermissions {
    private static final String EVERY_PROJECT = "*";
    private static final String SYSTEM = "/";

    private RobotPermissions() {}

    /** One entry: permissions somewhere. {@code project} is null unless the scope is one project. */
    record Entry(Grant.Scope scope, Project project, Set<Permission> permissions) {}

    /**
     * The entries of a robot to be.
     *
     * @throws OciException {@code BAD_REQUEST} for what cannot be, {@code NOT_FOUND} for an unknown project
     */
    static List<Entry> parse(JsonBody robot, boolean ofSystem, Projects projects) {
        List<Entry> entries = new ArrayList<>();
        var seen = new HashSet<String>();
        for (JsonBody permission : robot.objects("permissions")) {
            String kind = permission.text("kind", "");
            String namespace = permission.text("namespace", "");
            boolean system = kind.equals("system");
            if (!system && !kind.equals("project")
                    || system && (!ofSystem || !namespace.equals(SYSTEM))
                    || !seen.add(kind + " " + namespace)) {
                throw new OciException(ErrorCode.BAD_REQUEST, "bad request permission");
            }
            Grant.Scope scope = system
                    ? Grant.Scope.SYSTEM
                    : namespace.equals(EVERY_PROJECT) ? Grant.Scope.PROJECTS : Grant.Scope.PROJECT;
            Project project = scope == Grant.Scope.PROJECT
                    ? projects.find(namespace)
                            .orElseThrow(
                                    () -> new OciException(ErrorCode.NOT_FOUND, "project " + namespace + " not found"))
                    : null;
            entries.add(new Entry(scope, project, access(permission, scope)));
        }
        if (entries.isEmpty()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request empty permission");
        }
        if (!ofSystem && (entries.size() > 1 || entries.getFirst().project() == null)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request permission");
        }
        return entries;
    }

    private static Set<Permission> access(JsonBody entry, Grant.Scope scope) {
        Set<Permission> known = scope == Grant.Scope.SYSTEM ? Permissions.ofSystem() : Permissions.ofProjects();
        var permissions = new LinkedHashSet<Permission>();
        for (JsonBody access : entry.objects("access")) {
            var permission = new Permission(access.text("resource", ""), access.text("action", ""));
            if (!known.contains(permission)) {
                throw new OciException(ErrorCode.BAD_REQUEST, "bad request permission: " + permission);
            }
            permissions.add(permission);
        }
        if (permissions.isEmpty()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "bad request empty access");
        }
        return permissions;
    }

    static void grant(Tx tx, Grants grants, Robot robot, List<Entry> entries, Change.Origin origin) {
        for (Entry entry : entries) {
            grants.add(
                    tx,
                    new Grants.Wanted(
                            Grant.SubjectKind.ROBOT,
                            robot.id(),
                            entry.scope(),
                            entry.project() == null ? null : entry.project().id(),
                            null,
                            entry.permissions(),
                            null,
                            null),
                    origin);
        }
    }

    /** What was granted to a robot, in the order in which it was. Roles and patterns have no form here. */
    static List<Object> body(Tx tx, Grants grants, List<Grant> granted) {
        List<Object> entries = new ArrayList<>();
        for (Grant grant : granted) {
            if (grant.role() != null || grant.repositoryPattern() != null || grant.tagPattern() != null) {
                continue;
            }
            entries.add(Body.of(
                    "kind",
                    grant.scope() == Grant.Scope.SYSTEM ? "system" : "project",
                    "namespace",
                    switch (grant.scope()) {
                        case SYSTEM -> SYSTEM;
                        case PROJECTS -> EVERY_PROJECT;
                        case PROJECT -> grant.project();
                    },
                    "access",
                    grants.permissions(tx, grant.id()).stream()
                            .sorted(java.util.Comparator.comparing(Permission::toString))
                            .map(permission ->
                                    Body.of("resource", permission.resource(), "action", permission.action()))
                            .toList()));
        }
        return entries;
    }
}
