package io.berth.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A JSON object that a client sent. Members that are absent and members that are null are alike; a member of another type
 * than it is asked for is an {@code UNPROCESSABLE_ENTITY}.
 */
public final class JsonBody {
    private final String what;
    private final JsonNode node;

    JsonBody(String what, JsonNode node) {
        this.what = what;
        this.node = node;
    }

    public boolean has(String name) {
        return node.hasNonNull(name);
    }

    /** The names of its members. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /**
     * This, when it has no members but these.
     *
     * @throws OciException {@code UNPROCESSABLE_ENTITY} for another one
     */
    public JsonBody requireOnly(String... known) {
        for (String name : names()) {
            if (!List.of(known).contains(name)) {
                throw ApiCall.invalid("parsing " + what + " body failed, because there is no '" + name + "' in it, but "
                        + String.join(", ", known));
            }
        }
        return this;
    }

    /** A member as it is, or null. */
    public JsonNode json(String name) {
        return node.get(name);
    }

    /** A text, or null. */
    public String text(String name) {
        return text(name, null);
    }

    public String text(String name, String fallback) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            return fallback;
        }
        if (!member.isTextual()) {
            throw wrong(name, member, "string");
        }
        return member.textValue();
    }

    /** A whole number, or null. */
    public Long number(String name) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            return null;
        }
        if (!member.canConvertToLong() || !member.canConvertToExactIntegral()) {
            throw wrong(name, member, "int64");
        }
        return member.longValue();
    }

    public long number(String name, long fallback) {
        Long value = number(name);
        return value == null ? fallback : value;
    }

    public boolean flag(String name, boolean fallback) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            return fallback;
        }
        if (!member.isBoolean()) {
            throw wrong(name, member, "bool");
        }
        return member.booleanValue();
    }

    /** An object, or null. */
    public JsonBody object(String name) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            return null;
        }
        if (!member.isObject()) {
            throw wrong(name, member, "object");
        }
        return new JsonBody(what + "." + name, member);
    }

    /** The objects of an array, none when it is absent. */
    public List<JsonBody> objects(String name) {
        return elements(name, "object", JsonNode::isObject, element -> new JsonBody(what + "." + name, element));
    }

    /** The whole numbers of an array, none when it is absent. */
    public List<Long> numbers(String name) {
        return elements(name, "int64", JsonNode::canConvertToLong, JsonNode::longValue);
    }

    /** The texts of an array, none when it is absent. */
    public List<String> texts(String name) {
        return elements(name, "string", JsonNode::isTextual, JsonNode::textValue);
    }

    private <T> List<T> elements(String name, String wanted, Predicate<JsonNode> fits, Function<JsonNode, T> value) {
        JsonNode member = node.get(name);
        if (member == null || member.isNull()) {
            return List.of();
        }
        if (!member.isArray()) {
            throw wrong(name, member, "array");
        }
        List<T> elements = new ArrayList<>();
        for (JsonNode element : member) {
            if (!fits.test(element)) {
                throw wrong(name, element, wanted);
            }
            elements.add(value.apply(element));
        }
        return elements;
    }

    /** All members, each a text. */
    public Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        names().forEach(name -> {
            if (has(name)) {
                texts.put(name, text(name));
            }
        });
        return texts;
    }

    private OciException wrong(String name, JsonNode member, String wanted) {
        return ApiCall.invalid("parsing " + what + " body failed, because "
                + member.getNodeType().name().toLowerCase(java.util.Locale.ROOT) + " cannot be " + what + "." + name
                + " of type " + wanted);
    }
}
