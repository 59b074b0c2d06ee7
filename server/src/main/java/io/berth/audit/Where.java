package io.berth.audit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A filter as SQL: conditions of fixed words, and the values that they name. */
record Where(String sql, Map<String, Object> values) {

    /** @param after the place that only older entries are wanted of, or null */
    static Where of(AuditFilter filter, AuditLog.Place after) {
        List<String> conditions = new ArrayList<>();
        Map<String, Object> values = new HashMap<>();
        number(conditions, values, "at >= :from", "from", filter.from());
        number(conditions, values, "at < :to", "to", filter.to());
        text(conditions, values, "operation", filter.operation());
        text(conditions, values, "resource_type", filter.resourceType());
        text(conditions, values, "resource", filter.resource());
        text(conditions, values, "project", filter.project());
        text(conditions, values, "actor", filter.actor());
        text(conditions, values, "client", filter.client());
        text(conditions, values, "request_id", filter.requestId());
        text(conditions, values, "credential", filter.credential());
        text(conditions, values, "rule", filter.rule());
        text(conditions, values, "detail", filter.detail());
        number(conditions, values, "success = :success", "success", filter.success());
        if (after != null) {
            conditions.add("(at, id) < (:afterAt, :afterId)");
            values.put("afterAt", after.at());
            values.put("afterId", after.id());
        }
        return new Where(conditions.isEmpty() ? "true" : String.join(" AND ", conditions), values);
    }

    private static void number(
            List<String> conditions, Map<String, Object> values, String condition, String name, Object value) {
        if (value != null) {
            conditions.add(condition);
            values.put(name, value);
        }
    }

    private static void text(List<String> conditions, Map<String, Object> values, String column, String wanted) {
        if (wanted == null) {
            return;
        }
        if (wanted.indexOf('*') < 0) {
            conditions.add(column + " = :" + column);
            values.put(column, wanted);
        } else {
            conditions.add("lower(" + column + ") LIKE lower(:" + column + ") ESCAPE '!'");
            values.put(column, wanted.replaceAll("[!%_]", "!$0").replace('*', '%'));
        }
    }
}
