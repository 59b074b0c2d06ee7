package io.berth.access;

import io.berth.http.Principal;

/**
 * Something that was granted to somebody.
 *
 * @param subjectName the user's or group's name, or the robot's without prefix; null when they are gone
 * @param projectId null unless {@code scope} is {@link Scope#PROJECT}
 * @param role null when the grant has permissions of its own
 * @param repositoryPattern null for all repositories
 * @param tagPattern null for all tags
 */
public record Grant(
        long id,
        SubjectKind subjectKind,
        long subjectId,
        String subjectName,
        Scope scope,
        Long projectId,
        String project,
        Long roleId,
        String role,
        String repositoryPattern,
        String tagPattern) {

    public enum SubjectKind {
        USER,
        GROUP,
        ROBOT;

        /** The kind of a principal that is somebody. */
        public static SubjectKind of(Principal principal) {
            return principal.kind() == Principal.Kind.ROBOT ? ROBOT : USER;
        }
    }

    /** Where a grant counts. */
    public enum Scope {
        SYSTEM,
        /** In every project, those to come too. */
        PROJECTS,
        PROJECT
    }

    /** Whether it is what Harbor calls a member: a role in the whole of a project. */
    public boolean isMembership() {
        return scope == Scope.PROJECT
                && role != null
                && repositoryPattern == null
                && tagPattern == null
                && subjectKind != SubjectKind.ROBOT;
    }
}
