package io.berth.harbor;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.sqlobject.SqlObject;

/** SQL that is put together for a list: fixed pieces, bound values. */
interface RowsDao extends SqlObject {
    int FETCHED = 500;

    default List<Row> rows(String sql, Map<String, ?> values) {
        return query(sql, values).mapToMap().map(Row::new).list();
    }

    /** One row after the other, so that memory holds few of them. */
    default void each(String sql, Map<String, ?> values, Consumer<Row> taker) {
        query(sql, values)
                .setFetchSize(FETCHED)
                .mapToMap()
                .useIterator(rows -> rows.forEachRemaining(row -> taker.accept(new Row(row))));
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
