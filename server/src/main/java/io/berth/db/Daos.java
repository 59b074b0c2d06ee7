package io.berth.db;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.customizer.BindMap;
import org.jdbi.v3.sqlobject.customizer.Define;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;

/**
 * Implements DAOs, which are interfaces as JDBI's SqlObject knows them. What has fixed SQL runs as a prepared statement
 * that is kept as long as the connection, without JDBI's machinery in between, which cost the writer more than SQLite did
 * (docs/adr/0008). SQL that is put together at run time goes through JDBI, which is not made before: that takes a tenth of
 * what a start takes.
 *
 * <p>For the thread that uses the connection.
 */
final class Daos {
    private static final Map<Method, SqlMethod> METHODS = new ConcurrentHashMap<>();

    private final Connection connection;
    private final Supplier<Handle> jdbi;
    private final Map<Class<?>, Object> made = new HashMap<>();
    private Handle handle;

    /** @param jdbi makes JDBI's handle of {@code connection}; it is asked once, when there is SQL for it */
    Daos(Connection connection, Supplier<Handle> jdbi) {
        this.connection = connection;
        this.jdbi = jdbi;
    }

    Daos(Connection connection) {
        this(connection, () -> withDaos(Jdbi.create(connection)).open());
    }

    /** {@code jdbi}, able to implement DAOs. */
    static Jdbi withDaos(Jdbi jdbi) {
        return jdbi.installPlugin(new SqlObjectPlugin());
    }

    /** The implementation of {@code type} on this connection. */
    <D> D get(Class<D> type) {
        return type.cast(made.computeIfAbsent(type, this::make));
    }

    private Object make(Class<?> type) {
        return SqlObject.class.isAssignableFrom(type)
                ? attach(type)
                : Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new Implementation(type));
    }

    private <D> D attach(Class<D> type) {
        if (handle == null) {
            handle = jdbi.get();
        }
        return handle.attach(type);
    }

    /** Whether the SQL of {@code method} is put together of more than its annotation and its values. */
    static boolean isDynamic(Method method) {
        return Arrays.stream(method.getParameterAnnotations())
                .flatMap(Arrays::stream)
                .anyMatch(annotation -> annotation instanceof Define || annotation instanceof BindMap);
    }

    private final class Implementation implements InvocationHandler {
        private final Class<?> type;
        private final Map<Method, PreparedStatement> statements = new HashMap<>();
        private Object dynamic;

        Implementation(Class<?> type) {
            this.type = type;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            PreparedStatement kept = statements.get(method);
            if (kept != null) {
                return run(method, METHODS.get(method), kept, arguments);
            }
            if (method.isDefault()) {
                return InvocationHandler.invokeDefault(proxy, method, arguments);
            }
            if (!method.isAnnotationPresent(SqlQuery.class) && !method.isAnnotationPresent(SqlUpdate.class)) {
                return ofObject(proxy, method, arguments);
            }
            if (isDynamic(method)) {
                return throughJdbi(method, arguments);
            }
            SqlMethod compiled = METHODS.computeIfAbsent(method, SqlMethod::new);
            PreparedStatement statement;
            try {
                statement = connection.prepareStatement(compiled.sql());
            } catch (SQLException e) {
                throw failed(method, e);
            }
            statements.put(method, statement);
            return run(method, compiled, statement, arguments);
        }

        private Object run(Method method, SqlMethod compiled, PreparedStatement statement, Object[] arguments) {
            try {
                return compiled.run(statement, arguments);
            } catch (SQLException e) {
                // SQLite's driver ends a statement that met an error of the disk.
                statements.remove(method);
                try {
                    statement.close();
                } catch (SQLException suppressed) {
                    e.addSuppressed(suppressed);
                }
                throw failed(method, e);
            }
        }

        private Object throughJdbi(Method method, Object[] arguments) throws Throwable {
            if (dynamic == null) {
                dynamic = attach(type);
            }
            try {
                method.setAccessible(true);
                return method.invoke(dynamic, arguments);
            } catch (java.lang.reflect.InvocationTargetException e) {
                throw e.getCause();
            }
        }

        private Object ofObject(Object proxy, Method method, Object[] arguments) {
            return switch (method.getName()) {
                case "equals" -> proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                case "toString" -> type.getSimpleName();
                default ->
                    throw new IllegalArgumentException(type.getSimpleName() + "." + method.getName() + " has no SQL");
            };
        }

        private DatabaseFailure failed(Method method, SQLException e) {
            return new DatabaseFailure(type.getSimpleName() + "." + method.getName() + ": " + e.getMessage(), e);
        }
    }

    /** A statement failed; what that means is for those to tell who know the database. */
    static final class DatabaseFailure extends RuntimeException {
        DatabaseFailure(String message, SQLException cause) {
            super(message, cause);
        }
    }
}
