package io.berth.rbac;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Roles;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.Groups;
import io.berth.identity.IdentitySources;
import io.berth.identity.Robots;
import io.berth.identity.workload.WorkloadRules;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import io.berth.site.SiteSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Makes projects, roles, members and robots what a file says, in one transaction: all of it or nothing. A second time it
 * changes nothing. Thread-safe.
 */
public final class Rbac {
    private final Database database;
    private final Roles roles;
    private final Projects projects;
    private final Grants grants;
    private final RobotAccounts robots;
    private final Accounts accounts;
    private final Groups groups;
    private final Origins origins;
    private final SiteRules site;

    public Rbac(
            Database database,
            Roles roles,
            Projects projects,
            Grants grants,
            Robots robots,
            Accounts accounts,
            Groups groups,
            IdentitySources sources,
            WorkloadRules rules,
            SiteSettings site) {
        this.database = database;
        this.roles = roles;
        this.projects = projects;
        this.grants = grants;
        this.robots = new RobotAccounts(robots, grants, projects);
        this.accounts = accounts;
        this.groups = groups;
        this.origins = new Origins(sources, rules, robots);
        this.site = new SiteRules(site);
    }

    /**
     * What was, or would be, changed.
     *
     * @param changes a line each, {@code +} for what is new, {@code -} for what goes, {@code ~} for what changes
     * @param secrets the secrets of new robots by their full names, which nobody can see again
     */
    public record Outcome(List<String> changes, Map<String, String> secrets) {}

    // Undoes a transaction that was only to show what it would do.
    private static final class Shown extends RuntimeException {
        private final transient Outcome outcome;

        Shown(Outcome outcome) {
            super(null, null, false, false);
            this.outcome = outcome;
        }
    }

    /**
     * Applies {@code yaml}.
     *
     * @throws OciException {@code BAD_REQUEST}, {@code NOT_FOUND} ... with the place, and then nothing was changed
     */
    public Outcome apply(String yaml, boolean dryRun, Change.Origin origin) {
        RbacFile file = RbacReader.read(yaml);
        Map<String, Long> subjects = subjects(file);
        try {
            return database.write(tx -> {
                Outcome outcome = apply(tx, file, subjects, origin);
                if (dryRun) {
                    throw new Shown(new Outcome(outcome.changes(), Map.of()));
                }
                return outcome;
            });
        } catch (Shown shown) {
            return shown.outcome;
        }
    }

    // Who is named, by kind and name. Looked up before, since the transaction must not read through other classes.
    private Map<String, Long> subjects(RbacFile file) {
        var subjects = new HashMap<String, Long>();
        List<RbacFile.Grant> all = new ArrayList<>(file.system().orElse(List.of()));
        file.projects().forEach(project -> all.addAll(project.members().orElse(List.of())));
        for (RbacFile.Grant grant : all) {
            subjects.computeIfAbsent(key(grant), key -> find(grant));
        }
        return subjects;
    }

    private long find(RbacFile.Grant grant) {
        if (grant.kind().equals("user")) {
            return accounts.find(grant.subject())
                    .map(Account::id)
                    .orElseThrow(
                            () -> new OciException(ErrorCode.NOT_FOUND, "there is no user '" + grant.subject() + "'"));
        }
        int colon = grant.subject().indexOf(':');
        Optional<Groups.Group> group = colon < 0
                ? Optional.empty()
                : groups.find(
                        grant.subject().substring(0, colon), grant.subject().substring(colon + 1));
        return group.map(Groups.Group::id)
                .orElseThrow(() -> new OciException(
                        ErrorCode.NOT_FOUND,
                        "there is no group '" + grant.subject() + "': it is SOURCE:SUBJECT of a known group"));
    }

    private static String key(RbacFile.Grant grant) {
        return grant.kind() + " " + grant.subject();
    }

