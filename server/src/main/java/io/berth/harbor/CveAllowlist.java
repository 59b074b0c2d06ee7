package io.berth.harbor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.berth.http.JsonBody;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SortedMap;

/**
 * Vulnerabilities that do not count, of a project or of the site. It is kept and not used yet: nothing is scanned.
 *
 * @param expiresAt seconds since 1970, null for never
 * @param changedAt milliseconds since 1970, 0 for never
 */
record CveAllowlist(Long expiresAt, List<String> items, long changedAt) {
    /** The setting that holds it. */
    static final String SETTING = "cve_allowlist";

    static final CveAllowlist EMPTY = new CveAllowlist(null, List.of(), 0);

    private static final int MAX_ITEMS = 1000;

    /** @throws OciException {@code BAD_REQUEST} for an id that is empty, too long or there twice */
    static CveAllowlist of(JsonBody body, long now) {
        if (body == null) {
            return EMPTY;
        }
        var items = new LinkedHashSet<String>();
        for (JsonBody item : body.objects("items")) {
            String id = item.text("cve_id", "").strip();
            if (id.isEmpty() || id.length() > 128 || !items.add(id) || items.size() > MAX_ITEMS) {
                throw new OciException(
                        ErrorCode.BAD_REQUEST,
                        "a CVE allowlist has at most " + MAX_ITEMS + " different ids of 1 to 128 characters");
            }
        }
        Long expires = body.number("expires_at");
        return new CveAllowlist(expires == null || expires == 0 ? null : expires, List.copyOf(items), now);
    }

    static CveAllowlist read(String stored) {
        if (stored == null) {
            return EMPTY;
        }
        try {
            JsonNode node = Json.MAPPER.readTree(stored);
            List<String> items = new ArrayList<>();
            node.path("items").forEach(item -> items.add(item.asText()));
            return new CveAllowlist(
                    node.hasNonNull("expires_at") ? node.get("expires_at").asLong() : null,
                    List.copyOf(items),
                    node.path("changed_at").asLong());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a stored CVE allowlist is no JSON", e);
        }
    }

    String stored() {
        return Json.write(Body.of("expires_at", expiresAt, "items", items, "changed_at", changedAt));
    }

    SortedMap<String, Object> body(long id, Long project) {
        return Body.of(
                "id",
                id,
                "project_id",
                project,
                "creation_time",
                Body.time(project == null ? changedAt : 0),
                "update_time",
                Body.time(project == null ? changedAt : 0),
                "expires_at",
                expiresAt,
                "items",
                items.stream().map(item -> Body.of("cve_id", item)).toList());
    }
}
