package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of robots. */
@RegisterConstructorMapper(Robot.class)
interface RobotDao {
    @SqlQuery("""
            SELECT r.id, r.project_id, p.name AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r LEFT JOIN project p ON p.id = r.project_id WHERE r.id = :id
            """)
    Optional<Robot> find(@Bind("id") long id);

    @SqlQuery("""
            SELECT r.id, r.project_id, p.name AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r JOIN project p ON p.id = r.project_id WHERE p.name = :project AND r.name = :name
            """)
    Optional<Robot> find(@Bind("project") String project, @Bind("name") String name);

    @SqlQuery("""
            SELECT r.id, r.project_id, NULL AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r WHERE r.project_id IS NULL AND r.name = :name
            """)
    Optional<Robot> findOfSystem(@Bind("name") String name);

    @SqlQuery("""
            SELECT r.id, r.project_id, p.name AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r LEFT JOIN project p ON p.id = r.project_id
            WHERE r.project_id = :project ORDER BY r.id
            """)
    List<Robot> of(@Bind("project") long project);

    @SqlQuery("""
            SELECT r.id, r.project_id, NULL AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r WHERE r.project_id IS NULL ORDER BY r.id
            """)
    List<Robot> ofSystem();

    /** @param project a name; empty for robots of all projects and of the system */
    @SqlQuery("""
            SELECT r.id, r.project_id, p.name AS project, r.name, r.description, r.secret_hash, r.disabled,
                r.duration_days, r.expires_at, r.created_by, r.created_at, r.updated_at, r.last_used_at
            FROM robot r LEFT JOIN project p ON p.id = r.project_id
            WHERE r.id > :after AND (:project = '' OR p.name = :project) ORDER BY r.id LIMIT :limit
            """)
    List<Robot> page(@Bind("project") String project, @Bind("after") long after, @Bind("limit") int limit);

    /** Of the system where {@code project} is 0. */
    @SqlQuery("SELECT COUNT(*) FROM robot WHERE COALESCE(project_id, 0) = :project AND name = :name")
    int count(@Bind("project") long project, @Bind("name") String name);

    record New(
            Long projectId,
            String name,
            String description,
            String secretHash,
            int durationDays,
            Long expiresAt,
            String createdBy) {}

    @SqlQuery("""
            INSERT INTO robot (project_id, name, description, secret_hash, duration_days, expires_at, created_by,
                created_at, updated_at)
            VALUES (:r.projectId, :r.name, :r.description, :r.secretHash, :r.durationDays, :r.expiresAt, :r.createdBy,
                :now, :now)
            RETURNING id
            """)
    long insert(@BindMethods("r") New robot, @Bind("now") long now);

    @SqlUpdate("""
            UPDATE robot SET description = :description, disabled = :disabled, duration_days = :days,
                expires_at = :expiresAt, updated_at = :now
            WHERE id = :id
            """)
    void update(
            @Bind("id") long id,
            @Bind("description") String description,
            @Bind("disabled") boolean disabled,
            @Bind("days") int days,
            @Bind("expiresAt") Long expiresAt,
            @Bind("now") long now);

    @SqlUpdate("UPDATE robot SET secret_hash = :hash, updated_at = :now WHERE id = :id")
    void updateSecret(@Bind("id") long id, @Bind("hash") String hash, @Bind("now") long now);

    @SqlUpdate("UPDATE robot SET last_used_at = :now WHERE id = :id")
    void used(@Bind("id") long id, @Bind("now") long now);

    @SqlUpdate("DELETE FROM robot WHERE id = :id")
    int delete(@Bind("id") long id);
}
