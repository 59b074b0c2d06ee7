package io.berth.db;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of readers of the change feed. */
@RegisterConstructorMapper(FeedReader.Entry.class)
interface FeedReaderDao {
    @SqlUpdate("""
            INSERT INTO change_cursor (reader, seq, updated_at) VALUES (:reader, 0, :now)
            ON CONFLICT (reader) DO NOTHING
            """)
    void register(@Bind("reader") String reader, @Bind("now") long now);

    @SqlQuery("SELECT seq FROM change_cursor WHERE reader = :reader")
    Optional<Long> cursor(@Bind("reader") String reader);

    // The row's lock keeps the same reader on another node out.
    @SqlQuery("UPDATE change_cursor SET updated_at = :now WHERE reader = :reader RETURNING seq")
    long lock(@Bind("reader") String reader, @Bind("now") long now);

    @SqlQuery("""
            SELECT seq, kind, key, payload, actor, credential, client, request_id, rule, at
            FROM change WHERE seq > :after AND seq <= :settled ORDER BY seq LIMIT :limit
            """)
    List<FeedReader.Entry> after(@Bind("after") long after, @Bind("settled") long settled, @Bind("limit") int limit);

    @SqlQuery("SELECT COALESCE(MAX(seq), 0) FROM change")
    long last();

    @SqlUpdate("UPDATE change_cursor SET seq = :seq, updated_at = :now WHERE reader = :reader")
    void move(@Bind("reader") String reader, @Bind("seq") long seq, @Bind("now") long now);
}
