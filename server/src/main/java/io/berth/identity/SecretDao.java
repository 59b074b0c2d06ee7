package io.berth.identity;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of encrypted secrets. */
@RegisterConstructorMapper(SecretDao.Row.class)
interface SecretDao {
    record Row(String name, String keyId, byte[] ciphertext) {}

    @SqlQuery("SELECT name, key_id, ciphertext FROM secret WHERE name = :name")
    Optional<Row> find(@Bind("name") String name);

    @SqlQuery("SELECT name, key_id, ciphertext FROM secret WHERE key_id <> :key ORDER BY name")
    List<Row> underOtherKeys(@Bind("key") String key);

    @SqlQuery("SELECT COUNT(*) FROM secret")
    int count();

    @SqlUpdate("""
            INSERT INTO secret (name, key_id, ciphertext, updated_at) VALUES (:name, :key, :ciphertext, :now)
            ON CONFLICT (name) DO UPDATE
            SET key_id = excluded.key_id, ciphertext = excluded.ciphertext, updated_at = excluded.updated_at
            """)
    void put(
            @Bind("name") String name,
            @Bind("key") String key,
            @Bind("ciphertext") byte[] ciphertext,
            @Bind("now") long now);

    @SqlUpdate("DELETE FROM secret WHERE name = :name")
    int delete(@Bind("name") String name);
}
