package io.berth.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.identity.AccessVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Rights of those who asked lately, and which projects are public, each with the {@link AccessVersion} that it was read
 * under: after a change everything is read again when it is next wanted. Thread-safe.
 */
final class RightsCache {
    private record Key(Principal.Kind kind, long id) {}

    private record Versioned<T>(T value, long version) {}

    private final Database database;
    private final AccessVersion version;
    private final Cache<Key, Versioned<Rights>> rights =
            Caffeine.newBuilder().maximumSize(50_000).build();
    private final Cache<String, Versioned<Boolean>> projects =
            Caffeine.newBuilder().maximumSize(100_000).build();
    // Apart, since names are the askers' to invent, and remembered, lest what is hidden answer faster than what is not
    // there.
    private final Cache<String, Versioned<Boolean>> absent =
            Caffeine.newBuilder().maximumSize(10_000).build();
    private volatile Versioned<Map<Long, Set<Permission>>> roles = new Versioned<>(Map.of(), -1);

    RightsCache(Database database, AccessVersion version) {
        this.database = database;
        this.version = version;
    }

    /** The rights, or null when they have to be read. Never blocks. */
    Rights rightsAtOnce(Principal principal) {
        if (principal.isAnonymous()) {
            return Rights.NONE;
        }
        Versioned<Rights> known = rights.getIfPresent(new Key(principal.kind(), principal.id()));
        return known != null && known.version() == version.current() ? known.value() : null;
    }

    /** Whether the project is public, false when there is none; null when that has to be read. Never blocks. */
    Boolean isPublicAtOnce(String project) {
        Versioned<Boolean> known = projects.getIfPresent(project);
        if (known == null) {
            known = absent.getIfPresent(project);
        }
        return known != null && known.version() == version.current() ? known.value() : null;
    }

    Rights rights(Principal principal) {
        Rights known = rightsAtOnce(principal);
        if (known != null) {
            return known;
        }
        long current = version.current();
        Rights read = database.read(tx -> read(tx, principal, roles(tx, current)));
        rights.put(new Key(principal.kind(), principal.id()), new Versioned<>(read, current));
        return read;
    }

    /** The rights as {@code tx} sees them, nothing of which is remembered: it may yet be undone. */
    Rights rights(Tx tx, Principal principal) {
        return principal.isAnonymous() ? Rights.NONE : read(tx, principal, roles(tx));
    }

    /** The same of whether a project is public. */
    boolean isPublic(Tx tx, String project) {
        return tx.dao(RightsDao.class).isPublic(project).orElse(false);
    }

    boolean isPublic(String project) {
        Boolean known = isPublicAtOnce(project);
        if (known != null) {
            return known;
        }
        long current = version.current();
        Optional<Boolean> read = database.read(tx -> tx.dao(RightsDao.class).isPublic(project));
        boolean isPublic = read.orElse(false);
        (read.isPresent() ? absent : projects).invalidate(project);
        (read.isPresent() ? projects : absent).put(project, new Versioned<>(isPublic, current));
        return isPublic;
    }

    private Rights read(Tx tx, Principal principal, Map<Long, Set<Permission>> ofRoles) {
        RightsDao dao = tx.dao(RightsDao.class);
        boolean isUser = principal.kind() == Principal.Kind.USER;
        if (isUser) {
            Optional<Boolean> administrator = dao.administrator(principal.id());
            if (administrator.isEmpty() || administrator.get()) {
                return administrator.isEmpty() ? Rights.NONE : new Rights(true, List.of(), List.of(), Map.of());
            }
        }
        String kind = principal.kind().name();
        var ofGrants = new HashMap<Long, Set<Permission>>();
        dao.pairsGrantedTo(kind, principal.id()).forEach(pair -> add(ofGrants, pair));
        var all = new ArrayList<>(dao.grantedTo(kind, principal.id()));
        if (isUser) {
            all.addAll(dao.grantedToGroupsOf(principal.id()));
        }
        return compile(all, ofRoles, ofGrants);
    }

    private static Rights compile(
            List<RightsDao.Granted> all, Map<Long, Set<Permission>> ofRoles, Map<Long, Set<Permission>> ofGrants) {
        var system = new ArrayList<Rights.Rule>();
        var everywhere = new ArrayList<Rights.Rule>();
        var projects = new HashMap<String, List<Rights.Rule>>();
        for (RightsDao.Granted granted : all) {
            Set<Permission> permissions = granted.roleId() == null
                    ? ofGrants.getOrDefault(granted.id(), Set.of())
                    : ofRoles.getOrDefault(granted.roleId(), Set.of());
            var rule = new Rights.Rule(
                    permissions,
                    NamePattern.parse(granted.repositoryPattern()),
                    NamePattern.parse(granted.tagPattern()),
                    new Decision(true, describe(granted)));
            switch (granted.scope()) {
                case "SYSTEM" -> {
                    system.add(rule);
                    if (Permissions.AUDITOR.equals(granted.role())) {
                        everywhere.add(rule.within(Permissions.ofProjects()));
                    }
                }
                case "PROJECTS" -> everywhere.add(rule);
                default ->
                    projects.computeIfAbsent(granted.project(), name -> new ArrayList<>())
                            .add(rule);
            }
        }
        projects.values().forEach(rules -> rules.addAll(everywhere)); // once, and not with every question
        return new Rights(false, List.copyOf(system), List.copyOf(everywhere), Map.copyOf(projects));
    }

    // What the audit and `berth can` show: role or own permissions, where, and by which group
    private static String describe(RightsDao.Granted granted) {
        var text = new StringBuilder("grant ").append(granted.id()).append(": ");
        text.append(granted.role() == null ? "own permissions" : granted.role());
        text.append(
                switch (granted.scope()) {
                    case "SYSTEM" -> " on the system";
                    case "PROJECTS" -> " in every project";
                    default -> " in " + granted.project();
                });
        if (granted.repositoryPattern() != null) {
            text.append(", repositories ").append(granted.repositoryPattern());
        }
        if (granted.tagPattern() != null) {
            text.append(", tags ").append(granted.tagPattern());
        }
        if (granted.groupName() != null) {
            text.append(", by group ").append(granted.groupName());
        }
        return text.toString();
    }

    private Map<Long, Set<Permission>> roles(Tx tx, long current) {
        Versioned<Map<Long, Set<Permission>>> known = roles;
        if (known.version() == current) {
            return known.value();
        }
        Map<Long, Set<Permission>> read = roles(tx);
        roles = new Versioned<>(read, current);
        return read;
    }

    private static Map<Long, Set<Permission>> roles(Tx tx) {
        var read = new HashMap<Long, Set<Permission>>();
        tx.dao(RightsDao.class).pairsOfRoles().forEach(pair -> add(read, pair));
        return read;
    }

    private static void add(Map<Long, Set<Permission>> sets, RightsDao.Pair pair) {
        sets.computeIfAbsent(pair.id(), id -> new HashSet<>()).add(new Permission(pair.resource(), pair.action()));
    }
}
