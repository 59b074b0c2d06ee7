package io.berth.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON of answers and of the change feed. */
final class Json {
    static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    /** An object of names and values that take turns; members whose value is null are left out. */
    static String object(Object... namesAndValues) {
        ObjectNode node = MAPPER.createObjectNode();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) {
                node.putPOJO((String) namesAndValues[i], namesAndValues[i + 1]);
            }
        }
        return write(node);
    }

    static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
