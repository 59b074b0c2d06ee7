package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The fields of a form, {@code application/x-www-form-urlencoded}. Immutable. */
public final class Form {
    private final Map<String, List<String>> fields = new LinkedHashMap<>();

    private Form(String encoded) {
        for (String pair : encoded.split("&")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                fields.computeIfAbsent(decode(pair.substring(0, equals)), name -> new ArrayList<>())
                        .add(decode(pair.substring(equals + 1)));
            }
        }
    }

    /**
     * Reads the body of a request.
     *
     * @param limit bytes
     * @throws OciException {@code TOO_LARGE}; {@code BAD_REQUEST} when it cannot be decoded
     */
    public static Form read(Exchange exchange, int limit) throws IOException {
        byte[] content =
                exchange.body().readAll(limit, () -> new OciException(ErrorCode.TOO_LARGE, "the form is too large"));
        return new Form(new String(content, StandardCharsets.UTF_8));
    }

    /** A field's value, the first where it is there twice; {@code fallback} without one. */
    public String first(String name, String fallback) {
        return fields.containsKey(name) ? fields.get(name).getFirst() : fallback;
    }

    /** The same, the last where it is there twice. */
    public String last(String name, String fallback) {
        return fields.containsKey(name) ? fields.get(name).getLast() : fallback;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the form has a malformed escape");
        }
    }
}
