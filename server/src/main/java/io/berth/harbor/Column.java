package io.berth.harbor;

/**
 * A column that lists may be filtered and ordered by.
 *
 * @param sql an expression
 */
record Column(String sql, Kind kind) {
    enum Kind {
        TEXT,
        NUMBER,
        /** Milliseconds since 1970, written as {@code 2020-04-09 02:36:00}. */
        TIME,
        FLAG
    }

    static Column text(String sql) {
        return new Column(sql, Kind.TEXT);
    }

    static Column number(String sql) {
        return new Column(sql, Kind.NUMBER);
    }

    static Column time(String sql) {
        return new Column(sql, Kind.TIME);
    }

    static Column flag(String sql) {
        return new Column(sql, Kind.FLAG);
    }
}
