package io.berth.access;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What somebody may do, compiled from what was granted to them and to their groups.
 *
 * @param administrator everything
 * @param system what they may do on the system
 * @param everywhere what was granted in every project, and what an auditor reads there
 * @param projects by its name, what was granted in a project followed by what was in every one; not there where nothing
 *     was in this one
 */
record Rights(boolean administrator, List<Rule> system, List<Rule> everywhere, Map<String, List<Rule>> projects) {
    static final Rights NONE = new Rights(false, List.of(), List.of(), Map.of());

    /**
     * One grant.
     *
     * @param repositories which repositories, by their names within the project; null for all
     * @param tags which tags, null for all
     * @param decision the answer when this rule allows something
     */
    record Rule(Set<Permission> permissions, NamePattern repositories, NamePattern tags, Decision decision) {
        /** The same for those permissions alone that are among {@code some}. */
        Rule within(Set<Permission> some) {
            Set<Permission> both = permissions.stream().filter(some::contains).collect(Collectors.toUnmodifiableSet());
            return new Rule(both, repositories, tags, decision);
        }

        boolean covers(Permission permission) {
            return permissions.contains(permission);
        }

        boolean coversRepository(String nameInProject) {
            return repositories == null || repositories.matches(nameInProject);
        }
    }

    /** The rules that count in a project: its own first. */
    List<Rule> in(String project) {
        return projects.getOrDefault(project, everywhere);
    }
}
