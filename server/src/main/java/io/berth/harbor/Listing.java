package io.berth.harbor;

import io.berth.access.TagFilter;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.ApiCall;
import io.berth.http.Paging;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A list as a client asks for it: {@code q} and {@code sort} become SQL with bound values over columns that are allowed;
 * keys that a list does not have are ignored, as Harbor does. For one request.
 */
final class Listing {
    private static final int FEW = 2_000;
    private static final int PIECE = 100;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

    private final ApiCall call;
    private final Paging paging;
    private final Filter filter;
    private final List<String> conditions = new ArrayList<>();
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final String order;
    private String finds;
    private String knows;

    /**
     * @param columns by the name that clients use
     * @param fallbackOrder the order when none is asked for, which also decides between equals
     */
    Listing(ApiCall call, Map<String, Column> columns, String fallbackOrder) {
        this.call = call;
        paging = Paging.of(call);
        filter = Filter.parse(call.query("q"));
        filter.terms().forEach((key, term) -> {
            Column column = columns.get(key);
            if (column != null) {
                conditions.add(condition(column, term));
            }
        });
        order = order(call.query("sort"), columns, fallbackOrder);
    }

    Filter filter() {
        return filter;
    }

    /** A condition more, with the names and values that it binds. */
    Listing where(String sql, Object... namesAndValues) {
        conditions.add(sql);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return this;
    }

    /**
     * What the caller may see, in two forms of the same.
     *
     * @param finds the form by which few rows are found
     * @param knows the form that is asked of one row after the other
     */
    Listing whereVisible(String finds, String knows) {
        this.finds = finds;
        this.knows = knows;
        return this;
    }

    Listing bind(Map<String, ?> more) {
        values.putAll(more);
        return this;
    }

    /** The column contains {@code text}, in any case. */
    Listing contains(Column column, String text) {
        if (text != null && !text.isEmpty()) {
            conditions.add(condition(column, new Filter.Term.Contains(text)));
        }
        return this;
    }

    /** The column is equal to {@code text}, unless that is null or empty. */
    Listing equal(Column column, String text) {
        if (text != null && !text.isEmpty()) {
            conditions.add(condition(column, new Filter.Term.Equal(text)));
        }
        return this;
    }

    /** A page and how many there are. */
    record Page<T>(long total, List<T> items) {}

    /**
     * Reads the page.
     *
     * @param select the columns
     * @param from the tables, with joins and without conditions
     */
    Page<Row> read(Tx tx, String select, String from) {
        RowsDao dao = tx.dao(RowsDao.class);
        long total = dao.count("SELECT COUNT(*) FROM " + from + where(finds), values);
        Map<String, Object> all = new LinkedHashMap<>(values);
        all.put("limit", paging.limit());
        all.put("offset", paging.offset());
        List<Row> rows = dao.rows(
                "SELECT " + select + " FROM " + from + where(total <= FEW ? finds : knows) + " ORDER BY " + order
                        + " LIMIT :limit OFFSET :offset",
                all);
        return new Page<>(total, rows);
    }

    /**
     * How rows are told apart, and what their tags are called.
     *
     * @param key a column, by which rows that are one lie together in the list's order
     * @param join to the tags, may be empty
     * @param name the tag's column
     */
    record Tagged(String key, String join, String name) {}

    /**
     * The same of those rows alone that have a tag which {@code visible} lets through. Its patterns are no SQL: names are
     * compared one after the other, so that neither memory nor a statement has to hold all tags of a repository.
     */
    Page<Row> read(Tx tx, String select, String from, Tagged tagged, TagFilter visible) {
        RowsDao dao = tx.dao(RowsDao.class);
        var keys = new ArrayList<Object>();
        long[] total = {0};
        Object[] last = {null};
        dao.each(
                "SELECT " + tagged.key() + " AS row_key, " + tagged.name() + " AS row_tag FROM " + from + tagged.join()
                        + where(finds) + " ORDER BY " + order,
                values,
                row -> {
                    Object key = row.columns().get("row_key");
                    if (key.equals(last[0]) || !visible.contains(row.text("row_tag"))) {
                        return;
                    }
                    last[0] = key;
                    if (total[0] >= paging.offset() && keys.size() < paging.limit()) {
                        keys.add(key);
                    }
                    total[0]++;
                });
        return new Page<>(total[0], byKeys(dao, select, from, tagged.key(), keys));
    }

