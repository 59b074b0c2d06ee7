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
            long size) {}

    @SqlUpdate("""
            INSERT INTO upload (id, repository, principal, algorithm, store, generation, size, created_at, updated_at)
            VALUES (:u.id, :u.repository, :u.principal, :u.algorithm, :u.store, :u.generation, :u.size, :now, :now)
            """)
    void insert(@BindMethods("u") UploadRow upload, @Bind("now") long now);

    @SqlQuery("""
            SELECT id, repository, principal, algorithm, store, generation, size FROM upload WHERE id = :id
            """)
    Optional<UploadRow> find(@Bind("id") String id);

    @SqlQuery("SELECT id, repository, principal, algorithm, store, generation, size FROM upload")
    List<UploadRow> all();

    @SqlQuery("SELECT COUNT(*) FROM upload")
    long count();

    @SqlUpdate("UPDATE upload SET updated_at = :now, size = :size WHERE id = :id")
    void touch(@Bind("id") String id, @Bind("size") long size, @Bind("now") long now);

    @SqlUpdate("UPDATE upload SET updated_at = :now WHERE updated_at > :now")
    int touchNotAfter(@Bind("now") long now);

    @SqlUpdate("DELETE FROM upload WHERE id = :id")
    int delete(@Bind("id") String id);

    @SqlQuery("""
            SELECT id, repository, principal, algorithm, store, generation, size FROM upload
            WHERE updated_at < :before LIMIT 1000
            """)
    List<UploadRow> idleSince(@Bind("before") long before);
}
