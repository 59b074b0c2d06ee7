package io.berth.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The search as commands ask for it that reach a running server: {@code {"filter":{..},"limit":n,"after":{"at":..,"id":..}}}
 * is answered {@code {"entries":[..],"after":{..}}}, where {@code after} asks for the next page, if there may be one; with
 * {@code "count":true} it is {@code {"count":n}}.
 */
public final class AuditRequests implements Function<JsonNode, Map<String, Object>> {
    /** What such a request is called. */
    public static final String NAME = "audit";

    private static final int MOST = 500;

    private final AuditLog log;

    public AuditRequests(AuditLog log) {
        this.log = log;
    }

    /** How pages are asked for: takes a request, gives the answer. */
    @FunctionalInterface
    public interface Server {
        /** @throws java.io.UncheckedIOException when it cannot be asked */
        JsonNode ask(Map<String, ?> request);
    }

    @Override
    public Map<String, Object> apply(JsonNode request) {
        try {
            return answer(request);
        } catch (IllegalArgumentException e) {
            return Map.of("error", e.getMessage());
        }
    }

    private Map<String, Object> answer(JsonNode request) {
        Map<String, String> texts = new HashMap<>();
        request.path("filter")
                .properties()
                .forEach(field -> texts.put(field.getKey(), field.getValue().asText()));
        AuditFilter filter = AuditFilter.parse(texts);
        if (request.path("count").asBoolean()) {
            return Map.of("count", log.count(filter));
        }
        JsonNode after = request.path("after");
        var place = after.isObject()
                ? new AuditLog.Place(after.path("at").asLong(), after.path("id").asLong())
                : null;
        int limit = Math.clamp(request.path("limit").asInt(MOST), 1, MOST);
        List<AuditEntry> entries = log.page(filter, place, limit);
        var answer = new LinkedHashMap<String, Object>();
        answer.put("entries", entries.stream().map(AuditJson::of).toList());
        if (entries.size() == limit) {
            var last = AuditLog.Place.of(entries.getLast());
            answer.put("after", Map.of("at", last.at(), "id", last.id()));
        }
        return answer;
    }

    /** What is at the other end of {@code server}, page by page: {@link AuditLog#each} from afar. */
    public static void each(
            Server server, Map<String, String> filter, long most, java.util.function.Consumer<AuditEntry> taker) {
        long left = most;
        JsonNode after = null;
        do {
            var request = new LinkedHashMap<String, Object>();
            request.put("do", NAME);
            request.put("filter", filter);
            request.put("limit", Math.min(MOST, left));
            if (after != null) {
                request.put("after", after);
            }
            JsonNode answer = ask(server, request);
            answer.path("entries").forEach(entry -> taker.accept(AuditJson.entry(entry)));
            left -= answer.path("entries").size();
            after = answer.get("after");
        } while (after != null && left > 0);
    }

    /** {@link AuditLog#count} from afar. */
    public static long count(Server server, Map<String, String> filter) {
        return ask(server, Map.of("do", NAME, "filter", filter, "count", true))
                .path("count")
                .asLong();
    }

    private static JsonNode ask(Server server, Map<String, ?> request) {
        JsonNode answer = server.ask(request);
        if (answer.has("error")) {
            throw new IllegalArgumentException(answer.path("error").asText());
        }
        return answer;
    }
}
