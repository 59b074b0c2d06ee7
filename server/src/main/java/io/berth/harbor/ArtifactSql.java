package io.berth.harbor;

/** Pieces of SQL about what Harbor calls artifacts: manifests {@code m} of repositories {@code r}. */
final class ArtifactSql {
    /**
     * Whether a manifest stands for itself: it is not said about another one, and it has a tag or is no part of an index.
     */
    static final String STANDS_ALONE = """
            m.subject IS NULL
            AND NOT EXISTS (SELECT 1 FROM tag st WHERE st.manifest_id = m.id AND st.name LIKE 'sha256-%.sig')
            AND (EXISTS (SELECT 1 FROM tag at WHERE at.manifest_id = m.id)
                OR NOT EXISTS (SELECT 1 FROM manifest_reference ar
                               WHERE ar.digest = m.digest AND ar.repository_id = m.repository_id AND ar.kind = 'MANIFEST'))
            """;

    /** How many of those a repository has. */
    static final String COUNT_IN_REPOSITORY =
            "(SELECT COUNT(*) FROM manifest m WHERE m.repository_id = r.id AND " + STANDS_ALONE + ")";

    /** The bytes of a manifest with all that it refers to, of an index with those of its children. */
    static final String SIZE = """
            m.size + COALESCE((SELECT SUM(sr.size) FROM manifest_reference sr WHERE sr.manifest_id = m.id), 0)
                + COALESCE((SELECT SUM(cr.size) FROM manifest_reference sr
                    JOIN manifest cm ON cm.repository_id = m.repository_id AND cm.digest = sr.digest
                    JOIN manifest_reference cr ON cr.manifest_id = cm.id
                    WHERE sr.manifest_id = m.id AND sr.kind = 'MANIFEST'), 0)
            """;

    private ArtifactSql() {}
}
