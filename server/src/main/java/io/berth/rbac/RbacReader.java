package io.berth.rbac;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import io.berth.config.Forms;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Reads files. Whatever is not understood is an error that names its place: a misspelt key must not open anything.
 *
 * <p>A role may say in short where it counts and who has it: {@code resources: ["project:myapp"]} with {@code members}. That
 * is read as members of those projects.
 */
final class RbacReader {
    /** Members that a role itself names, by project. */
    private final Map<String, List<RbacFile.Grant>> ofRoles = new LinkedHashMap<>();

    private RbacReader() {}

    /** @throws OciException {@code BAD_REQUEST}, with the place */
    static RbacFile read(String text) {
        return new RbacReader().parse(text);
    }

    private RbacFile parse(String text) {
        Object root;
        try {
            root = RbacYaml.load(text);
        } catch (YAMLException e) {
            throw wrong(
                    "the file", "no YAML: " + e.getMessage().lines().findFirst().orElse(""));
        }
        Map<?, ?> file = map(
                root == null ? Map.of() : root,
                "the file",
                Set.of("sources", "workload-rules", "settings", "roles", "projects", "robots", "system"));
        List<RbacFile.Role> roles = each(file.get("roles"), "roles", this::role);
        List<RbacFile.Project> projects = new ArrayList<>(each(file.get("projects"), "projects", this::project));
        ofRoles.forEach((name, grants) -> join(projects, name, grants));
        Optional<List<RbacFile.Grant>> system = list(file, "system", (value, at) -> grant(value, at, true));
        return new RbacFile(
                list(file, "sources", RbacReader::source),
                list(file, "workload-rules", RbacReader::rule),
                roles,
                projects,
                list(file, "robots", (value, at) -> robot(value, at, true)),
                texts(file, "settings", ""),
                system);
    }

    private static <T> Optional<List<T>> list(Map<?, ?> file, String name, Part<T> part) {
        return file.containsKey(name) ? Optional.of(each(file.get(name), name, part)) : Optional.empty();
    }

    private static RbacFile.Source source(Object value, String at) {
        Map<?, ?> source = map(value, at, Set.of("name", "kind", "enabled", "settings", "secrets"));
        var secrets = new TreeMap<String, String>();
        if (source.get("secrets") instanceof Map<?, ?> given) {
            given.forEach((name, secret) -> secrets.put(
                    String.valueOf(name), "".equals(secret) ? "" : string(secret, at + ".secrets." + name)));
        } else if (source.get("secrets") != null) {
            throw wrong(at + ".secrets", "names and values");
        }
        return new RbacFile.Source(
                text(source, "name", at), text(source, "kind", at), enabled(source, at), settings(source, at), secrets);
    }

    private static RbacFile.Rule rule(Object value, String at) {
        Map<?, ?> rule = map(value, at, Set.of("name", "issuer", "robot", "enabled", "settings"));
        return new RbacFile.Rule(
                text(rule, "name", at),
                text(rule, "issuer", at),
                text(rule, "robot", at),
                enabled(rule, at),
                settings(rule, at));
    }

    private static boolean enabled(Map<?, ?> of, String at) {
        return of.get("enabled") == null || bool(of.get("enabled"), at + ".enabled");
    }

    private static JsonNode settings(Map<?, ?> of, String at) {
        Object settings = of.get("settings");
        if (settings != null && !(settings instanceof Map)) {
            throw wrong(at + ".settings", "names and values");
        }
        return Json.MAPPER.valueToTree(settings == null ? Map.of() : settings);
    }

    // What a role says of a project's members counts beside what the project says.
    private static void join(List<RbacFile.Project> projects, String name, List<RbacFile.Grant> grants) {
        for (int i = 0; i < projects.size(); i++) {
            RbacFile.Project project = projects.get(i);
            if (project.name().equals(name)) {
                List<RbacFile.Grant> all = new ArrayList<>(project.members().orElse(List.of()));
                all.addAll(grants);
                projects.set(
                        i,
                        new RbacFile.Project(
                                name,
                                project.isPublic(),
                                project.quota(),
                                project.settings(),
                                Optional.of(all),
                                project.robots()));
                return;
            }
        }
        projects.add(new RbacFile.Project(
                name,
                Optional.empty(),
                Optional.empty(),
                new LinkedHashMap<>(),
                Optional.of(grants),
                Optional.empty()));
    }

