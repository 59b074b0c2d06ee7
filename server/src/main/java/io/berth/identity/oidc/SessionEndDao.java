package io.berth.identity.oidc;

import java.util.Optional;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL that ends browsers' sessions. */
interface SessionEndDao {
    @SqlUpdate("DELETE FROM session WHERE source = :source AND sid = :sid")
    int endSession(@Bind("source") String source, @Bind("sid") String sid);

    @SqlUpdate("""
            DELETE FROM session WHERE source = :source
            AND account_id IN (SELECT id FROM account WHERE source = :source AND subject = :subject)
            """)
    int endAll(@Bind("source") String source, @Bind("subject") String subject);

    @SqlUpdate("""
            DELETE FROM session WHERE source = :source AND sid IS NULL
            AND account_id IN (SELECT id FROM account WHERE source = :source AND subject = :subject)
            """)
    int endNameless(@Bind("source") String source, @Bind("subject") String subject);

    @SqlQuery("SELECT id FROM account WHERE source = :source AND subject = :subject")
    Optional<Long> account(@Bind("source") String source, @Bind("subject") String subject);
}
