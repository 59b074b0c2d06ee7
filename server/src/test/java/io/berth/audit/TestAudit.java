package io.berth.audit;

import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.http.RequestSource;
import java.util.List;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** Entries on a database of a test. */
final class TestAudit {
    /** What breaks lines, quotes, spreadsheets, terminals and markup. */
    static final List<String> HOSTILE = List.of(
            "a\nb\r\nc",
            "\"quoted\",'and',more",
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-1",
            "@SUM(1)",
            "\tx",
            "\u001b[31mred\u0007",
            "100%_[x]\\\"]",
            "ünïcödé 名前 \ud83d\ude00",
            "\u202egnp.exe",
            "'; DROP TABLE audit_entry; --",
            "<script>",
            "\u0000nul");

    private TestAudit() {}

    static AuditEntry entry(long at, String operation, String resource, String actor) {
        return new AuditEntry(
                0, at, operation, "artifact", resource, null, actor, null, null, true, null, null, "{}", null);
    }

    static void write(Database database, AuditEntry... entries) {
        database.write(tx -> {
            for (AuditEntry entry : entries) {
                tx.dao(AuditDao.class).insert(entry);
            }
            return null;
        });
    }

    static List<AuditEntry> all(Database database) {
        return database.read(tx -> tx.dao(AuditDao.class).written(0, Long.MAX_VALUE, 100_000));
    }

    static AuditSink.Event login(String name, boolean success) {
        return login(name, success, "192.0.2.1");
    }

    static AuditSink.Event login(String name, boolean success, String client) {
        return login(success ? "local" : "none", name, success, client);
    }

    static AuditSink.Event login(String source, String name, boolean success, String client) {
        return AuditSink.Event.login(
                source, name, success ? "password:1:x" : "", new RequestSource(client, ""), success, "credential");
    }

    static AuditSink.Event pull(String resource) {
        return new AuditSink.Event(
                "pull", "artifact", resource, "alice", "token:4", "192.0.2.1", "r-1", true, "grant 3");
    }

    static void project(Database database, String name, String pulls) {
        database.write(tx -> {
            tx.dao(Rows.class).project(name);
            tx.dao(Rows.class).setting(name, pulls);
            return null;
        });
    }

    /** SQL of the tests. */
    public interface Rows {
        @SqlUpdate("""
                INSERT INTO project (name, prefix, public, used_bytes, created_at)
                VALUES (:name, :name || '/', false, 0, 0) ON CONFLICT (name) DO NOTHING
                """)
        void project(@Bind("name") String name);

        @SqlUpdate("""
                INSERT INTO project_setting (project_id, name, value)
                SELECT id, 'audit_pulls', :value FROM project WHERE name = :name
                ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value
                """)
        void setting(@Bind("name") String name, @Bind("value") String value);

        @SqlUpdate("UPDATE change_cursor SET seq = 0 WHERE reader = 'audit'")
        void forgetCursor();
    }
}
