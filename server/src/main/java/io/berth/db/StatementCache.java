package io.berth.db;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;

/**
 * Keeps a connection's prepared statements, since SQLite's driver compiles each statement anew. Everything else goes
 * through unchanged. For connections that one thread uses.
 */
final class StatementCache {
    private StatementCache() {}

    static Connection wrap(Connection connection) {
        var cached = new HashMap<String, CachedStatement>();
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, args) -> {
                    if ("prepareStatement".equals(method.getName())) {
                        var sql = (String) args[0];
                        if (sql.startsWith(Database.RARE)) {
                            return invoke(connection, method, args);
                        }
                        CachedStatement hit = cached.get(sql);
                        if (hit != null && hit.take()) {
                            return hit.proxy;
                        }
                        var statement = (PreparedStatement) invoke(connection, method, args);
                        if (hit != null || cached.size() >= 256) {
                            return statement; // in use, or too many: not kept
                        }
                        var entry = new CachedStatement(statement, () -> cached.remove(sql));
                        cached.put(sql, entry);
                        return entry.proxy;
                    }
                    return invoke(connection, method, args);
                });
    }

    private static Object invoke(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static final class CachedStatement {
        private final PreparedStatement statement;
        private final PreparedStatement proxy;
        private final Runnable forget;
        private ResultSet rows;
        private boolean inUse = true;

        CachedStatement(PreparedStatement statement, Runnable forget) {
            this.statement = statement;
            this.forget = forget;
            proxy = (PreparedStatement) Proxy.newProxyInstance(
                    PreparedStatement.class.getClassLoader(),
                    new Class<?>[] {PreparedStatement.class},
                    (p, method, args) -> {
                        if ("close".equals(method.getName())) {
                            release();
                            return null;
                        }
                        Object result = invoke(statement, method, args);
                        if (result instanceof ResultSet opened) {
                            rows = opened;
                        }
                        return result;
                    });
        }

        boolean take() {
            if (inUse) {
                return false;
            }
            inUse = true;
            return true;
        }

        private void release() throws SQLException {
            if (inUse) {
                inUse = false;
                try {
                    if (rows != null) {
                        rows.close(); // a read that goes on pins the log of the database
                        rows = null;
                    }
                    statement.clearParameters();
                } catch (SQLException e) {
                    forget.run(); // the driver ends a statement that met an error of the disk
                    statement.close();
                }
            }
        }
    }
}
