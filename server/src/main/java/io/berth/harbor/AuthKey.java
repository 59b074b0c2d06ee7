package io.berth.harbor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.http.JsonBody;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One of Harbor's keys that is a setting of an identity source.
 *
 * @param name Harbor's
 * @param fallback what Harbor has before anybody sets it: a text, a number or a truth value, whose type is the key's
 * @param setting what the source calls it
 * @param absent what it means when the source's settings do not have it
 */
record AuthKey(String name, Object fallback, String setting, Object absent, Form form) {
    private static final List<String> SCOPES = List.of("base", "one", "sub");
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");

    /** How the two write it. */
    enum Form {
        /** Alike; an empty text is none. */
        TEXT,
        /** Alike; an empty text is one. */
        MAYBE_EMPTY,
        FLAG,
        NUMBER,
        /** 0, 1 and 2 for how deep a search goes. */
        SCOPE,
        /** One address, of several the first. */
        ADDRESS,
        /** Words between commas. */
        WORDS,
        /** An object, in JSON, in a text. */
        OBJECT
    }

    /** The value that {@code body} has by {@code member}, of the key's type. */
    Optional<Object> read(JsonBody body, String member) {
        return body.has(member) ? Optional.of(typed(body, member, fallback)) : Optional.empty();
    }

    /** The member of {@code body}, of the type of {@code like}. */
    static Object typed(JsonBody body, String member, Object like) {
        return switch (like) {
            case Boolean flag -> body.flag(member, flag);
            case Long number -> body.number(member, number);
            default -> body.text(member);
        };
    }

    /** The value as Harbor writes it. */
    Object shown(JsonNode settings) {
        JsonNode value = settings.get(setting);
        if (value == null || value.isNull()) {
            return absent;
        }
        return switch (form) {
            case TEXT, MAYBE_EMPTY -> value.asText();
            case FLAG -> value.asBoolean();
            case NUMBER -> value.asLong();
            case SCOPE -> (long) SCOPES.indexOf(value.asText());
            case ADDRESS -> value.isArray() ? value.path(0).asText() : value.asText();
            case WORDS -> String.join(",", words(value));
            case OBJECT -> value.isEmpty() ? "" : Json.write(value);
        };
    }

    private static List<String> words(JsonNode value) {
        if (!value.isArray()) {
            return List.of(value.asText());
        }
        List<String> words = new ArrayList<>();
        value.forEach(word -> words.add(word.asText()));
        return words;
    }

    /**
     * Sets it.
     *
     * @param value of the key's type
     * @throws OciException {@code BAD_REQUEST} for what cannot be
     */
    void write(ObjectNode settings, Object value) {
        boolean none = value.equals("") && form != Form.MAYBE_EMPTY;
        if (none) {
            settings.remove(setting);
            return;
        }
        switch (form) {
            case TEXT, MAYBE_EMPTY -> settings.put(setting, value.toString().strip());
            case FLAG -> settings.put(setting, (Boolean) value);
            case NUMBER -> settings.put(setting, (Long) value);
            case SCOPE -> settings.put(setting, scope((Long) value));
            case ADDRESS -> settings.putArray(setting).add(address(value.toString()));
            case WORDS -> {
                ArrayNode words = settings.putArray(setting);
                for (String word : value.toString().split("[,\\s]+")) {
                    if (!word.isEmpty()) {
                        words.add(word);
                    }
                }
            }
            case OBJECT -> settings.set(setting, object(value.toString()));
        }
    }

    private String scope(long value) {
        if (value < 0 || value >= SCOPES.size()) {
            throw wrong("0, 1 or 2");
        }
        return SCOPES.get((int) value);
    }

    // Harbor takes a host alone, too.
    private static String address(String value) {
        String address = value.strip();
        return SCHEME.matcher(address).matches() ? address : "ldap://" + address;
    }

    private JsonNode object(String value) {
        try {
            JsonNode object = Json.MAPPER.readTree(value);
            if (object != null && object.isObject()) {
                return object;
            }
        } catch (JsonProcessingException e) {
            // said below
        }
        throw wrong("a JSON object in a text");
    }

    private OciException wrong(String form) {
        return new OciException(ErrorCode.BAD_REQUEST, "the setting " + name + " is " + form);
    }
}
