package io.berth.project;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of what is measured of projects. */
@RegisterConstructorMapper(ProjectMeterDao.Row.class)
interface ProjectMeterDao {
    record Row(
            String name,
            boolean isPublic,
            Long quotaBytes,
            long usedBytes,
            long repositories,
            long pulls,
            long members) {}

    // The fullest first, then the largest: they are the ones that somebody wants to hear of.
    @SqlQuery("""
            SELECT p.name, p.public AS is_public, p.quota_bytes, p.used_bytes,
                   (SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id AND r.listed) AS repositories,
                   (SELECT COALESCE(SUM(r.pulls), 0) FROM repository r WHERE r.project_id = p.id AND r.listed) AS pulls,
                   (SELECT COUNT(*) FROM access_grant g WHERE g.project_id = p.id AND g.role_id IS NOT NULL
                    AND g.subject_kind <> 'ROBOT' AND g.repository_pattern IS NULL AND g.tag_pattern IS NULL) AS members
            FROM (SELECT id, name, public, quota_bytes, used_bytes FROM project
                  ORDER BY CASE WHEN quota_bytes IS NULL THEN 0 ELSE used_bytes * 1.0 / quota_bytes END DESC,
                           used_bytes DESC, id
                  LIMIT :limit) AS p
            """)
    List<Row> fullest(@Bind("limit") int limit);

    /** All projects that are public, or that are not. */
    record Site(boolean isPublic, long projects, long usedBytes) {}

    @RegisterConstructorMapper(Site.class)
    @SqlQuery("""
            SELECT public AS is_public, COUNT(*) AS projects, COALESCE(SUM(used_bytes), 0) AS used_bytes
            FROM project GROUP BY public
            """)
    List<Site> site();

    /** The repositories of all those. */
    record Repositories(boolean isPublic, long count) {}

    @RegisterConstructorMapper(Repositories.class)
    @SqlQuery("""
            SELECT p.public AS is_public, COUNT(*) AS count
            FROM repository r JOIN project p ON p.id = r.project_id WHERE r.listed GROUP BY p.public
            """)
    List<Repositories> repositories();
}
