package io.berth.audit;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which entries are wanted; every part may be null, for all. A text is compared as it is, unless it has a {@code *}, which
 * stands for any characters; then letters' case does not count either.
 *
 * @param from milliseconds since 1970, inclusive
 * @param to the same, exclusive
 */
public record AuditFilter(
        Long from,
        Long to,
        String operation,
        String resourceType,
        String resource,
        String project,
        String actor,
        String client,
        Boolean success,
        String requestId,
        String credential,
        String rule,
        String detail) {
    public static final AuditFilter EVERYTHING =
            new AuditFilter(null, null, null, null, null, null, null, null, null, null, null, null, null);

    private static final Set<String> NAMES = Set.of(
            "from",
            "to",
            "operation",
            "resource_type",
            "resource",
            "project",
            "actor",
            "client",
            "success",
            "request_id",
            "credential",
            "rule",
            "detail");

    /**
     * Reads one from names and values: {@code from} and {@code to} as 2026-01-31T00:00:00Z, {@code success} as true or
     * false.
     *
     * @throws IllegalArgumentException for what there is not, in words
     */
    public static AuditFilter parse(Map<String, String> texts) {
        for (String name : texts.keySet()) {
            if (!NAMES.contains(name)) {
                throw new IllegalArgumentException(
                        "there is no field '" + name + "': they are " + String.join(", ", new TreeSet<>(NAMES)));
            }
        }
        return new AuditFilter(
                time(texts, "from"),
                time(texts, "to"),
                texts.get("operation"),
                texts.get("resource_type"),
                texts.get("resource"),
                texts.get("project"),
                texts.get("actor"),
                texts.get("client"),
                success(texts.get("success")),
                texts.get("request_id"),
                texts.get("credential"),
                texts.get("rule"),
                texts.get("detail"));
    }

    private static Long time(Map<String, String> texts, String name) {
        String text = texts.get(name);
        try {
            return text == null ? null : Instant.parse(text).toEpochMilli();
        } catch (DateTimeException | ArithmeticException e) {
            throw new IllegalArgumentException(name + ": '" + text + "' is no time such as 2026-01-31T00:00:00Z", e);
        }
    }

    private static Boolean success(String text) {
        return switch (text) {
            case null -> null;
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("success: '" + text + "' is neither true nor false");
        };
    }
}
