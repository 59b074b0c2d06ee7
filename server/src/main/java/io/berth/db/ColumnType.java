package io.berth.db;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;

/** What values of DAOs may be, and how JDBC takes and gives them. */
enum ColumnType {
    TEXT {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getString(column);
        }

        @Override
        void bind(PreparedStatement statement, int place, Object value) throws SQLException {
            if (value == null) {
                statement.setNull(place, Types.VARCHAR);
            } else {
                statement.setString(place, (String) value);
            }
        }
    },
    LONG {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getLong(column);
        }

        @Override
        void bind(PreparedStatement statement, int place, Object value) throws SQLException {
            if (value == null) {
                statement.setNull(place, Types.BIGINT);
            } else {
                statement.setLong(place, (Long) value);
            }
        }
    },
    INT {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getInt(column);
        }

        @Override
        void bind(PreparedStatement statement, int place, Object value) throws SQLException {
            if (value == null) {
                statement.setNull(place, Types.INTEGER);
            } else {
                statement.setInt(place, (Integer) value);
            }
        }
    },
    BOOLEAN {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getBoolean(column);
        }

        @Override
        void bind(PreparedStatement statement, int place, Object value) throws SQLException {
            if (value == null) {
                statement.setNull(place, Types.BOOLEAN);
            } else {
                statement.setBoolean(place, (Boolean) value);
            }
        }
    },
    BYTES {
        @Override
        Object read(ResultSet rows, int column) throws SQLException {
            return rows.getBytes(column);
        }

        @Override
        void bind(PreparedStatement statement, int place, Object value) throws SQLException {
            if (value == null) {
                statement.setNull(place, Types.BINARY);
            } else {
                statement.setBytes(place, (byte[]) value);
            }
        }
    };

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
    abstract void bind(PreparedStatement statement, int place, Object value) throws SQLException;
}