    private Outcome apply(Tx tx, RbacFile file, Map<String, Long> subjects, Change.Origin origin) {
        List<String> changes = new ArrayList<>();
        Map<String, String> secrets = new LinkedHashMap<>();
        site.put(tx, file.settings(), changes, origin);
        file.sources().ifPresent(list -> origins.putSources(tx, list, changes, origin));
        for (RbacFile.Role role : file.roles()) {
            putRole(tx, role, changes, origin);
        }
        for (RbacFile.Project wanted : file.projects()) {
            Project project = putProject(tx, wanted, changes, origin);
            wanted.members()
                    .ifPresent(members ->
                            putGrants(tx, project, grants.in(tx, project.id()), members, subjects, changes, origin));
            wanted.robots().ifPresent(list -> robots.put(tx, project, list, changes, secrets, origin));
        }
        file.robots().ifPresent(list -> robots.put(tx, null, list, changes, secrets, origin));
        file.system().ifPresent(list -> putGrants(tx, null, grants.ofAllProjects(tx), list, subjects, changes, origin));
        file.rules().ifPresent(list -> origins.putRules(tx, list, changes, origin));
        return new Outcome(changes, secrets);
    }

    private void putRole(Tx tx, RbacFile.Role wanted, List<String> changes, Change.Origin origin) {
        Optional<Roles.Role> existing = roles.find(tx, wanted.name());
        Set<Permission> permissions = Set.copyOf(wanted.permissions());
        boolean ofSystem = wanted.level().equals("system");
        boolean same = existing.filter(role -> role.permissions().equals(permissions)
                        && role.description().equals(wanted.description())
                        && role.ofSystem() == ofSystem)
                .isPresent();
        if (!same) {
            roles.put(tx, wanted.name(), ofSystem, wanted.description(), permissions, origin);
            changes.add((existing.isPresent() ? "~ role " : "+ role ") + wanted.name());
        }
    }

    private Project putProject(Tx tx, RbacFile.Project wanted, List<String> changes, Change.Origin origin) {
        Optional<Project> existing = projects.find(tx, wanted.name());
        if (existing.isEmpty()) {
            changes.add("+ project " + wanted.name());
            return projects.create(
                    tx,
                    wanted.name(),
                    wanted.isPublic().orElse(false),
                    wanted.quota().orElse(null),
                    wanted.settings(),
                    new Principal(Principal.Kind.SYSTEM, 0, origin.actor(), origin.actor()),
                    origin);
        }
        Project project = existing.get();
        wanted.isPublic().filter(isPublic -> isPublic != project.isPublic()).ifPresent(isPublic -> {
            projects.setPublic(tx, project, isPublic, origin);
            changes.add("~ project " + project.name() + " public: " + isPublic);
        });
        wanted.quota().filter(quota -> quota != project.quota().orElse(-1)).ifPresent(quota -> {
            projects.setQuota(tx, project, quota, origin);
            changes.add("~ project " + project.name() + " quota: " + quota);
        });
        Map<String, String> before = projects.settings(tx, project.id());
        wanted.settings().forEach((name, value) -> {
            if (!value.equals(before.get(name))) {
                changes.add("~ project " + project.name() + " " + name + ": " + value);
            }
        });
        projects.putSettings(tx, project, wanted.settings(), origin);
        return project;
    }

