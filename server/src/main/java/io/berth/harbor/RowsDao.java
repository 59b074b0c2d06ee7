package io.berth.harbor;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.sqlobject.SqlObject;

/** SQL that is put together for a list: fixed pieces, bound values. */
interface RowsDao extends SqlObject {

    default List<Row> rows(String sql, Map<String, ?> values) {
        return query(sql, values).mapToMap().map(Row::new).list();
    }

    default Optional<Row> row(String sql, Map<String, ?> values) {
        return rows(sql, values).stream().findFirst();
    }

    default long count(String sql, Map<String, ?> values) {
        return query(sql, values).mapTo(Long.class).one();
    }

    private Query query(String sql, Map<String, ?> values) {
        Query query = getHandle().createQuery(sql);
        query.getConfig(SqlStatements.class).setUnusedBindingAllowed(true);
        return query.bindMap(values);
    }
}