    private RbacFile.Role role(Object value, String at) {
        Map<?, ?> role = map(value, at, Set.of("name", "level", "description", "permissions", "resources", "members"));
        String name = text(role, "name", at);
        String level = role.containsKey("level") ? text(role, "level", at) : "project";
        if (!Set.of("project", "system").contains(level)) {
            throw wrong(at + ".level", "it is project or system");
        }
        List<RbacFile.Grant> members = each(role.get("members"), at + ".members", (member, place) -> {
            Map<?, ?> of = map(member, place, Set.of("user", "group"));
            return new RbacFile.Grant(
                    kind(of, place), text(of, kind(of, place), place), name, Optional.empty(), Optional.empty(), false);
        });
        for (String resource : each(role.get("resources"), at + ".resources", RbacReader::string)) {
            if (!resource.startsWith("project:") || resource.length() == 8) {
                throw wrong(at + ".resources", "'" + resource + "' is not project:NAME");
            }
            ofRoles.computeIfAbsent(resource.substring(8), project -> new ArrayList<>())
                    .addAll(members);
        }
        return new RbacFile.Role(name, level, optional(role, "description", at).orElse(""), permissions(role, at));
    }

    private RbacFile.Project project(Object value, String at) {
        Map<?, ?> project = map(value, at, Set.of("name", "public", "quota", "settings", "members", "robots"));
        return new RbacFile.Project(
                text(project, "name", at),
                Optional.ofNullable(project.get("public")).map(given -> bool(given, at + ".public")),
                Optional.ofNullable(project.get("quota")).map(given -> bytes(given, at + ".quota")),
                new LinkedHashMap<>(texts(project, "settings", at + ".")),
                project.containsKey("members")
                        ? Optional.of(each(
                                project.get("members"),
                                at + ".members",
                                (member, place) -> grant(member, place, false)))
                        : Optional.empty(),
                project.containsKey("robots")
                        ? Optional.of(each(
                                project.get("robots"), at + ".robots", (robot, place) -> robot(robot, place, false)))
                        : Optional.empty());
    }

    private RbacFile.Grant grant(Object value, String at, boolean ofSystem) {
        Map<?, ?> grant = map(value, at, Set.of("user", "group", "role", "repositories", "tags", "in"));
        String kind = kind(grant, at);
        Optional<String> in = optional(grant, "in", at);
        if (in.isPresent() && !(ofSystem && in.get().equals("projects"))) {
            throw wrong(at + ".in", ofSystem ? "it is projects, or not there" : "it goes with system alone");
        }
        return new RbacFile.Grant(
                kind,
                text(grant, kind, at),
                text(grant, "role", at),
                optional(grant, "repositories", at),
                optional(grant, "tags", at),
                in.isPresent());
    }

    private static String kind(Map<?, ?> grant, String at) {
        if (grant.containsKey("user") == grant.containsKey("group")) {
            throw wrong(at, "it has a user or a group");
        }
        return grant.containsKey("user") ? "user" : "group";
    }

    private static SortedMap<String, String> texts(Map<?, ?> of, String name, String before) {
        var texts = new TreeMap<String, String>();
        if (of.get(name) instanceof Map<?, ?> given) {
            given.forEach((key, value) -> texts.put(String.valueOf(key), string(value, before + name + "." + key)));
        } else if (of.get(name) != null) {
            throw wrong(before + name, "names and values");
        }
        return texts;
    }

