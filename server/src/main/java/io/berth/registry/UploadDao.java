package io.berth.registry;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of unfinished uploads. */
@RegisterConstructorMapper(UploadDao.UploadRow.class)
interface UploadDao {
    record UploadRow(
            String id,
            String repository,
            String principal,
            String algorithm,
            String store,
            long generation,
            long size,
            long createdAt) {}

    @SqlUpdate("""
            INSERT INTO upload (id, repository, principal, algorithm, store, generation, size, created_at, updated_at)
            VALUES (:u.id, :u.repository, :u.principal, :u.algorithm, :u.store, :u.generation, :u.size, :u.createdAt,
                :u.createdAt)
            """)
    void insert(@BindMethods("u") UploadRow upload);

    @SqlQuery("""
            SELECT id, repository, principal, algorithm, store, generation, size, created_at FROM upload WHERE id = :id
            """)
    Optional<UploadRow> find(@Bind("id") String id);

    @SqlQuery("SELECT id, repository, principal, algorithm, store, generation, size, created_at FROM upload")
    List<UploadRow> all();

    @SqlQuery("SELECT COUNT(*) FROM upload")
    long count();

    @SqlUpdate("UPDATE upload SET updated_at = :now, size = :size WHERE id = :id")
    void touch(@Bind("id") String id, @Bind("size") long size, @Bind("now") long now);

    @SqlUpdate("""
            UPDATE upload SET updated_at = CASE WHEN updated_at > :now THEN :now ELSE updated_at END,
                created_at = CASE WHEN created_at > :now THEN :now ELSE created_at END
            WHERE updated_at > :now OR created_at > :now
            """)
    int touchNotAfter(@Bind("now") long now);

    @SqlUpdate("DELETE FROM upload WHERE id = :id")
    int delete(@Bind("id") String id);

    @SqlQuery("""
            SELECT id, repository, principal, algorithm, store, generation, size, created_at FROM upload
            WHERE updated_at < :idleSince OR created_at < :openSince LIMIT 1000
            """)
    List<UploadRow> expired(@Bind("idleSince") long idleSince, @Bind("openSince") long openSince);
}
