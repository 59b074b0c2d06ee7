package io.berth.api;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.access.Permission;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.IdentitySources;
import io.berth.identity.IdentitySources.Configured;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code /identity-sources}: directories and identity providers, in the order in which they are asked. */
final class SourceRoutes {
    private static final String SOURCES = ApiEndpoint.PREFIX + "/identity-sources";
    private static final Permission READ = Permission.parse("configuration:read");

    private final Database database;
    private final Guard guard;
    private final IdentitySources sources;

    SourceRoutes(Database database, Guard guard, IdentitySources sources) {
        this.database = database;
        this.guard = guard;
        this.sources = sources;
    }

    void add(Router router) {
        router.get(SOURCES, this::list)
                .put(ApiEndpoint.PREFIX + "/identity-source-order", this::reorder)
                .get(SOURCES + "/{name}", this::get)
                .put(SOURCES + "/{name}", this::put)
                .delete(SOURCES + "/{name}", this::delete);
    }

    private void list(ApiCall call) {
        guard.require(call, READ);
        call.ok(database.read(tx -> sources.list(tx).stream()
                .map(source -> body(source, sources.secretsOf(tx, source)))
                .toList()));
    }

    private void get(ApiCall call) {
        guard.require(call, READ);
        call.ok(describe(call.path("name"))
                .orElseThrow(
                        () -> new OciException(ErrorCode.NOT_FOUND, "there is no source '" + call.path("name") + "'")));
    }

    private Optional<Map<String, Object>> describe(String name) {
        return database.read(tx -> sources.find(tx, name).map(source -> body(source, sources.secretsOf(tx, source))));
    }

    // Whoever sets a source decides who is who, administrators included.
    private void put(ApiCall call) throws IOException {
        var origin = guard.require(call, Permission.ADMINISTER);
        JsonBody given = call.body("source").requireOnly("kind", "enabled", "settings", "secrets");
        JsonNode settings = given.has("settings") ? given.json("settings") : Json.MAPPER.createObjectNode();
        Map<String, String> secrets =
                given.has("secrets") ? given.object("secrets").texts() : Map.of();
        String name = call.path("name");
        sources.put(name, given.text("kind", ""), settings, secrets, given.flag("enabled", true), origin);
        call.ok(describe(name).orElseThrow());
    }

    private void delete(ApiCall call) {
        sources.remove(call.path("name"), guard.require(call, Permission.ADMINISTER));
        call.exchange().answer(204);
    }

    private void reorder(ApiCall call) throws IOException {
        var origin = guard.require(call, Permission.ADMINISTER);
        sources.reorder(call.body("order").requireOnly("names").texts("names"), origin);
        list(call);
    }

    private static Map<String, Object> body(Configured source, Set<String> secrets) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", source.name());
        body.put("kind", source.kind());
        body.put("enabled", source.enabled());
        body.put("settings", source.settings());
        body.put("secrets", secrets);
        body.put("updated_at", Instant.ofEpochMilli(source.updatedAt()).toString());
        return body;
    }
}
