package io.berth.token;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the keys that tokens are signed with. */
@RegisterConstructorMapper(SigningKeyDao.Row.class)
interface SigningKeyDao {
    record Row(String id, String publicKey, long signsFrom, Long retiresAt) {}

    @SqlQuery("SELECT id, public_key, signs_from, retires_at FROM signing_key ORDER BY signs_from, id")
    List<Row> all();

    @SqlUpdate("""
            INSERT INTO signing_key (id, algorithm, public_key, created_at, signs_from)
            VALUES (:id, 'ES256', :publicKey, :now, :now)
            """)
    void insert(@Bind("id") String id, @Bind("publicKey") String publicKey, @Bind("now") long now);

    @SqlUpdate("UPDATE signing_key SET retires_at = :at WHERE retires_at IS NULL AND id <> :except")
    void retireOthers(@Bind("except") String except, @Bind("at") long at);

    @SqlUpdate("DELETE FROM signing_key WHERE retires_at < :now")
    int deleteRetired(@Bind("now") long now);
}
