package io.berth.site;

import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/** SQL of the site's settings, which share their table with others under the prefix {@code site.}. */
@RegisterConstructorMapper(SettingDao.Row.class)
interface SettingDao {
    record Row(String name, String value) {}

    @SqlQuery("SELECT substr(name, 6) AS name, value FROM setting WHERE name LIKE 'site.%'")
    List<Row> all();

    @SqlUpdate("""
            INSERT INTO setting (name, value) VALUES ('site.' || :name, :value)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """)
    void put(@Bind("name") String name, @Bind("value") String value);
}
