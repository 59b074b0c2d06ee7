package io.berth.rbac;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;

/**
 * What a file says. An absent list leaves what there is as it is; a list that is there is all there shall be.
 *
 * @param sources directories and identity providers, in the order in which they are asked
 * @param rules which tokens of a CI act as which robot
 * @param roles roles of one's own; others stay
 * @param projects these; others stay
 * @param robots those of the system
 * @param settings the site's, by name; others stay
 * @param system who has something on the system or in every project
 */
record RbacFile(
        Optional<List<Source>> sources,
        Optional<List<Rule>> rules,
        List<Role> roles,
        List<Project> projects,
        Optional<List<Robot>> robots,
        SortedMap<String, String> settings,
        Optional<List<Grant>> system) {

    /** @param secrets those that are given; others stay */
    record Source(String name, String kind, boolean enabled, JsonNode settings, Map<String, String> secrets) {}

    /** @param robot its full name */
    record Rule(String name, String issuer, String robot, boolean enabled, JsonNode settings) {}

    /**
     * A role of one's own.
     *
     * @param level {@code project} or {@code system}
     */
    record Role(String name, String level, String description, List<Permission> permissions) {}

    /** @param quota bytes, -1 for no limit; empty to leave it */
    record Project(
            String name,
            Optional<Boolean> isPublic,
            Optional<Long> quota,
            SequencedMap<String, String> settings,
            Optional<List<Grant>> members,
            Optional<List<Robot>> robots) {}

    /**
     * Somebody's role somewhere.
     *
     * @param kind {@code user} or {@code group}
     * @param subject the user's name, or the group's source and subject with a colon between
     * @param everywhere in every project, where it is not in one
     */
    record Grant(
            String kind,
            String subject,
            String role,
            Optional<String> repositories,
            Optional<String> tags,
            boolean everywhere) {}

    /** @param days -1 for ever */
    record Robot(String name, String description, int days, boolean disabled, List<RobotGrant> grants) {}

    /**
     * What a robot may do somewhere.
     *
     * @param in {@link #OWN}, {@link #SYSTEM}, {@link #PROJECTS}, or {@link #PROJECT} with a name
     */
    record RobotGrant(String in, List<Permission> permissions, Optional<String> repositories, Optional<String> tags) {
        /** The project that the robot is of. */
        static final String OWN = "";

        static final String SYSTEM = "system";
        static final String PROJECTS = "projects";
        static final String PROJECT = "project:";

        String project() {
            return in.substring(PROJECT.length());
        }
    }

    /** What {@code berth export} writes and {@link RbacReader} reads. */
    Map<String, Object> toYaml() {
        return RbacYaml.of(this);
    }
}
