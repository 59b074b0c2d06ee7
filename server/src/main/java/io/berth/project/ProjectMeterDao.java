package io.berth.project;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;

/** SQL of what is measured of projects. */
@RegisterConstructorMapper(ProjectMeterDao.Row.class)
interface ProjectMeterDao {
    /** A project, and beside it how many there are in all. */
    record Row(
            String name,
            boolean isPublic,
            Long quotaBytes,
            long usedBytes,
            long repositories,
            long total,
            long totalPublic) {}

    // The fullest first, then the largest: they are the ones that somebody wants to hear of.
    @SqlQuery("""
            SELECT p.name, p.public AS is_public, p.quota_bytes, p.used_bytes,
                   (SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id AND r.listed) AS repositories,
                   (SELECT COUNT(*) FROM project) AS total,
                   (SELECT COUNT(*) FROM project WHERE public) AS total_public
            FROM (SELECT id, name, public, quota_bytes, used_bytes FROM project
                  ORDER BY CASE WHEN quota_bytes IS NULL THEN 0 ELSE used_bytes * 1.0 / quota_bytes END DESC,
                           used_bytes DESC, id
                  LIMIT :limit) AS p
            """)
    List<Row> fullest(@Bind("limit") int limit);
}
