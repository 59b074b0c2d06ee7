package io.berth.db;

import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.sqlobject.config.KeyColumn;
import org.jdbi.v3.sqlobject.config.ValueColumn;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/**
 * A method of a DAO whose SQL is fixed, in the terms of JDBI's SqlObject: arguments by {@link Bind}, {@link BindMethods} or
 * their names, rows to values or records, one by one or in an {@link Optional}, a list, a set or a map. Thread-safe.
 */
final class SqlMethod {
    private final String sql;
    private final boolean query;
    private final Parameter[] parameters;
    private final Result result;
    private final boolean large;

    private record Parameter(int argument, Method accessor, ColumnType how) {
        Object value(Object[] arguments) {
            Object value = arguments[argument];
            if (accessor == null) {
                return value;
            }
            try {
                return accessor.invoke(value);
            } catch (InvocationTargetException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @FunctionalInterface
    private interface Result {
        Object read(ResultSet rows) throws SQLException;
    }

    /** @throws IllegalArgumentException when the method is not of this kind */
    SqlMethod(Method method) {
        SqlQuery asked = method.getAnnotation(SqlQuery.class);
        query = asked != null;
        NamedSql named = NamedSql.parse(
                query ? asked.value() : method.getAnnotation(SqlUpdate.class).value());
        sql = named.text();
        parameters = named.names().stream().map(name -> parameter(method, name)).toArray(Parameter[]::new);
        result = query ? result(method) : null;
        large = List.of(parameters).stream().anyMatch(parameter -> parameter.how() == ColumnType.BYTES);
        if (!query && method.getReturnType() != void.class && method.getReturnType() != int.class) {
            throw unsupported(method, "an update returns nothing or the number of rows");
        }
    }

    /** The statement's text for {@link java.sql.Connection#prepareStatement(String)}. */
    String sql() {
        return sql;
    }

    /** Runs the statement, which was made of {@link #sql}; the result is read to its end. */
    Object run(PreparedStatement statement, Object[] arguments) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            parameters[i].how().bind(statement, i + 1, parameters[i].value(arguments));
        }
        Object outcome;
        if (query) {
            try (ResultSet rows = statement.executeQuery()) {
                outcome = result.read(rows);
            }
        } else {
            outcome = statement.executeUpdate();
        }
        if (large) {
            statement.clearParameters(); // or it would hold them until its next use
        }
        return outcome;
    }

    private static Parameter parameter(Method method, String name) {
        int dot = name.indexOf('.');
        String first = dot < 0 ? name : name.substring(0, dot);
        Annotation[][] annotations = method.getParameterAnnotations();
        java.lang.reflect.Parameter[] arguments = method.getParameters();
        for (int i = 0; i < annotations.length; i++) {
            Class<?> type = method.getParameterTypes()[i];
            if (annotations[i].length == 0 && arguments[i].getName().equals(name)) {
                return new Parameter(i, null, how(method, type));
            }
            for (Annotation annotation : annotations[i]) {
                if (dot < 0 && annotation instanceof Bind bind && bind.value().equals(first)) {
                    return new Parameter(i, null, how(method, type));
                }
                if (dot >= 0
                        && annotation instanceof BindMethods bind
                        && bind.value().equals(first)) {
                    return new Parameter(
                            i,
                            accessor(method, type, name.substring(dot + 1)),
                            how(
                                    method,
                                    accessor(method, type, name.substring(dot + 1))
                                            .getReturnType()));
                }
            }
        }
        throw unsupported(method, "nothing is bound to :" + name);
    }

    private static Method accessor(Method method, Class<?> type, String name) {
        try {
            Method accessor = type.getMethod(name);
            accessor.setAccessible(true);
            return accessor;
        } catch (NoSuchMethodException e) {
            throw unsupported(method, type.getSimpleName() + " has no method " + name);
        }
    }

    private static ColumnType how(Method method, Class<?> type) {
        ColumnType how = ColumnType.of(type);
        if (how == null) {
            throw unsupported(method, "a " + type.getName() + " cannot be bound");
        }
        return how;
    }

    private static Result result(Method method) {
        Type returned = method.getGenericReturnType();
        if (returned instanceof Class<?> type) {
            var reader = new RowReader(type);
            return rows -> {
                if (rows.next()) {
                    return reader.read(rows);
                }
                if (type.isPrimitive()) {
                    throw new IllegalStateException("no row for " + method.getName());
                }
                return null;
            };
        }
        var generic = (ParameterizedType) returned;
        Type[] arguments = generic.getActualTypeArguments();
        Class<?> container = (Class<?>) generic.getRawType();
        if (container == Map.class) {
            return map(method, arguments);
        }
        var reader = new RowReader((Class<?>) arguments[0]);
        if (container == Optional.class) {
            return rows -> {
                Object value = rows.next() ? reader.read(rows) : null;
                if (value != null && rows.next()) {
                    throw new IllegalStateException("more than one row for " + method.getName());
                }
                return Optional.ofNullable(value);
            };
        }
        if (container == List.class) {
            return rows -> all(rows, reader, new ArrayList<>());
        }
        if (container == Set.class) {
            return rows -> all(rows, reader, new LinkedHashSet<>());
        }
        throw unsupported(method, "rows cannot be returned as " + returned);
    }

    private static Collection<Object> all(ResultSet rows, RowReader reader, Collection<Object> into)
            throws SQLException {
        while (rows.next()) {
            into.add(reader.read(rows));
        }
        return into;
    }

    private static Result map(Method method, Type[] types) {
        KeyColumn key = method.getAnnotation(KeyColumn.class);
        ValueColumn value = method.getAnnotation(ValueColumn.class);
        if (key == null || value == null || types[0] != String.class || types[1] != String.class) {
            throw unsupported(method, "a map is of text to text, from columns that are named");
        }
        return rows -> {
            var map = new LinkedHashMap<String, String>();
            while (rows.next()) {
                map.put(rows.getString(key.value()), rows.getString(value.value()));
            }
            return map;
        };
    }

    private static IllegalArgumentException unsupported(Method method, String why) {
        return new IllegalArgumentException(
                method.getDeclaringClass().getSimpleName() + "." + method.getName() + ": " + why);
    }
}