    private List<Row> byKeys(RowsDao dao, String select, String from, String key, List<Object> keys) {
        List<Row> rows = new ArrayList<>();
        for (int at = 0; at < keys.size(); at += PIECE) {
            Map<String, Object> all = new LinkedHashMap<>(values);
            List<Object> piece = keys.subList(at, Math.min(keys.size(), at + PIECE));
            for (int i = 0; i < piece.size(); i++) {
                all.put("key" + i, piece.get(i));
            }
            String named =
                    IntStream.range(0, piece.size()).mapToObj(i -> ":key" + i).collect(Collectors.joining(", "));
            rows.addAll(dao.rows(
                    "SELECT " + select + " FROM " + from + where(key + " IN (" + named + ")") + " ORDER BY " + order,
                    all));
        }
        return rows;
    }

    private String where(String visible) {
        List<String> all = new ArrayList<>(conditions);
        if (visible != null) {
            all.add(visible);
        }
        return all.isEmpty() ? "" : " WHERE (" + String.join(") AND (", all) + ")";
    }

    /** Reads the page and answers with it. */
    void answer(Database database, String select, String from, Function<Row, Object> body) {
        Page<Row> page = database.read(tx -> read(tx, select, from));
        answer(page.total(), page.items().stream().map(body).toList());
    }

    void answer(long total, List<?> items) {
        paging.answer(call, total, items);
    }

    private String condition(Column column, Filter.Term term) {
        return switch (term) {
            case Filter.Term.Equal(String value) -> column.sql() + " = " + bound(column, value);
            case Filter.Term.Contains(String value) -> containing(column, value);
            case Filter.Term.Range(String from, String to) -> {
                List<String> ends = new ArrayList<>();
                if (from != null) {
                    ends.add(column.sql() + " >= " + bound(column, from));
                }
                if (to != null) {
                    ends.add(column.sql() + " <= " + bound(column, to));
                }
                yield ends.isEmpty() ? "1 = 1" : String.join(" AND ", ends);
            }
            case Filter.Term.AnyOf(List<String> any) ->
                column.sql() + " IN ("
                        + String.join(
                                ", ",
                                any.stream().map(value -> bound(column, value)).toList()) + ")";
            case Filter.Term.AllOf ignored -> "1 = 1"; // of a column that has one value, Harbor ignores it
        };
    }

    private String containsText(String sql, String value) {
        return "lower(" + sql + ") LIKE " + bound(pattern(value)) + " ESCAPE '!'";
    }

    /** A pattern of LIKE for texts in lower case that contain {@code value}; its escape is an exclamation mark. */
    static String pattern(String value) {
        String escaped = value.toLowerCase(Locale.ROOT)
                .replace("!", "!!")
                .replace("%", "!%")
                .replace("_", "!_");
        return "%" + escaped + "%";
    }

    private String containing(Column column, String value) {
        return switch (column.kind()) {
            case TEXT -> containsText(column.sql(), value);
            case NUMBER, TIME, FLAG -> containsText("CAST(" + column.sql() + " AS TEXT)", value);
        };
    }

    private String bound(Column column, String value) {
        return switch (column.kind()) {
            case TEXT -> bound(value);
            case NUMBER -> bound(number(value));
            case TIME -> bound(time(value));
            case FLAG -> bound(flag(value));
        };
    }

    private String bound(Object value) {
        String name = "v" + values.size();
        values.put(name, value);
        return ":" + name;
    }

    private static long number(String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw invalid(value);
        }
    }

    private static long time(String value) {
        try {
            return LocalDateTime.parse(value.replace('T', ' '), TIME)
                    .toInstant(ZoneOffset.UTC)
                    .toEpochMilli();
        } catch (DateTimeParseException e) {
            throw invalid(value);
        }
    }

    private static boolean flag(String value) {
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw invalid(value);
        };
    }

    private static OciException invalid(String value) {
        return new OciException(ErrorCode.BAD_REQUEST, "invalid query string value: " + value);
    }

    private static String order(String sort, Map<String, Column> columns, String fallback) {
        List<String> order = new ArrayList<>();
        for (String key : sort == null ? new String[0] : sort.split(",", 20)) {
            boolean descending = key.startsWith("-");
            Column column = columns.get(descending ? key.substring(1) : key);
            if (column != null) {
                order.add(column.sql() + (descending ? " DESC" : ""));
            }
        }
        order.add(fallback);
        return String.join(", ", order);
    }
}
