package io.berth.harbor;

import java.util.Map;

/** A row of a list, by the names of its columns. */
record Row(Map<String, Object> columns) {

    String text(String name) {
        Object value = columns.get(name);
        return value == null ? null : value.toString();
    }

    boolean has(String name) {
        return columns.get(name) != null;
    }

    long number(String name) {
        return columns.get(name) instanceof Number number ? number.longValue() : 0;
    }

    /** SQLite has no booleans. */
    boolean flag(String name) {
        Object value = columns.get(name);
        return value instanceof Boolean flag ? flag : value instanceof Number number && number.intValue() != 0;
    }

    byte[] bytes(String name) {
        return (byte[]) columns.get(name);
    }
}
