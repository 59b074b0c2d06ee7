package io.berth.project;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.AccessVersion;
import io.berth.identity.Robot;
import io.berth.identity.Robots;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Projects: made, changed, deleted, and made by pushes. Thread-safe. */
public final class Projects {
    private static final Logger LOG = LoggerFactory.getLogger(Projects.class);

    private static final int MAX_SETTING = 64 << 10;

    private final Database database;
    private final SiteSettings site;
    private final BerthConfig.Projects rules;
    private final Authorizer authorizer;
    private final Grants grants;
    private final Robots robots;
    private final AccessVersion version;
    private final Quotas quotas;

    public Projects(
            Database database,
            SiteSettings site,
            BerthConfig.Projects rules,
            Authorizer authorizer,
            Grants grants,
            Robots robots,
            AccessVersion version) {
        this.database = database;
        this.site = site;
        this.rules = rules;
        this.authorizer = authorizer;
        this.grants = grants;
        this.robots = robots;
        this.version = version;
        this.quotas = new Quotas(database, this::siteQuota);
    }

    /**
     * Refuses what has no room in a project before it is sent.
     *
     * @param digest of what is coming; null when it is not known yet
     * @param size the bytes that it has at least
     * @throws OciException {@code DENIED} naming used, limit and needed; never for what a commit would take
     */
    public void requireRoom(String project, Digest digest, long size) {
        quotas.require(project, digest, size);
    }

    public Optional<Project> find(String name) {
        return database.read(tx -> tx.dao(ProjectDao.class).project(name));
    }

    public Optional<Project> find(long id) {
        return database.read(tx -> tx.dao(ProjectDao.class).project(id));
    }

    /** As {@link #find(String)} within a transaction. */
    public Optional<Project> find(Tx tx, String name) {
        return tx.dao(ProjectDao.class).project(name);
    }

    /** All projects in the order of their ids. */
    public List<Project> all(Tx tx) {
        return tx.dao(ProjectDao.class).all();
    }

    /** As {@link #settings(long)} within a transaction. */
    public Map<String, String> settings(Tx tx, long id) {
        return new TreeMap<>(tx.dao(ProjectDao.class).settings(id));
    }

    /** The same within a transaction. */
    public Optional<Project> find(Tx tx, long id) {
        return tx.dao(ProjectDao.class).project(id);
    }

    /** A project's settings by name, in the order of their names. */
    public Map<String, String> settings(long id) {
        return database.read(tx -> settings(tx, id));
    }

    /** Whether {@code principal} may make projects. */
    public Decision mayCreate(Principal principal) {
        Decision granted = authorizer.decide(principal, Permission.PROJECT_CREATE, Target.SYSTEM);
        return !granted.allowed() && granted != Decision.OUT_OF_SCOPE && isLeftToUsers(principal)
                ? new Decision(true, Setting.PROJECT_CREATION.name())
                : granted;
    }

    private boolean isLeftToUsers(Principal principal) {
        return principal.kind() == Principal.Kind.USER
                && site.get(Setting.PROJECT_CREATION).equals("everyone");
    }

    /**
     * Makes a project.
     *
     * @param quota bytes; null for what the site says, -1 for no limit
     * @throws OciException {@code BAD_REQUEST} for a name or quota that cannot be, {@code CONFLICT} when it exists
     */
    public Project create(
            String name,
            boolean isPublic,
            Long quota,
            Map<String, String> settings,
            Principal owner,
            Change.Origin origin) {
        return database.write(tx -> create(tx, name, isPublic, quota, settings, owner, origin));
    }

    /** The same within a transaction. */
    public Project create(
            Tx tx,
            String name,
            boolean isPublic,
            Long quota,
            Map<String, String> settings,
            Principal owner,
            Change.Origin origin) {
        requireName(name);
        Long limit = limit(quota == null ? site.get(tx, Setting.STORAGE_PER_PROJECT) : quota);
        ProjectDao dao = tx.dao(ProjectDao.class);
        if (dao.insert(name, isPublic, owner.name(), limit, tx.nowMillis()) == 0) {
            throw new OciException(ErrorCode.CONFLICT, "The project named " + name + " already exists");
        }
        Project made = dao.project(name).orElseThrow();
        settings.forEach((setting, value) -> putSetting(dao, made.id(), setting, value));
        sayWhatIsNotEnforced(tx, name, settings);
        if (owner.kind() == Principal.Kind.USER) {
            grants.add(tx, Grants.Wanted.member(Grant.SubjectKind.USER, owner.id(), made.id(), "projectAdmin"), origin);
        }
        tx.change(new Change("project-created", name, Json.object("public", isPublic, "quota", limit), origin));
        version.raise(tx);
        return made;
    }