    private void putGrants(
            Tx tx,
            Project project,
            List<Grant> existing,
            List<RbacFile.Grant> wanted,
            Map<String, Long> subjects,
            List<String> changes,
            Change.Origin origin) {
        String where = project == null ? "the system" : project.name();
        Set<Long> kept = new HashSet<>();
        List<RbacFile.Grant> missing = new ArrayList<>();
        for (RbacFile.Grant one : wanted) {
            existing.stream()
                    .filter(grant -> !kept.contains(grant.id()) && isSame(grant, one, subjects.get(key(one))))
                    .findFirst()
                    .ifPresentOrElse(grant -> kept.add(grant.id()), () -> missing.add(one));
        }
        for (Grant grant : existing) {
            if (grant.role() != null && grant.subjectKind() != Grant.SubjectKind.ROBOT && !kept.contains(grant.id())) {
                grants.remove(tx, grant, origin);
                changes.add("- " + grant.role() + " of " + grant.subjectName() + " in " + where);
            }
        }
        for (RbacFile.Grant one : missing) {
            Grant.Scope scope = project != null
                    ? Grant.Scope.PROJECT
                    : one.everywhere() ? Grant.Scope.PROJECTS : Grant.Scope.SYSTEM;
            grants.add(
                    tx,
                    new Grants.Wanted(
                            one.kind().equals("user") ? Grant.SubjectKind.USER : Grant.SubjectKind.GROUP,
                            subjects.get(key(one)),
                            scope,
                            project == null ? null : project.id(),
                            one.role(),
                            Set.of(),
                            one.repositories().orElse(null),
                            one.tags().orElse(null)),
                    origin);
            changes.add("+ " + one.role() + " of " + one.subject() + " in " + where
                    + one.repositories()
                            .map(pattern -> ", repositories " + pattern)
                            .orElse("")
                    + one.tags().map(pattern -> ", tags " + pattern).orElse(""));
        }
    }

    private static boolean isSame(Grant grant, RbacFile.Grant wanted, long subject) {
        return grant.subjectId() == subject
                && grant.subjectKind().name().equalsIgnoreCase(wanted.kind())
                && Objects.equals(grant.role(), wanted.role())
                && Objects.equals(
                        grant.repositoryPattern(), wanted.repositories().orElse(null))
                && Objects.equals(grant.tagPattern(), wanted.tags().orElse(null))
                && (grant.scope() == Grant.Scope.PROJECTS) == wanted.everywhere();
    }

    /** The file that {@link #apply} would change nothing with. */
    public Map<String, Object> export() {
        return database.read(tx -> {
            Map<Long, String> groupNames = new HashMap<>();
            groups.all(tx).forEach(group -> groupNames.put(group.id(), group.source() + ":" + group.subject()));
            List<RbacFile.Role> own = roles.all(tx).stream()
                    .filter(role -> !role.builtIn())
                    .map(role -> new RbacFile.Role(
                            role.name(),
                            role.ofSystem() ? "system" : "project",
                            role.description(),
                            role.permissions().stream()
                                    .sorted(java.util.Comparator.comparing(Permission::toString))
                                    .toList()))
                    .toList();
            List<RbacFile.Project> all = projects.all(tx).stream()
                    .map(project -> new RbacFile.Project(
                            project.name(),
                            Optional.of(project.isPublic()),
                            Optional.of(project.quota().orElse(-1)),
                            new LinkedHashMap<>(projects.settings(tx, project.id())),
                            Optional.of(describe(grants.in(tx, project.id()), groupNames)),
                            Optional.of(robots.describe(tx, project))))
                    .toList();
            return new RbacFile(
                            Optional.of(origins.sources(tx)),
                            Optional.of(origins.rules(tx)),
                            own,
                            all,
                            Optional.of(robots.describe(tx, (Project) null)),
                            site.describe(tx),
                            Optional.of(describe(grants.ofAllProjects(tx), groupNames)))
                    .toYaml();
        });
    }

    private static List<RbacFile.Grant> describe(List<Grant> grants, Map<Long, String> groupNames) {
        return grants.stream()
                .filter(grant -> grant.role() != null && grant.subjectKind() != Grant.SubjectKind.ROBOT)
                .map(grant -> new RbacFile.Grant(
                        grant.subjectKind().name().toLowerCase(java.util.Locale.ROOT),
                        grant.subjectKind() == Grant.SubjectKind.GROUP
                                ? groupNames.get(grant.subjectId())
                                : grant.subjectName(),
                        grant.role(),
                        Optional.ofNullable(grant.repositoryPattern()),
                        Optional.ofNullable(grant.tagPattern()),
                        grant.scope() == Grant.Scope.PROJECTS))
                .toList();
    }
}
