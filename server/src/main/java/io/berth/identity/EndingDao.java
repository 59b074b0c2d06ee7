package io.berth.identity;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/**
 * SQL of credentials that end soon: within seven days, and within the last quarter of their life, so that one for a day is
 * not warned of as soon as it is made.
 */
@RegisterConstructorMapper(EndingDao.Ending.class)
interface EndingDao {
    /**
     * One of them.
     *
     * @param owner a robot's project, empty for one of the system; the account of a token
     * @param warnedEnd the end that has been warned of, null for none
     */
    record Ending(long id, String owner, String name, long end, Long warnedEnd) {
        boolean isNews() {
            return warnedEnd == null || warnedEnd != end;
        }
    }

    @SqlQuery("""
            SELECT r.id, COALESCE(p.name, '') AS owner, r.name, r.expires_at AS "end", r.warned_end
            FROM robot r LEFT JOIN project p ON p.id = r.project_id
            WHERE r.expires_at > :now AND r.expires_at - :now <= 604800000
              AND (r.expires_at - :now) * 4 <= r.expires_at - r.created_at AND NOT r.disabled
            ORDER BY r.expires_at, r.id
            """)
    List<Ending> robots(@Bind("now") long now);

    @SqlQuery("""
            SELECT t.id, a.name AS owner, t.name, t.expires_at AS "end", t.warned_end
            FROM access_token t JOIN account a ON a.id = t.account_id
            WHERE t.kind <> 'REFRESH' AND t.expires_at > :now AND t.expires_at - :now <= 604800000
              AND (t.expires_at - :now) * 4 <= t.expires_at - t.created_at AND NOT a.disabled
            ORDER BY t.expires_at, t.id
            """)
    List<Ending> tokens(@Bind("now") long now);

    @SqlUpdate("UPDATE robot SET warned_end = :end WHERE id = :id")
    void warnedOfRobot(@Bind("id") long id, @Bind("end") long end);

    @SqlUpdate("UPDATE access_token SET warned_end = :end WHERE id = :id")
    void warnedOfToken(@Bind("id") long id, @Bind("end") long end);
}
