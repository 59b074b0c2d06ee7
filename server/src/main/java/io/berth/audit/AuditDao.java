package io.berth.audit;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.KeyColumn;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.config.ValueColumn;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMap;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.customizer.Define;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the audit. What replaces {@code <where>} is made by {@link Where} of fixed words. */
@RegisterConstructorMapper(AuditEntry.class)
interface AuditDao {
    @SqlQuery("SELECT COALESCE(MAX(id), 0) FROM audit_entry")
    long last();

    // A change that has been told of is not told again, whatever became of the cursor.
    @SqlUpdate("""
            INSERT INTO audit_entry (at, operation, resource_type, resource, project, actor, credential, client, success,
                                     rule, request_id, detail, change_seq)
            VALUES (:e.at, :e.operation, :e.resourceType, :e.resource, :e.project, :e.actor, :e.credential, :e.client,
                    :e.success, :e.rule, :e.requestId, :e.detail, :e.changeSeq)
            ON CONFLICT (change_seq) WHERE change_seq IS NOT NULL DO NOTHING
            """)
    int insert(@BindMethods("e") AuditEntry entry);

    @SqlQuery("""
            SELECT id, at, operation, resource_type, resource, project, actor, credential, client, success,
                   rule, request_id, detail, change_seq
            FROM audit_entry WHERE <where> ORDER BY at DESC, id DESC LIMIT :limit
            """)
    List<AuditEntry> newest(@Define("where") String where, @BindMap Map<String, ?> values, @Bind("limit") int limit);

    @SqlQuery("SELECT COUNT(*) FROM audit_entry WHERE <where>")
    long count(@Define("where") String where, @BindMap Map<String, ?> values);

    @SqlQuery("""
            SELECT id, at, operation, resource_type, resource, project, actor, credential, client, success,
                   rule, request_id, detail, change_seq
            FROM audit_entry WHERE id > :after AND id <= :settled ORDER BY id LIMIT :limit
            """)
    List<AuditEntry> written(@Bind("after") long after, @Bind("settled") long settled, @Bind("limit") int limit);

    @SqlUpdate("""
            DELETE FROM audit_entry WHERE id IN
                (SELECT id FROM audit_entry WHERE at < :before ORDER BY at LIMIT :limit)
            """)
    int expire(@Bind("before") long before, @Bind("limit") int limit);

    @SqlQuery("""
            SELECT project.name AS project, project_setting.value AS value
            FROM project_setting JOIN project ON project.id = project_setting.project_id
            WHERE project_setting.name = :setting
            """)
    @KeyColumn("project")
    @ValueColumn("value")
    Map<String, String> ofProjects(@Bind("setting") String setting);

    // How far a forwarder has come lies beside the settings: cursors of the change feed are of other numbers.
    @SqlUpdate("""
            INSERT INTO setting (name, value) VALUES ('audit-cursor.' || :forwarder, CAST(:id AS TEXT))
            ON CONFLICT (name) DO NOTHING
            """)
    void begin(@Bind("forwarder") String forwarder, @Bind("id") long id);

    @SqlQuery("SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'audit-cursor.' || :forwarder")
    Optional<Long> cursor(@Bind("forwarder") String forwarder);

    @SqlUpdate("UPDATE setting SET value = CAST(:id AS TEXT) WHERE name = 'audit-cursor.' || :forwarder")
    void move(@Bind("forwarder") String forwarder, @Bind("id") long id);
}
