package io.berth.access;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.identity.AccessVersion;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Roles: Harbor's five and the auditor, which are always there, and those that a site makes for itself. Thread-safe. */
public final class Roles {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,63}");

    private final Database database;
    private final AccessVersion version;

    public Roles(Database database, AccessVersion version) {
        this.database = database;
        this.version = version;
    }

    /**
     * A role.
     *
     * @param ofSystem whether it can be granted on the system; else in projects
     * @param builtIn whether it cannot be changed
     */
    public record Role(
            String name, boolean ofSystem, String description, boolean builtIn, Set<Permission> permissions) {}

    /** Writes the built-in roles as this version knows them. At the start. */
    public void ensureBuiltIn() {
        boolean right = database.read(tx ->
                Permissions.roles().values().stream().allMatch(role -> isStored(tx, role.name(), role.permissions()))
                        && isStored(tx, Permissions.AUDITOR, auditor()));
        if (!right) {
            database.write(tx -> {
                Permissions.roles().values().stream()
                        .sorted(java.util.Comparator.comparingInt(Permissions.ProjectRole::number))
                        .forEach(role -> put(tx, role.name(), false, "", role.permissions()));
                put(tx, Permissions.AUDITOR, true, "reads everything, changes nothing", auditor());
                version.raise(tx);
                return null;
            });
        }
    }

    private static Set<Permission> auditor() {
        return Permissions.auditorOf(
                java.util.stream.Stream.concat(Permissions.ofSystem().stream(), Permissions.ofProjects().stream())
                        .collect(Collectors.toSet()));
    }

    private static boolean isStored(Tx tx, String name, Set<Permission> permissions) {
        RoleDao dao = tx.dao(RoleDao.class);
        return dao.find(name)
                .filter(row -> Set.copyOf(dao.permissions(row.id()))
                        .equals(permissions.stream().map(Permission::toString).collect(Collectors.toSet())))
                .isPresent();
    }

    public List<Role> all() {
        return database.read(this::all);
    }

    /** The same within a transaction. */
    public List<Role> all(Tx tx) {
        RoleDao dao = tx.dao(RoleDao.class);
        return dao.all().stream().map(row -> role(dao, row)).toList();
    }

    public Optional<Role> find(String name) {
        return database.read(tx -> find(tx, name));
    }

    /** The same within a transaction. */
    public Optional<Role> find(Tx tx, String name) {
        RoleDao dao = tx.dao(RoleDao.class);
        return dao.find(name).map(row -> role(dao, row));
    }

    private static Role role(RoleDao dao, RoleDao.Row row) {
        return new Role(
                row.name(),
                row.level().equals("SYSTEM"),
                row.description(),
                isBuiltIn(row.name()),
                permissions(dao, row.id()));
    }

    private static Set<Permission> permissions(RoleDao dao, long role) {
        return dao.permissions(role).stream().map(Permission::parse).collect(Collectors.toUnmodifiableSet());
    }

    private static boolean isBuiltIn(String name) {
        return Permissions.roles().containsKey(name) || name.equals(Permissions.AUDITOR);
    }

    /**
     * Makes a role, or changes what one may do. Counts for all who have it with their next request.
     *
     * @throws OciException {@code BAD_REQUEST} for a name or permission that cannot be, {@code PRECONDITION} for a built-in
     */
    public void put(
            String name, boolean ofSystem, String description, Set<Permission> permissions, Change.Origin origin) {
        database.write(tx -> {
            put(tx, name, ofSystem, description, permissions, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void put(
            Tx tx,
            String name,
            boolean ofSystem,
            String description,
            Set<Permission> permissions,
            Change.Origin origin) {
        requireChangeable(name);
        Set<Permission> known = ofSystem ? Permissions.ofSystem() : Permissions.ofProjects();
        permissions.stream()
                .filter(permission -> !known.contains(permission))
                .findAny()
                .ifPresent(unknown -> {
                    throw new OciException(
                            ErrorCode.BAD_REQUEST,
                            "there is no permission '" + unknown + "' " + (ofSystem ? "on the system" : "in projects"));
                });
        put(tx, name, ofSystem, description, permissions);
        tx.change(new Change(
                "role-changed",
                name,
                Json.object(
                        "permissions",
                        permissions.stream().map(Permission::toString).sorted().toList()),
                origin));
        version.raise(tx);
    }

    private static void put(Tx tx, String name, boolean ofSystem, String description, Set<Permission> permissions) {
        RoleDao dao = tx.dao(RoleDao.class);
        Optional<RoleDao.Row> known = dao.find(name);
        String level = ofSystem ? "SYSTEM" : "PROJECT";
        if (known.isPresent() && !known.get().level().equals(level)) {
            throw new OciException(ErrorCode.CONFLICT, "the role '" + name + "' is of another level");
        }
        long id = known.map(RoleDao.Row::id).orElseGet(() -> dao.insert(name, level, description, tx.nowMillis()));
        dao.describe(id, description);
        dao.forbidAll(id);
        permissions.forEach(permission -> dao.permit(id, permission.resource(), permission.action()));
    }

    /** @throws OciException {@code NOT_FOUND}; {@code PRECONDITION} for a built-in, or one that somebody has */
    public void delete(Tx tx, String name, Change.Origin origin) {
        requireChangeable(name);
        RoleDao dao = tx.dao(RoleDao.class);
        RoleDao.Row row = dao.find(name)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no role '" + name + "'"));
        if (dao.countGrants(row.id()) > 0) {
            throw new OciException(ErrorCode.PRECONDITION, "the role '" + name + "' is granted to somebody");
        }
        dao.delete(row.id());
        tx.change(new Change("role-deleted", name, "{}", origin));
        version.raise(tx);
    }

    private static void requireChangeable(String name) {
        if (isBuiltIn(name)) {
            throw new OciException(ErrorCode.PRECONDITION, "the role '" + name + "' is built in");
        }
        if (!NAME.matcher(name).matches()) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "a role's name has letters, digits and . _ -, at most 64, a letter first");
        }
    }

    /** The id of a role that can be granted in {@code scope}. */
    static long require(Tx tx, String name, Grant.Scope scope) {
        RoleDao.Row row = tx.dao(RoleDao.class)
                .find(name)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no role '" + name + "'"));
        if (row.level().equals("SYSTEM") != (scope == Grant.Scope.SYSTEM)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "the role '" + name + "' is granted "
                            + (row.level().equals("SYSTEM") ? "on the system" : "in projects"));
        }
        return row.id();
    }
}
