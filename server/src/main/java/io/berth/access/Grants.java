package io.berth.access;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.identity.AccessVersion;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What was granted to whom: adding, changing, taking back. Each counts with the next request. Thread-safe. */
public final class Grants {
    private final Database database;
    private final AccessVersion version;

    public Grants(Database database, AccessVersion version) {
        this.database = database;
        this.version = version;
    }

    /**
     * A grant to be made.
     *
     * @param projectId null unless the scope is one project
     * @param role a role's name, or null for {@code permissions}
     * @param permissions empty with a role
     * @param repositories a pattern ({@link NamePattern}), null or empty for all
     * @param tags the same
     */
    public record Wanted(
            Grant.SubjectKind subjectKind,
            long subjectId,
            Grant.Scope scope,
            Long projectId,
            String role,
            Set<Permission> permissions,
            String repositories,
            String tags) {

        /** A role in a whole project. */
        public static Wanted member(Grant.SubjectKind kind, long subject, long project, String role) {
            return new Wanted(kind, subject, Grant.Scope.PROJECT, project, role, Set.of(), null, null);
        }
    }

    public Optional<Grant> find(long id) {
        return database.read(tx -> tx.dao(GrantDao.class).find(id));
    }

    /** What was granted to somebody, not counting their groups. */
    public List<Grant> of(Tx tx, Grant.SubjectKind kind, long subject) {
        return tx.dao(GrantDao.class).of(kind.name(), subject);
    }

    /** All grants in a project. */
    public List<Grant> in(Tx tx, long project) {
        return tx.dao(GrantDao.class).in(project);
    }

    /** All grants that count on the system or in every project. */
    public List<Grant> ofAllProjects(Tx tx) {
        return tx.dao(GrantDao.class).ofAllProjects();
    }

    /** What a grant allows by itself; empty for one of a role. */
    public Set<Permission> permissions(Tx tx, long grant) {
        return tx.dao(GrantDao.class).permissions(grant).stream()
                .map(pair -> new Permission(pair.resource(), pair.action()))
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Grants something.
     *
     * @throws OciException {@code BAD_REQUEST} for a pattern or permission that cannot be, {@code NOT_FOUND} for an unknown
     *     role, {@code CONFLICT} when somebody is a member already
     */
    public Grant add(Wanted wanted, Change.Origin origin) {
        return database.write(tx -> add(tx, wanted, origin));
    }

    /** The same within a transaction. */
    public Grant add(Tx tx, Wanted wanted, Change.Origin origin) {
        GrantDao dao = tx.dao(GrantDao.class);
        NamePattern repositories = NamePattern.parse(wanted.repositories());
        NamePattern tags = NamePattern.parse(wanted.tags());
        if (wanted.scope() == Grant.Scope.SYSTEM && (repositories != null || tags != null)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "what is granted on the system has no patterns");
        }
        Long role = wanted.role() == null ? null : Roles.require(tx, wanted.role(), wanted.scope());
        Set<Permission> known =
                wanted.scope() == Grant.Scope.SYSTEM ? Permissions.ofSystem() : Permissions.ofProjects();
        wanted.permissions().stream()
                .filter(permission -> !known.contains(permission))
                .findAny()
                .ifPresent(unknown -> {
                    throw new OciException(ErrorCode.BAD_REQUEST, "there is no permission '" + unknown + "' here");
                });
        if (role != null && repositories == null && tags == null) {
            requireNoMember(dao, wanted);
        }
        long id = dao.insert(
                new GrantDao.New(
                        wanted.subjectKind().name(),
                        wanted.subjectId(),
                        wanted.scope().name(),
                        wanted.projectId(),
                        role,
                        repositories == null ? null : repositories.toString(),
                        tags == null ? null : tags.toString()),
                tx.nowMillis());
        if (role == null) {
            wanted.permissions().forEach(permission -> dao.permit(id, permission.resource(), permission.action()));
        }
        if (repositories != null) {
            for (GrantDao.Named repository : dao.repositories(wanted.projectId())) {
                if (repositories.matches(new RepositoryName(repository.name()).inProject())) {
                    dao.materialise(id, repository.id());
                }
            }
        }
        Grant grant = dao.find(id).orElseThrow();
        tx.change(new Change("grant-created", key(grant), payload(grant, wanted.permissions()), origin));
        version.raise(tx);
        return grant;
    }

    private static void requireNoMember(GrantDao dao, Wanted wanted) {
        boolean isMember = dao.of(wanted.subjectKind().name(), wanted.subjectId()).stream()
                .anyMatch(grant -> grant.scope() == wanted.scope()
                        && grant.role() != null
                        && grant.repositoryPattern() == null
                        && grant.tagPattern() == null
                        && java.util.Objects.equals(grant.projectId(), wanted.projectId()));
        if (isMember) {
            throw new OciException(ErrorCode.CONFLICT, "they have a role here already");
        }
    }

    /** Gives a grant another role. @throws OciException {@code NOT_FOUND} */
    public void changeRole(long id, String role, Change.Origin origin) {
        database.write(tx -> {
            Grant before = require(tx, id);
            tx.dao(GrantDao.class).updateRole(id, Roles.require(tx, role, before.scope()));
            tx.change(new Change(
                    "grant-changed",
                    key(before),
                    Json.object("project", before.project(), "old", before.role(), "new", role),
                    origin));
            version.raise(tx);
            return null;
        });
    }

    /** Takes a grant back. @throws OciException {@code NOT_FOUND} */
    public void remove(long id, Change.Origin origin) {
        database.write(tx -> {
            remove(tx, require(tx, id), origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void remove(Tx tx, Grant grant, Change.Origin origin) {
        Set<Permission> permissions = permissions(tx, grant.id());
        tx.dao(GrantDao.class).delete(grant.id());
        tx.change(new Change("grant-deleted", key(grant), payload(grant, permissions), origin));
        version.raise(tx);
    }

    /** Takes back everything that somebody has, who is about to go. */
    public void removeAllOf(Tx tx, Grant.SubjectKind kind, long subject) {
        tx.dao(GrantDao.class).deleteOf(kind.name(), subject);
        version.raise(tx);
    }

    /** The same of a project. */
    public void removeAllIn(Tx tx, long project) {
        tx.dao(GrantDao.class).deleteIn(project);
        version.raise(tx);
    }

    /** Notes which grants mean a repository that has just been made. */
    public static void repositoryCreated(Tx tx, long project, long repository, RepositoryName name) {
        GrantDao dao = tx.dao(GrantDao.class);
        for (GrantDao.Named grant : dao.patternsFor(project)) {
            if (NamePattern.parse(grant.name()).matches(name.inProject())) {
                dao.materialise(grant.id(), repository);
            }
        }
    }

    private static Grant require(Tx tx, long id) {
        return tx.dao(GrantDao.class)
                .find(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no grant with the id " + id));
    }

    private static String key(Grant grant) {
        return (grant.project() == null ? grant.scope().name().toLowerCase(java.util.Locale.ROOT) : grant.project())
                + "/" + grant.subjectKind().name().toLowerCase(java.util.Locale.ROOT) + ":" + grant.subjectName();
    }

    private static String payload(Grant grant, Set<Permission> permissions) {
        return Json.object(
                "project",
                grant.project(),
                "role",
                grant.role(),
                "repositories",
                grant.repositoryPattern(),
                "tags",
                grant.tagPattern(),
                "permissions",
                permissions.isEmpty()
                        ? null
                        : permissions.stream()
                                .map(Permission::toString)
                                .sorted()
                                .toList());
    }
}
