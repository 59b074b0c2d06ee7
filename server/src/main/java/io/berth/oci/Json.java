package io.berth.oci;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The one JSON mapper, for answers and for payloads of the change feed. */
public final class Json {
    public static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    /** An object of names and values that take turns; members whose value is null are left out. */
    public static String object(Object... namesAndValues) {
        ObjectNode node = MAPPER.createObjectNode();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) {
                node.putPOJO((String) namesAndValues[i], namesAndValues[i + 1]);
            }
        }
        return write(node);
    }

    public static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
