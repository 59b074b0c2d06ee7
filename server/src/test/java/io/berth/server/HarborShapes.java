package io.berth.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The shapes of Harbor's bodies, from {@code harbor/shapes.json}: an object's members by name and what each is. A {@code ?}
 * behind a name: may be absent, as Harbor leaves out what is zero. A word behind a name is the deviation by which Berth
 * leaves it out ({@code -}) or has it ({@code +}). {@code *}: any name. What a member is: {@code string}, {@code time},
 * {@code number}, {@code boolean}, {@code null}, {@code any}, another shape's name, {@code []} behind it for a list of them,
 * {@code |} between alternatives.
 */
final class HarborShapes {
    private static final Pattern TIME = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");

    private final JsonNode shapes;

    HarborShapes() {
        try (var in = HarborShapes.class.getResourceAsStream("/harbor/shapes.json")) {
            shapes = new JsonMapper().readTree(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The deviations that the shapes name. */
    Set<String> deviations() {
        Set<String> names = new TreeSet<>();
        shapes.forEach(shape -> shape.fieldNames().forEachRemaining(key -> {
            if (key.contains(" ")) {
                names.add(key.substring(key.indexOf(' ') + 2));
            }
        }));
        return names;
    }

    /** Where {@code json} is not of {@code shape}, or null. */
    String misfit(JsonNode json, String shape) {
        return misfit(json, shape, "$");
    }

    private String misfit(JsonNode json, String shape, String where) {
        String first = null;
        for (String alternative : shape.split("\\|")) {
            String misfit = one(json, alternative, where);
            if (misfit == null) {
                return null;
            }
            first = first == null ? misfit : first;
        }
        return first;
    }

    private String one(JsonNode json, String shape, String where) {
        if (shape.endsWith("[]")) {
            if (!json.isArray()) {
                return where + " is no list: " + json;
            }
            for (int i = 0; i < json.size(); i++) {
                String misfit = misfit(json.get(i), shape.substring(0, shape.length() - 2), where + "/" + i);
                if (misfit != null) {
                    return misfit;
                }
            }
            return null;
        }
        boolean fits = switch (shape) {
            case "string" -> json.isTextual();
            case "time" -> json.isTextual() && TIME.matcher(json.textValue()).matches();
            case "number" -> json.isIntegralNumber();
            case "boolean" -> json.isBoolean();
            case "null" -> json.isNull();
            case "any", "Any" -> true;
            default -> {
                if (!shapes.has(shape)) {
                    throw new IllegalArgumentException("there is no shape " + shape);
                }
                yield json.isObject();
            }
        };
        if (!fits) {
            return where + " is no " + shape + ": " + json;
        }
        return shapes.has(shape) ? members(json, shapes.get(shape), where) : null;
    }

    private String members(JsonNode json, JsonNode shape, String where) {
        Set<String> known = new HashSet<>();
        Iterator<Map.Entry<String, JsonNode>> wanted = shape.fields();
        while (wanted.hasNext()) {
            Map.Entry<String, JsonNode> member = wanted.next();
            String name = member.getKey().split("[? ]")[0];
            boolean leftOut = member.getKey().contains(" -");
            known.add(name);
            if (!json.has(name)) {
                if (!leftOut && !member.getKey().contains("?") && !name.equals("*")) {
                    return where + " has no " + name + ": " + json;
                }
            } else if (leftOut) {
                return where + " has " + name + ", which is said to be left out";
            } else {
                String misfit = misfit(json.get(name), member.getValue().textValue(), where + "/" + name);
                if (misfit != null) {
                    return misfit;
                }
            }
        }
        String last = "";
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name) && !known.contains("*")) {
                return where + " has a " + name + ", which Harbor has not: " + json;
            }
            if (!known.contains(name)) {
                String misfit = misfit(json.get(name), shape.get("*").textValue(), where + "/" + name);
                if (misfit != null) {
                    return misfit;
                }
            }
            if (name.compareTo(last) < 0) {
                return where + " has its members in another order: " + json;
            }
            last = name;
        }
        return null;
    }
}
