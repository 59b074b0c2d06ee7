package io.berth.harbor;

import io.berth.access.Permissions;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.project.Projects;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Reads projects and writes them as Harbor does. */
final class ProjectBodies {
    static final String FROM = "project p LEFT JOIN account a ON lower(a.name) = lower(p.owner)";
    static final String SELECT = """
            p.id, p.name, p.public, p.owner, a.id AS owner_id, p.created_at, p.updated_at,
            (SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id AND r.listed) AS repositories
            """;
    static final Map<String, Column> COLUMNS = Map.of(
            "project_id", Column.number("p.id"),
            "name", Column.text("p.name"),
            "owner", Column.text("p.owner"),
            "owner_name", Column.text("p.owner"),
            "public", Column.flag("p.public"),
            "creation_time", Column.time("p.created_at"),
            "update_time", Column.time("p.updated_at"));

    private final Database database;
    private final Projects projects;
    private final Visibility visibility;

    ProjectBodies(Database database, Projects projects, Visibility visibility) {
        this.database = database;
        this.projects = projects;
        this.visibility = visibility;
    }

    /** The numbers of the caller's roles by project, of those that are Harbor's. */
    private Map<Long, TreeSet<Integer>> roles(Tx tx, Principal principal) {
        Map<Long, TreeSet<Integer>> roles = new HashMap<>();
        for (Row row : tx.dao(RowsDao.class).rows(Visibility.ROLES, visibility.binds(principal, false))) {
            Permissions.ProjectRole role = Permissions.roles().get(row.text("role"));
            if (role != null) {
                roles.computeIfAbsent(row.number("project_id"), unused -> new TreeSet<>())
                        .add(role.number());
            }
        }
        return roles;
    }

    /** @param administrator whether the caller is one, and so has the first role everywhere */
    List<SortedMap<String, Object>> bodies(List<Row> rows, Principal principal, boolean administrator) {
        Map<Long, TreeSet<Integer>> roles = database.read(tx -> roles(tx, principal));
        return rows.stream()
                .map(row -> body(row, roles.getOrDefault(row.number("id"), new TreeSet<>()), administrator))
                .toList();
    }

    private SortedMap<String, Object> body(Row row, TreeSet<Integer> roles, boolean administrator) {
        if (administrator) {
            roles.add(1);
        }
        long id = row.number("id");
        Map<String, String> settings = projects.settings(id);
        return Body.of(
                "project_id",
                id,
                "name",
                row.text("name"),
                "owner_id",
                row.number("owner_id"),
                "owner_name",
                row.text("owner"),
                "creation_time",
                Body.time(row.number("created_at")),
                "update_time",
                Body.time(Math.max(row.number("created_at"), row.number("updated_at"))),
                "repo_count",
                row.number("repositories"),
                "current_user_role_id",
                roles.isEmpty() ? null : strongest(roles),
                "current_user_role_ids",
                roles.isEmpty() ? null : roles,
                "cve_allowlist",
                CveAllowlist.read(settings.get(CveAllowlist.SETTING)).body(id, id),
                "metadata",
                metadata(row.flag("public"), settings));
    }

    // In the order of what they allow: projectAdmin, maintainer, developer, guest, limitedGuest
    private static int strongest(TreeSet<Integer> roles) {
        for (int role : new int[] {1, 4, 2, 3, 5}) {
            if (roles.contains(role)) {
                return role;
            }
        }
        return 0;
    }

    static SortedMap<String, String> metadata(boolean isPublic, Map<String, String> settings) {
        SortedMap<String, String> metadata = new TreeMap<>();
        settings.forEach((name, value) -> {
            if (ProjectMetadata.isKnown(name)) {
                metadata.put(name, value);
            }
        });
        metadata.put(ProjectMetadata.PUBLIC, Boolean.toString(isPublic));
        return metadata;
    }
}
