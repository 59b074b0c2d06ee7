package io.berth.rbac;

import io.berth.access.Permission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** The form that files are written in. */
public final class RbacYaml {
    private static final int MAX_BYTES = 1 << 20;

    private RbacYaml() {}

    /**
     * What a file holds, before anybody has looked at what it means: maps, lists and scalars.
     *
     * @throws YAMLException when it is no YAML, too long, has a name twice or is built of itself
     */
    public static Object load(String text) {
        var options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setMaxAliasesForCollections(0);
        options.setCodePointLimit(MAX_BYTES);
        return new Yaml(new SafeConstructor(options)).load(text);
    }

    static Map<String, Object> of(RbacFile file) {
        var yaml = new LinkedHashMap<String, Object>();
        file.sources()
                .ifPresent(sources -> yaml.put(
                        "sources", sources.stream().map(RbacYaml::source).toList()));
        file.rules()
                .ifPresent(rules -> yaml.put(
                        "workload-rules", rules.stream().map(RbacYaml::rule).toList()));
        if (!file.settings().isEmpty()) {
            yaml.put("settings", file.settings());
        }
        yaml.put("roles", file.roles().stream().map(RbacYaml::role).toList());
        yaml.put("projects", file.projects().stream().map(RbacYaml::project).toList());
        file.robots()
                .ifPresent(robots ->
                        yaml.put("robots", robots.stream().map(RbacYaml::robot).toList()));
        file.system()
                .ifPresent(system ->
                        yaml.put("system", system.stream().map(RbacYaml::grant).toList()));
        return yaml;
    }

    private static Map<String, Object> source(RbacFile.Source source) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put("name", source.name());
        yaml.put("kind", source.kind());
        if (!source.enabled()) {
            yaml.put("enabled", false);
        }
        yaml.put("settings", source.settings());
        return yaml;
    }

    private static Map<String, Object> rule(RbacFile.Rule rule) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put("name", rule.name());
        yaml.put("issuer", rule.issuer());
        yaml.put("robot", rule.robot());
        if (!rule.enabled()) {
            yaml.put("enabled", false);
        }
        yaml.put("settings", rule.settings());
        return yaml;
    }

    private static Map<String, Object> role(RbacFile.Role role) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put("name", role.name());
        if (role.level().equals("system")) {
            yaml.put("level", role.level());
        }
        if (!role.description().isEmpty()) {
            yaml.put("description", role.description());
        }
        yaml.put("permissions", permissions(role.permissions()));
        return yaml;
    }

    private static List<String> permissions(List<Permission> permissions) {
        return permissions.stream().map(Permission::toString).sorted().toList();
    }

    private static Map<String, Object> project(RbacFile.Project project) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put("name", project.name());
        project.isPublic().ifPresent(isPublic -> yaml.put("public", isPublic));
        project.quota().ifPresent(quota -> yaml.put("quota", quota));
        if (!project.settings().isEmpty()) {
            yaml.put("settings", project.settings());
        }
        project.members()
                .ifPresent(members -> yaml.put(
                        "members", members.stream().map(RbacYaml::grant).toList()));
        project.robots()
                .ifPresent(robots ->
                        yaml.put("robots", robots.stream().map(RbacYaml::robot).toList()));
        return yaml;
    }

    private static Map<String, Object> grant(RbacFile.Grant grant) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put(grant.kind(), grant.subject());
        yaml.put("role", grant.role());
        if (grant.everywhere()) {
            yaml.put("in", "projects");
        }
        grant.repositories().ifPresent(pattern -> yaml.put("repositories", pattern));
        grant.tags().ifPresent(pattern -> yaml.put("tags", pattern));
        return yaml;
    }

    private static Map<String, Object> robot(RbacFile.Robot robot) {
        var yaml = new LinkedHashMap<String, Object>();
        yaml.put("name", robot.name());
        if (!robot.description().isEmpty()) {
            yaml.put("description", robot.description());
        }
        yaml.put("days", robot.days());
        if (robot.disabled()) {
            yaml.put("disabled", true);
        }
        boolean inShort =
                robot.grants().size() == 1 && robot.grants().getFirst().in().equals(RbacFile.RobotGrant.OWN);
        if (inShort) {
            yaml.putAll(robotGrant(robot.grants().getFirst()));
        } else {
            yaml.put("grants", robot.grants().stream().map(RbacYaml::robotGrant).toList());
        }
        return yaml;
    }

    private static Map<String, Object> robotGrant(RbacFile.RobotGrant grant) {
        var yaml = new LinkedHashMap<String, Object>();
        if (!grant.in().equals(RbacFile.RobotGrant.OWN)) {
            yaml.put("in", grant.in());
        }
        yaml.put("permissions", permissions(grant.permissions()));
        grant.repositories().ifPresent(pattern -> yaml.put("repositories", pattern));
        grant.tags().ifPresent(pattern -> yaml.put("tags", pattern));
        return yaml;
    }
}
