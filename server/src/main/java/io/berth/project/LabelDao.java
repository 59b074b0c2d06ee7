package io.berth.project;

import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of labels. */
@RegisterConstructorMapper(Labels.Label.class)
interface LabelDao {
    @SqlQuery("""
            SELECT l.id, l.project_id, p.name AS project, l.name, l.description, l.color, l.created_at, l.updated_at
            FROM label l LEFT JOIN project p ON p.id = l.project_id WHERE l.id = :id
            """)
    Optional<Labels.Label> find(@Bind("id") long id);

    /** Of all projects where {@code project} is 0. */
    @SqlQuery("SELECT COUNT(*) FROM label WHERE COALESCE(project_id, 0) = :project AND name = :name AND id <> :except")
    int count(@Bind("project") long project, @Bind("name") String name, @Bind("except") long except);

    @SqlQuery("""
            INSERT INTO label (project_id, name, description, color, created_at, updated_at)
            VALUES (:project, :name, :description, :color, :now, :now) RETURNING id
            """)
    long insert(
            @Bind("project") Long project,
            @Bind("name") String name,
            @Bind("description") String description,
            @Bind("color") String color,
            @Bind("now") long now);

    @SqlUpdate("""
            UPDATE label SET name = :name, description = :description, color = :color, updated_at = :now WHERE id = :id
            """)
    void update(
            @Bind("id") long id,
            @Bind("name") String name,
            @Bind("description") String description,
            @Bind("color") String color,
            @Bind("now") long now);

    @SqlUpdate("DELETE FROM label WHERE id = :id")
    void delete(@Bind("id") long id);

    @SqlUpdate("""
            INSERT INTO manifest_label (manifest_id, label_id) VALUES (:manifest, :label)
            ON CONFLICT (manifest_id, label_id) DO NOTHING
            """)
    int attach(@Bind("manifest") long manifest, @Bind("label") long label);

    @SqlUpdate("DELETE FROM manifest_label WHERE manifest_id = :manifest AND label_id = :label")
    int detach(@Bind("manifest") long manifest, @Bind("label") long label);
}
