package io.berth.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** A request of a JSON API and its answer. For one thread. */
public final class ApiCall {
    private static final int MAX_BODY = 1 << 20;
    private static final byte[] NOTHING = {};

    private final Exchange exchange;
    private final Principal principal;
    private final Map<String, String> parameters;

    ApiCall(Exchange exchange, Principal principal, Map<String, String> parameters) {
        this.exchange = exchange;
        this.principal = principal;
        this.parameters = parameters;
    }

    public Exchange exchange() {
        return exchange;
    }

    public Principal principal() {
        return principal;
    }

    /** A parameter of the path, with escapes resolved once. */
    public String path(String name) {
        return parameters.get(name);
    }

    /** @throws OciException {@code UNPROCESSABLE_ENTITY} when it is no number */
    public long pathNumber(String name) {
        return number(name + " in path", path(name));
    }

    /** A query parameter, or null. */
    public String query(String name) {
        return exchange.query(name);
    }

    /** @throws OciException {@code UNPROCESSABLE_ENTITY} when there is none, or an empty one */
    public String requireQuery(String name) {
        String value = query(name);
        if (value == null || value.isEmpty()) {
            throw invalid(name + " in query is required");
        }
        return value;
    }

    /** @throws OciException {@code UNPROCESSABLE_ENTITY} when it is no number */
    public long queryNumber(String name, long fallback) {
        String value = query(name);
        return value == null || value.isEmpty() ? fallback : number(name + " in query", value);
    }

    private static long number(String what, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw invalid(what + " must be of type int64: \"" + value + "\"");
        }
    }

    /** Whether a query parameter is {@code true}. */
    public boolean queryFlag(String name) {
        String value = query(name);
        return "true".equals(value) || "1".equals(value);
    }

    /**
     * The body, a JSON object.
     *
     * @param what the object's name, for messages
     * @throws OciException {@code UNPROCESSABLE_ENTITY} when it is none, {@code TOO_LARGE} above 1 MiB
     */
    public JsonBody body(String what) throws IOException {
        byte[] content = readBody();
        if (content.length == 0) {
            throw invalid(what + " in body is required");
        }
        String type = exchange.header("Content-Type");
        String mediaType = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        if (!mediaType.equals("application/json")) {
            throw invalid("unsupported media type \"" + mediaType + "\", only [application/json] are allowed");
        }
        try {
            JsonNode node = Json.MAPPER.readTree(content);
            if (node == null || !node.isObject()) {
                throw invalid("parsing " + what + " body failed, because it is no object");
            }
            return new JsonBody(what, node);
        } catch (JsonProcessingException e) {
            throw invalid("parsing " + what + " body failed, because " + e.getOriginalMessage());
        }
    }

    /** The body's bytes. */
    public byte[] readBody() throws IOException {
        if (exchange.contentLength() > MAX_BODY) {
            throw tooLarge();
        }
        if (exchange.contentLength() == 0) {
            return NOTHING;
        }
        return exchange.body().readAll(MAX_BODY, ApiCall::tooLarge);
    }

    /** The fields of a form. */
    public Form form() throws IOException {
        return Form.read(exchange, MAX_BODY);
    }

    private static OciException tooLarge() {
        return new OciException(ErrorCode.TOO_LARGE, "the body is larger than 1 MiB");
    }

    static OciException invalid(String message) {
        return new OciException(ErrorCode.UNPROCESSABLE_ENTITY, "validation failure list:\n" + message);
    }

    /** 200 without a body. */
    public void ok() {
        exchange.answer(200);
    }

    /** 200 with a body of JSON. */
    public void ok(Object body) {
        answer(200, body);
    }

    /** 201 without a body. */
    public void created(String location) {
        exchange.set("Location", location).answer(201);
    }

    /** 201 with a body of JSON. */
    public void created(String location, Object body) {
        exchange.set("Location", location);
        answer(201, body);
    }

    /** Any status, with a body of JSON. */
    public void answer(int status, Object body) {
        exchange.set("Cache-Control", "no-store");
        exchange.answer(status, "application/json", (Json.write(body) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** 200 with text. */
    public void text(String contentType, String text) {
        exchange.answer(200, contentType, text.getBytes(StandardCharsets.UTF_8));
    }
}
