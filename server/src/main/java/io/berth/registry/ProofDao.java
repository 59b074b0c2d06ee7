package io.berth.registry;

import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of who has pushed what lately. */
interface ProofDao {
    @SqlUpdate("""
            INSERT INTO push_proof (repository_id, digest, principal, good_until)
            VALUES (:repository, :digest, :principal, :until)
            ON CONFLICT (repository_id, digest, principal) DO UPDATE SET good_until = excluded.good_until
            """)
    void put(
            @Bind("repository") long repository,
            @Bind("digest") String digest,
            @Bind("principal") String principal,
            @Bind("until") long until);

    @SqlQuery("""
            SELECT COUNT(*) FROM push_proof
            WHERE repository_id = :repository AND digest = :digest AND principal = :principal AND good_until > :now
            """)
    int count(
            @Bind("repository") long repository,
            @Bind("digest") String digest,
            @Bind("principal") String principal,
            @Bind("now") long now);

    @SqlUpdate("DELETE FROM push_proof WHERE good_until <= :now")
    void deleteEnded(@Bind("now") long now);
}