    private Long siteQuota() {
        return limit(site.get(Setting.STORAGE_PER_PROJECT));
    }

    private static Long limit(long quota) {
        if (quota < -1 || quota == 0) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a quota is a number of bytes, or -1 for none");
        }
        return quota < 0 ? null : quota;
    }

    // What can be a project is what can be the first segment of a repository's name.
    private static void requireName(String name) {
        if (!isName(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "a project's name has lower-case letters and digits, separated by '.', '_', '__' or '-'");
        }
    }

    /** Whether a project can have this name. */
    public static boolean isName(String name) {
        try {
            RepositoryName.parse(name + "/x");
        } catch (OciException e) {
            return false;
        }
        return name.indexOf('/') < 0 && name.length() <= 200;
    }

    private static void putSetting(ProjectDao dao, long id, String name, String value) {
        if (name.isBlank() || name.length() > 100 || value.length() > MAX_SETTING) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a setting has a name and a value of at most 64 KiB");
        }
        ProjectSetting.requireSense(name, value);
        dao.putSetting(id, name, value);
    }

    /** Opens a project to everybody, or closes it. Counts with the next request. */
    public void setPublic(Tx tx, Project project, boolean isPublic, Change.Origin origin) {
        if (project.isPublic() != isPublic) {
            tx.dao(ProjectDao.class).updatePublic(project.id(), isPublic, tx.nowMillis());
            tx.change(new Change("project-changed", project.name(), Json.object("public", isPublic), origin));
            version.raise(tx);
        }
    }

    /**
     * Changes the most that a project may hold. It may be less than it holds: then nothing more gets in.
     *
     * @param quota bytes, -1 for no limit
     */
    public void setQuota(Tx tx, Project project, long quota, Change.Origin origin) {
        Long limit = limit(quota);
        tx.dao(ProjectDao.class).updateQuota(project.id(), limit, tx.nowMillis());
        quotas.changed(tx);
        tx.change(new Change(
                "project-quota", project.name(), Json.object("old", project.quotaBytes(), "new", limit), origin));
        QuotaWarning.changed(tx, project.name(), project.quotaBytes(), project.usedBytes(), limit, project.usedBytes());
    }

    // Taking them silently would be a lie.
    private static void sayWhatIsNotEnforced(Tx tx, String project, Map<String, String> settings) {
        List<String> names = ProjectSetting.notEnforced(settings);
        if (!names.isEmpty()) {
            tx.afterCommit(() -> LOG.warn(
                    "project '{}': {} kept, and not enforced: Berth does not have the feature yet",
                    project,
                    String.join(", ", names)));
        }
    }

    /** Sets or, where the value is null, removes settings. */
    public void putSettings(Tx tx, Project project, Map<String, String> settings, Change.Origin origin) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        Map<String, String> before = dao.settings(project.id());
        var changed = Json.MAPPER.createObjectNode();
        settings.forEach((name, value) -> {
            if (value == null ? before.containsKey(name) : !value.equals(before.get(name))) {
                changed.putObject(name).put("old", before.get(name)).put("new", value);
                if (value == null) {
                    dao.removeSetting(project.id(), name);
                } else {
                    putSetting(dao, project.id(), name, value);
                }
            }
        });
        sayWhatIsNotEnforced(tx, project.name(), settings);
        if (!changed.isEmpty()) {
            dao.touch(project.id(), tx.nowMillis());
            tx.change(new Change("project-settings", project.name(), Json.write(changed), origin));
        }
    }

    /**
     * Deletes a project without repositories, with its members and robots.
     *
     * @throws OciException {@code NOT_FOUND}; {@code PRECONDITION} when it has repositories
     */
    public void delete(long id, Change.Origin origin) {
        database.write(tx -> {
            ProjectDao dao = tx.dao(ProjectDao.class);
            Project project = require(tx, id);
            if (dao.countRepositories(id) > 0) {
                throw new OciException(ErrorCode.PRECONDITION, "the project contains repositories, can not be deleted");
            }
            for (Robot robot : robots.of(tx, id)) {
                grants.removeAllOf(tx, Grant.SubjectKind.ROBOT, robot.id());
                robots.delete(tx, robot, origin);
            }
            grants.removeAllIn(tx, id);
            dao.delete(id);
            quotas.changed(tx);
            tx.change(new Change("project-deleted", project.name(), "{}", origin));
            version.raise(tx);
            return null;
        });
    }

    /** @throws OciException {@code NOT_FOUND} */
    public static Project require(Tx tx, long id) {
        return tx.dao(ProjectDao.class)
                .project(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "project " + id + " not found"));
    }

    public long countRepositories(long id) {
        return database.read(tx -> tx.dao(ProjectDao.class).countRepositories(id));
    }

    /**
     * Whether a push by {@code principal} makes the project of {@code repository}, which does not exist; empty when it does
     * not, or when the project exists.
     */
    public Optional<Decision> mayCreateByPush(Principal principal, RepositoryName repository) {
        if (rules.createdByPush() != BerthConfig.CreatedByPush.CREATORS || principal.isAnonymous()) {
            return Optional.empty();
        }
        Optional<Project> existing = find(repository.project());
        if (existing.isPresent()) {
            return Optional.empty();
        }
        boolean inScope = principal
                .scopes()
                .map(scopes ->
                        scopes.stream().anyMatch(scope -> scope.covers(Scope.REPOSITORY, repository.value(), "push")))
                .orElse(true);
        return inScope ? Optional.of(mayCreate(principal.withoutScopes())).filter(Decision::allowed) : Optional.empty();
    }

    /**
     * What asks again whether a push makes its project. When the project has come meanwhile it may be another's, into which
     * only those push who have been let in.
     *
     * @param pushes asks whether {@code principal} may push to it
     */
    public Change.Gate gateOfMaker(Principal principal, RepositoryName repository, Change.Gate pushes) {
        return tx -> {
            Optional<Project> made = find(tx, repository.project());
            if (made.isPresent() && !made.get().owner().equals(principal.name())) {
                pushes.require(tx);
            }
        };
    }

    /**
     * The id of a project, which a push may make. Whether it may has been decided, and is decided again here.
     *
     * @throws OciException {@code DENIED} when it does not exist and may not be made
     */
    public long forPush(Tx tx, String name, Principal principal, Change.Origin origin) {
        Optional<Long> existing = tx.dao(ProjectDao.class).find(name);
        if (existing.isPresent()) {
            return existing.get();
        }
        // It was there a moment ago when somebody may push who may not make projects.
        if (!mayCreateAtOnce(principal)) {
            throw new OciException(ErrorCode.DENIED, "requested access to the resource is denied");
        }
        return create(tx, name, rules.pushedArePublic(), null, Map.of(), principal, origin)
                .id();
    }

    private boolean mayCreateAtOnce(Principal principal) {
        if (principal.kind() == Principal.Kind.SYSTEM) {
            return true;
        }
        Permission needed = switch (rules.createdByPush()) {
            case NEVER -> null;
            case ADMINISTRATORS -> Permission.ADMINISTER;
            case CREATORS -> Permission.PROJECT_CREATE;
        };
        if (needed == null) {
            return false;
        }
        Decision decision = authorizer.decideAtOnce(principal.withoutScopes(), needed, Target.SYSTEM);
        return decision != null && decision.allowed()
                || needed == Permission.PROJECT_CREATE && isLeftToUsers(principal);
    }

    /** Makes the project of names without one, unless it exists. */
    public void ensureDefault(Tx tx, String name) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        // SQLite writes the counter of ids even where there is nothing to insert, and every start comes here.
        if (dao.find(name).isEmpty() && dao.insert(name, true, "admin", siteQuota(), tx.nowMillis()) > 0) {
            tx.change(new Change("project-created", name, "{\"public\":true}", Change.Origin.SYSTEM));
            version.raise(tx);
        }
    }
}
