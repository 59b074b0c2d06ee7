package io.berth.db;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Makes a value of each row: of its first column, or a record of the columns with the names of its components
 * ({@code media_type} for {@code mediaType}), of which there may be more. Thread-safe.
 */
final class RowReader {
    private final Class<?> type;
    private final Column[] columns;
    private final Constructor<?> constructor;
    private volatile int[] places;

    private record Column(String name, Class<?> type, boolean optional, ColumnType how) {
        static Column of(String name, Type declared) {
            boolean optional = declared instanceof ParameterizedType generic && generic.getRawType() == Optional.class;
            Type inner = optional ? ((ParameterizedType) declared).getActualTypeArguments()[0] : declared;
            ColumnType how = null;
            if (inner instanceof Class<?> type) {
                how = type.isEnum() ? ColumnType.TEXT : ColumnType.of(type);
            }
            if (how == null) {
                throw new IllegalArgumentException(name + " is a " + declared.getTypeName() + ", which no column is");
            }
            return new Column(name, (Class<?>) inner, optional, how);
        }

        Object read(ResultSet rows, int place) throws SQLException {
            Object value = how.read(rows, place);
            if (value == null || !type.isPrimitive() && rows.wasNull()) {
                value = null;
            } else if (type.isEnum()) {
                value = constant((String) value);
            }
            return optional ? Optional.ofNullable(value) : value;
        }

        private Object constant(String name) {
            return Arrays.stream(type.getEnumConstants())
                    .filter(constant -> ((Enum<?>) constant).name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no " + type.getSimpleName() + " is called " + name));
        }
    }

    /** @throws IllegalArgumentException when rows cannot become values of {@code type} */
    RowReader(Class<?> type) {
        this.type = type;
        if (!type.isRecord()) {
            constructor = null;
            columns = new Column[] {Column.of("the value", type)};
            places = new int[] {1};
            return;
        }
        RecordComponent[] components = type.getRecordComponents();
        columns = Arrays.stream(components)
                .map(component -> Column.of(component.getName(), component.getGenericType()))
                .toArray(Column[]::new);
        try {
            constructor = type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.setAccessible(true);
        } catch (NoSuchMethodException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** The value of the row that {@code rows} is at. */
    Object read(ResultSet rows) throws SQLException {
        if (constructor == null) {
            return columns[0].read(rows, 1);
        }
        int[] at = places(rows);
        var values = new Object[columns.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = columns[i].read(rows, at[i]);
        }
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    // The same statement has the same columns every time.
    private int[] places(ResultSet rows) throws SQLException {
        int[] known = places;
        if (known == null) {
            Map<String, Integer> byName = new HashMap<>();
            ResultSetMetaData data = rows.getMetaData();
            for (int i = 1; i <= data.getColumnCount(); i++) {
                byName.putIfAbsent(plain(data.getColumnLabel(i)), i);
            }
            known = new int[columns.length];
            for (int i = 0; i < known.length; i++) {
                String name = columns[i].name();
                Integer place = byName.get(plain(name));
                if (place == null) {
                    throw new IllegalStateException("no column for " + type.getSimpleName() + "." + name);
                }
                known[i] = place;
            }
            places = known;
        }
        return known;
    }

    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(Locale.ROOT);
    }
}
