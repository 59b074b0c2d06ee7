package io.berth.identity;

import io.berth.http.Principal;
import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of credentials that end within some time. */
@RegisterConstructorMapper(EndingDao.Ending.class)
interface EndingDao {
    /**
     * One of them.
     *
     * @param owner a robot's project, empty for one of the system; the account of a token
     * @param warnedEnd the end that has been warned of, null for none
     */
    record Ending(long id, String owner, String name, long begin, long end, Long warnedEnd) {
        boolean isSoon(long now) {
            return new Principal.Lifetime(begin, end).endsSoon(now);
        }

        boolean isNews() {
            return warnedEnd == null || warnedEnd != end;
        }
    }

    @SqlQuery("""
            SELECT r.id, COALESCE(p.name, '') AS owner, r.name, r.created_at AS begin, r.expires_at AS "end", r.warned_end
            FROM robot r LEFT JOIN project p ON p.id = r.project_id
            WHERE r.expires_at > :now AND r.expires_at <= :latest AND NOT r.disabled
            ORDER BY r.expires_at, r.id
            """)
    List<Ending> robots(@Bind("now") long now, @Bind("latest") long latest);

    @SqlQuery("""
            SELECT t.id, a.name AS owner, t.name, t.created_at AS begin, t.expires_at AS "end", t.warned_end
            FROM access_token t JOIN account a ON a.id = t.account_id
            WHERE t.kind <> 'REFRESH' AND t.expires_at > :now AND t.expires_at <= :latest AND NOT a.disabled
            ORDER BY t.expires_at, t.id
            """)
    List<Ending> tokens(@Bind("now") long now, @Bind("latest") long latest);

    @SqlUpdate("UPDATE robot SET warned_end = :end WHERE id = :id")
    void warnedOfRobot(@Bind("id") long id, @Bind("end") long end);

    @SqlUpdate("UPDATE access_token SET warned_end = :end WHERE id = :id")
    void warnedOfToken(@Bind("id") long id, @Bind("end") long end);
}
