package io.berth.access;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Every permission there is, and what Harbor's roles hold of them. The matrix is the one of Harbor 2.15's code, which its
 * documentation departs from in places.
 */
public final class Permissions {
    /** A role of one project: its name, its number in Harbor's API, and what it may do. */
    public record ProjectRole(String name, int number, Set<Permission> permissions) {}

    private static final Set<Permission> OF_PROJECTS = read("""
            project read update delete
            member create read update delete list
            metadata create read update delete list
            log list
            label create read update delete list
            quota read
            repository create read update delete list pull push
            artifact create read delete list
            artifact-addition read
            artifact-label create delete
            tag create delete list
            accessory list
            tag-retention create read update delete list operate
            immutable-tag create read update delete list
            configuration read update
            robot create read update delete list
            notification-policy create read update delete list
            scan create read stop
            sbom create read stop
            scanner create read
            preheat-policy create read update delete list
            export-cve create read list
            """);

    private static final Set<Permission> OF_SYSTEM = read("""
            audit-log list
            preheat-instance create read update delete list
            project create list
            replication-policy create read update delete list
            replication create read list
            replication-adapter list
            registry create read update delete list
            scan-all create read update stop
            system-volumes read
            garbage-collection create read list update stop
            purge-audit create read list update stop
            jobservice-monitor list stop
            scanner create read update delete list
            label create read update delete list
            security-hub read list
            catalog read
            quota read list update
            robot create read update delete list
            user create read update delete list
            ldap-user create list
            user-group create read update delete list
            role create read update delete list
            configuration read update
            metrics read
            """);

    private static final Set<Permission> OF_ANYBODY = read("""
            project read
            label read list
            repository list pull
            scan read
            scanner read
            tag list
            artifact read list
            artifact-addition read
            accessory list
            """);

    private static final String MAINTAINER = """
            project read
            member read list
            metadata read
            label create read update delete list
            quota read
            repository create read update delete list pull push
            artifact create read delete list
            artifact-addition read
            artifact-label create delete
            tag create delete list
            accessory list
            tag-retention create read update delete list operate
            immutable-tag create update delete list
            configuration read
            robot read list
            notification-policy read list
            scan create read stop
            sbom create read stop
            scanner read
            export-cve create read list
            """;

    private static final String DEVELOPER = """
            project read
            member read list
            label read list
            quota read
            repository create read update list pull push
            artifact create read list
            artifact-addition read
            artifact-label create delete
            tag create list
            accessory list
            tag-retention create read update delete list operate
            configuration read
            robot read list
            scan read
            sbom read
            scanner read
            export-cve create read list
            """;

    private static final String LIMITED_GUEST = """
            project read
            quota read
            repository read list pull
            artifact read list
            artifact-addition read
            tag list
            accessory list
            configuration read
            scan read
            sbom read
            scanner read
            """;

    private static final String GUEST = LIMITED_GUEST + """
            member read list
            label read list
            robot read list
            """;

    private static final String PROJECT_ADMIN = MAINTAINER + """
            project update delete
            member create update delete
            metadata create update delete
            log list
            configuration update
            robot create update delete
            notification-policy create update delete
            scanner create
            preheat-policy create read update delete list
            """;

    private static final Map<String, ProjectRole> ROLES = Arrays.stream(new ProjectRole[] {
                new ProjectRole("projectAdmin", 1, read(PROJECT_ADMIN)),
                new ProjectRole("developer", 2, read(DEVELOPER)),
                new ProjectRole("guest", 3, read(GUEST)),
                new ProjectRole("maintainer", 4, read(MAINTAINER)),
                new ProjectRole("limitedGuest", 5, read(LIMITED_GUEST)),
            })
            .collect(Collectors.toUnmodifiableMap(ProjectRole::name, role -> role));

    /** The role of whoever may look at everything and change nothing: on the system and in every project. */
    public static final String AUDITOR = "auditor";

    private Permissions() {}

    /** What may be granted on a project. */
    public static Set<Permission> ofProjects() {
        return OF_PROJECTS;
    }

    /** What may be granted on the system as a whole. */
    public static Set<Permission> ofSystem() {
        return OF_SYSTEM;
    }

    /** What anybody may do in a public project. */
    public static Set<Permission> ofAnybody() {
        return OF_ANYBODY;
    }

    /** Harbor's roles of a project by name, which always exist and cannot be changed. */
    public static Map<String, ProjectRole> roles() {
        return ROLES;
    }

    /** What {@link #AUDITOR} may do: whatever only reads, but no pulls of content. */
    public static Set<Permission> auditorOf(Set<Permission> all) {
        return all.stream()
                .filter(permission -> permission.isRead() && !permission.equals(Permission.PULL))
                .collect(Collectors.toUnmodifiableSet());
    }

    // Lines of a resource and its actions
    private static Set<Permission> read(String lines) {
        SequencedSet<Permission> permissions = new LinkedHashSet<>();
        lines.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(line -> {
            String[] words = line.split(" ");
            for (int i = 1; i < words.length; i++) {
                permissions.add(new Permission(words[0], words[i]));
            }
        });
        return java.util.Collections.unmodifiableSequencedSet(permissions);
    }
}
