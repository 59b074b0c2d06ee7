package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.http.Principal;
import java.util.Map;

/**
 * Conditions by which the database leaves out of a list what a caller may not see. Of what is granted on the system only
 * the auditor's role has permissions of projects, and has them in all of them.
 */
final class Visibility {
    private static final String GRANTED_TO = """
            ((g.subject_kind = :kind AND g.subject_id = :principal)
                OR (:kind = 'USER' AND g.subject_kind = 'GROUP' AND g.subject_id IN
                    (SELECT ag.group_id FROM account_group ag WHERE ag.account_id = :principal)))
            """;

    private static final String PERMITS = """
            (EXISTS (SELECT 1 FROM role_permission rp WHERE rp.role_id = g.role_id
                     AND rp.resource = '%1$s' AND rp.action IN (%2$s))
                OR EXISTS (SELECT 1 FROM grant_permission gp WHERE gp.grant_id = g.id
                     AND gp.resource = '%1$s' AND gp.action IN (%2$s)))
            """;

    /** Projects {@code p} that may be seen: whoever may do something to a part of one may know of it. */
    static final String OF_PROJECT = """
            :everything OR (:publicOnes AND p.public) OR EXISTS (
                SELECT 1 FROM access_grant g
                WHERE (g.project_id = p.id OR g.scope <> 'PROJECT') AND %s
                  AND (g.repository_pattern IS NOT NULL OR g.tag_pattern IS NOT NULL
                    OR (g.scope = 'PROJECTS' AND g.subject_kind = 'ROBOT') OR %s))
            """.formatted(GRANTED_TO, PERMITS.formatted("project", "'read'"));

    private static final String LISTS = PERMITS.formatted("repository", "'list', 'pull'");

    // Neither speaks of the row that is asked about, so that each is computed once.
    private static final String WHOLE_PROJECTS = """
            SELECT vp.id FROM project vp
            WHERE (:publicOnes AND vp.public)
               OR EXISTS (SELECT 1 FROM access_grant g
                          WHERE g.scope <> 'PROJECT' AND g.repository_pattern IS NULL AND %1$s AND %2$s)
               OR vp.id IN (SELECT g.project_id FROM access_grant g
                            WHERE g.scope = 'PROJECT' AND g.repository_pattern IS NULL AND %1$s AND %2$s)
            """.formatted(GRANTED_TO, LISTS);

    private static final String SINGLE_REPOSITORIES = """
            SELECT gr.repository_id FROM access_grant g JOIN grant_repository gr ON gr.grant_id = g.id
            WHERE g.repository_pattern IS NOT NULL AND g.scope <> 'SYSTEM' AND %s AND %s
            """.formatted(GRANTED_TO, LISTS);

    /** Repositories {@code r}, for those who do not see everything; found by what was granted: quick where that is little. */
    static final String FINDS_REPOSITORIES =
            "r.project_id IN (%s) OR r.id IN (%s)".formatted(WHOLE_PROJECTS, SINGLE_REPOSITORIES);

    /** The same, looked up for each row of a list that comes in its order: quick where that is much. */
    static final String KNOWS_REPOSITORIES =
            "+r.project_id IN (%s) OR +r.id IN (%s)".formatted(WHOLE_PROJECTS, SINGLE_REPOSITORIES);

    /** Projects {@code p} whose log may be read. */
    static final String OF_LOG = """
            :everything OR EXISTS (
                SELECT 1 FROM access_grant g
                WHERE (g.project_id = p.id OR g.scope <> 'PROJECT') AND %s AND %s)
            """.formatted(GRANTED_TO, PERMITS.formatted("log", "'list'"));

    /** Projects {@code p} in which the caller has something that is limited to some repositories or tags. */
    static final String PATTERNED = """
            EXISTS (SELECT 1 FROM access_grant g
                WHERE (g.project_id = p.id OR g.scope <> 'PROJECT') AND %s
                  AND (g.repository_pattern IS NOT NULL OR g.tag_pattern IS NOT NULL))
            """.formatted(GRANTED_TO);

    /** The roles that somebody has in projects as a whole. */
    static final String ROLES = """
            SELECT g.project_id, r.name AS role FROM access_grant g JOIN role r ON r.id = g.role_id
            WHERE g.scope = 'PROJECT' AND g.repository_pattern IS NULL AND g.tag_pattern IS NULL AND %s
            """.formatted(GRANTED_TO);

    private final boolean anonymousPull;

    /** @param anonymousPull whether public projects are so for those who present no credential */
    Visibility(boolean anonymousPull) {
        this.anonymousPull = anonymousPull;
    }

    /** @param everything whether the caller sees all anyway */
    Map<String, Object> binds(Principal principal, boolean everything) {
        return Map.of(
                "kind",
                principal.isAnonymous() ? "" : Grant.SubjectKind.of(principal).name(),
                "principal",
                principal.id(),
                "publicOnes",
                anonymousPull || !principal.isAnonymous(),
                "everything",
                everything);
    }
}
