package io.berth.rbac;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.identity.Robot;
import io.berth.identity.Robots;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Robots of a project or of the system, as a file says it. Within the transaction of {@link Rbac}. */
final class RobotAccounts {
    private static final Comparator<RbacFile.RobotGrant> ORDER = Comparator.comparing(RbacFile.RobotGrant::in)
            .thenComparing(grant -> grant.repositories().orElse(""))
            .thenComparing(grant -> grant.tags().orElse(""))
            .thenComparing(grant -> grant.permissions().toString());

    private final Robots robots;
    private final Grants grants;
    private final Projects projects;

    RobotAccounts(Robots robots, Grants grants, Projects projects) {
        this.robots = robots;
        this.grants = grants;
        this.projects = projects;
    }

    /** @param project null for robots of the system */
    void put(
            Tx tx,
            Project project,
            List<RbacFile.Robot> wanted,
            List<String> changes,
            Map<String, String> secrets,
            Change.Origin origin) {
        String where = project == null ? "the system" : project.name();
        var existing = new LinkedHashMap<String, Robot>();
        of(tx, project).forEach(robot -> existing.put(robot.name(), robot));
        for (RbacFile.Robot one : wanted) {
            Robot robot = existing.remove(one.name());
            if (robot == null) {
                Robots.Created created = robots.create(
                        tx,
                        project == null ? null : project.id(),
                        one.name(),
                        one.description(),
                        one.days(),
                        null,
                        origin);
                if (one.disabled()) {
                    robots.update(tx, created.robot(), one.description(), true, one.days(), origin);
                }
                grant(tx, project, created.robot(), one, origin);
                secrets.put(robots.fullName(created.robot()), created.secret());
                changes.add("+ robot " + one.name() + " of " + where);
            } else if (!describe(tx, robot).equals(sorted(one))) {
                robots.update(tx, robot, one.description(), one.disabled(), one.days(), origin);
                grants.removeAllOf(tx, Grant.SubjectKind.ROBOT, robot.id());
                grant(tx, project, robot, one, origin);
                changes.add("~ robot " + one.name() + " of " + where);
            }
        }
        existing.values().forEach(robot -> {
            grants.removeAllOf(tx, Grant.SubjectKind.ROBOT, robot.id());
            robots.delete(tx, robot, origin);
            changes.add("- robot " + robot.name() + " of " + where);
        });
    }

    private List<Robot> of(Tx tx, Project project) {
        return project == null ? robots.ofSystem(tx) : robots.of(tx, project.id());
    }

    private void grant(Tx tx, Project own, Robot robot, RbacFile.Robot wanted, Change.Origin origin) {
        for (RbacFile.RobotGrant one : wanted.grants()) {
            Grant.Scope scope = switch (one.in()) {
                case RbacFile.RobotGrant.SYSTEM -> Grant.Scope.SYSTEM;
                case RbacFile.RobotGrant.PROJECTS -> Grant.Scope.PROJECTS;
                default -> Grant.Scope.PROJECT;
            };
            Long project = scope != Grant.Scope.PROJECT ? null : own != null ? own.id() : named(tx, one.project());
            grants.add(
                    tx,
                    new Grants.Wanted(
                            Grant.SubjectKind.ROBOT,
                            robot.id(),
                            scope,
                            project,
                            null,
                            Set.copyOf(one.permissions()),
                            one.repositories().orElse(null),
                            one.tags().orElse(null)),
                    origin);
        }
    }

    private Long named(Tx tx, String name) {
        return projects.find(tx, name)
                .map(Project::id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no project '" + name + "'"));
    }

    /** Those of a project, or of the system where that is null, as a file would have them. */
    List<RbacFile.Robot> describe(Tx tx, Project project) {
        return of(tx, project).stream().map(robot -> describe(tx, robot)).toList();
    }

    private RbacFile.Robot describe(Tx tx, Robot robot) {
        List<RbacFile.RobotGrant> granted = grants.of(tx, Grant.SubjectKind.ROBOT, robot.id()).stream()
                .filter(grant -> grant.role() == null)
                .map(grant -> new RbacFile.RobotGrant(
                        in(grant, robot),
                        grants.permissions(tx, grant.id()).stream()
                                .sorted(Comparator.comparing(Permission::toString))
                                .toList(),
                        Optional.ofNullable(grant.repositoryPattern()),
                        Optional.ofNullable(grant.tagPattern())))
                .toList();
        return sorted(
                new RbacFile.Robot(robot.name(), robot.description(), robot.durationDays(), robot.disabled(), granted));
    }

    private static String in(Grant grant, Robot robot) {
        return switch (grant.scope()) {
            case SYSTEM -> RbacFile.RobotGrant.SYSTEM;
            case PROJECTS -> RbacFile.RobotGrant.PROJECTS;
            case PROJECT ->
                robot.projectId() != null ? RbacFile.RobotGrant.OWN : RbacFile.RobotGrant.PROJECT + grant.project();
        };
    }

    // Their order says nothing.
    private static RbacFile.Robot sorted(RbacFile.Robot robot) {
        return new RbacFile.Robot(
                robot.name(),
                robot.description(),
                robot.days(),
                robot.disabled(),
                robot.grants().stream().sorted(ORDER).toList());
    }
}