    private RbacFile.Robot robot(Object value, String at, boolean ofSystem) {
        Map<?, ?> robot = map(
                value,
                at,
                Set.of("name", "description", "days", "disabled", "permissions", "repositories", "tags", "grants"));
        Object days = robot.get("days");
        if (days != null && !(days instanceof Integer)) {
            throw wrong(at + ".days", "a number of days, or -1");
        }
        // A robot of a project with one grant says it itself.
        boolean inShort = !ofSystem && !robot.containsKey("grants");
        if (!inShort
                && (robot.containsKey("permissions")
                        || robot.containsKey("repositories")
                        || robot.containsKey("tags"))) {
            throw wrong(at, "what it may do is in its grants");
        }
        List<RbacFile.RobotGrant> grants = inShort
                ? List.of(robotGrant(robot, RbacFile.RobotGrant.OWN, at))
                : each(robot.get("grants"), at + ".grants", (grant, place) -> robotGrant(grant, place, ofSystem));
        return new RbacFile.Robot(
                text(robot, "name", at),
                optional(robot, "description", at).orElse(""),
                days == null ? -1 : (Integer) days,
                robot.get("disabled") != null && bool(robot.get("disabled"), at + ".disabled"),
                grants);
    }

    private static RbacFile.RobotGrant robotGrant(Object value, String at, boolean ofSystem) {
        Map<?, ?> grant = map(
                value,
                at,
                ofSystem
                        ? Set.of("in", "permissions", "repositories", "tags")
                        : Set.of("permissions", "repositories", "tags"));
        String in = ofSystem ? text(grant, "in", at) : RbacFile.RobotGrant.OWN;
        boolean somewhere = in.equals(RbacFile.RobotGrant.SYSTEM)
                || in.equals(RbacFile.RobotGrant.PROJECTS)
                || in.startsWith(RbacFile.RobotGrant.PROJECT) && in.length() > RbacFile.RobotGrant.PROJECT.length();
        if (ofSystem && !somewhere) {
            throw wrong(at + ".in", "it is system, projects or project:NAME");
        }
        return robotGrant(grant, in, at);
    }

    private static RbacFile.RobotGrant robotGrant(Map<?, ?> grant, String in, String at) {
        return new RbacFile.RobotGrant(
                in, permissions(grant, at), optional(grant, "repositories", at), optional(grant, "tags", at));
    }

    // Their order says nothing, so that two files which differ in it alone are the same.
    private static List<Permission> permissions(Map<?, ?> of, String at) {
        return each(of.get("permissions"), at + ".permissions", RbacReader::permission).stream()
                .distinct()
                .sorted(java.util.Comparator.comparing(Permission::toString))
                .toList();
    }

    private static Permission permission(Object value, String at) {
        try {
            return Permission.parse(string(value, at));
        } catch (IllegalArgumentException e) {
            throw wrong(at, e.getMessage());
        }
    }

    private interface Part<T> {
        T read(Object value, String at);
    }

    private static <T> List<T> each(Object value, String at, Part<T> part) {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw wrong(at, "a list");
        }
        List<T> parts = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            parts.add(part.read(list.get(i), at + "[" + i + "]"));
        }
        return List.copyOf(parts);
    }

    private static Map<?, ?> map(Object value, String at, Set<String> known) {
        if (!(value instanceof Map<?, ?> map)) {
            throw wrong(at, "names and values");
        }
        for (Object key : map.keySet()) {
            if (!known.contains(String.valueOf(key))) {
                throw wrong(
                        at,
                        "there is no '" + key + "' here, but "
                                + String.join(", ", known.stream().sorted().toList()));
            }
        }
        return map;
    }

    private static String text(Map<?, ?> of, String name, String at) {
        return optional(of, name, at).orElseThrow(() -> wrong(at, "it has no " + name));
    }

    private static Optional<String> optional(Map<?, ?> of, String name, String at) {
        Object value = of.get(name);
        return value == null ? Optional.empty() : Optional.of(string(value, at + "." + name));
    }

    private static String string(Object value, String at) {
        if (value instanceof Map
                || value instanceof List
                || value == null
                || String.valueOf(value).isBlank()) {
            throw wrong(at, "a text");
        }
        return String.valueOf(value);
    }

    private static boolean bool(Object value, String at) {
        if (value instanceof Boolean bool) {
            return bool;
        }
        throw wrong(at, "true or false");
    }

    private static long bytes(Object value, String at) {
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        try {
            return Forms.bytes(String.valueOf(value));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw wrong(at, "a number of bytes such as 10GiB, or -1");
        }
    }

    private static OciException wrong(String at, String what) {
        return new OciException(ErrorCode.BAD_REQUEST, at + ": " + what);
    }
}
