package io.berth.db;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
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
                        CachedStatement hit = cached.get(sql);
                        if (hit != null && hit.take()) {
                            return hit.proxy;
                        }
                        var statement = (PreparedStatement) invoke(connection, method, args);
                        if (hit != null || cached.size() >= 256) {
                            return statement; // in use, or too many: not kept
                        }
                        var entry = new CachedStatement(statement);
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
        private boolean inUse = true;

        CachedStatement(PreparedStatement statement) {
            this.statement = statement;
            proxy = (PreparedStatement) Proxy.newProxyInstance(
                    PreparedStatement.class.getClassLoader(),
                    new Class<?>[] {PreparedStatement.class},
                    (p, method, args) -> {
                        if ("close".equals(method.getName())) {
                            release();
                            return null;
                        }
                        return invoke(statement, method, args);
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
                // Its result set has been closed before, which ends its read.
                statement.clearParameters();
                inUse = false;
            }
        }
    }
}
