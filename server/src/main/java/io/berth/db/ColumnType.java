package io.berth.db;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;

/** What values of DAOs may be, and how JDBC takes and gives them. */
enum ColumnType {
    TEXT(Types.VARCHAR) {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getString(column);
        }

        @Override
        void set(PreparedStatement statement, int place, Object value) throws SQLException {
            statement.setString(place, (String) value);
        }
    },
    LONG(Types.BIGINT) {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getLong(column);
        }

        @Override
        void set(PreparedStatement statement, int place, Object value) throws SQLException {
            statement.setLong(place, (Long) value);
        }
    },
    INT(Types.INTEGER) {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getInt(column);
        }

        @Override
        void set(PreparedStatement statement, int place, Object value) throws SQLException {
            statement.setInt(place, (Integer) value);
        }
    },
    BOOLEAN(Types.BOOLEAN) {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getBoolean(column);
        }

        @Override
        void set(PreparedStatement statement, int place, Object value) throws SQLException {
            statement.setBoolean(place, (Boolean) value);
        }
    },
    BYTES(Types.BINARY) {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getBytes(column);
        }

        @Override
        void set(PreparedStatement statement, int place, Object value) throws SQLException {
            statement.setBytes(place, (byte[]) value);
        }
    };

    private final int sqlType;

    ColumnType(int sqlType) {
        this.sqlType = sqlType;
    }

    /** The type for {@code type}, or null for one that no column is. */
    static ColumnType of(Class<?> type) {
        if (type == String.class) {
            return TEXT;
        }
        if (type == long.class || type == Long.class) {
            return LONG;
        }
        if (type == int.class || type == Integer.class) {
            return INT;
        }
        if (type == boolean.class || type == Boolean.class) {
            return BOOLEAN;
        }
        return type == byte[].class ? BYTES : null;
    }

    /** The value, for a number or boolean that is NULL one that nobody should see: ask {@link ResultSet#wasNull}. */
    abstract Object read(ResultSet rows, int column) throws SQLException;

    /** Sets the parameter; {@code value} may be null. */
    void bind(PreparedStatement statement, int place, Object value) throws SQLException {
        if (value == null) {
            statement.setNull(place, sqlType);
        } else {
            set(statement, place, value);
        }
    }

    abstract void set(PreparedStatement statement, int place, Object value) throws SQLException;
}
