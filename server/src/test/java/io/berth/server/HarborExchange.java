package io.berth.server;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A line of {@code harbor/exchanges}: what was asked of a Harbor, by whom, and what it answered.
 *
 * @param harborsStatus where Berth's is another
 */
record HarborExchange(
        String line,
        String who,
        String method,
        String path,
        String body,
        int status,
        int harborsStatus,
        Wanted wanted) {

    /** What is expected beside the status, by its name; several values of one name are separated by line breaks. */
    record Wanted(Map<String, String> values) {
        private static final String NAMES =
                "given|location|keep|keep-at|code|message|total|shape|text|link|at|deviates|echoed";
        private static final Pattern VALUE = Pattern.compile(
                "(?s)(bodiless|beyond)|(" + NAMES + ")=(.*?)(?= (?:bodiless|beyond|(?:" + NAMES + ")=)|$)");

        static Wanted parse(String text) {
            Map<String, String> values = new TreeMap<>();
            Matcher matcher = VALUE.matcher(text);
            int end = 0;
            while (matcher.find()) {
                if (!text.substring(end, matcher.start()).isBlank()) {
                    throw new IllegalArgumentException("what is " + text.substring(end, matcher.start()));
                }
                end = matcher.end();
                boolean word = matcher.group(1) != null;
                values.merge(
                        word ? matcher.group(1) : matcher.group(2),
                        word ? "" : matcher.group(3).strip(),
                        (first, second) -> first + "\n" + second);
            }
            if (!text.substring(end).isBlank()) {
                throw new IllegalArgumentException("what is " + text.substring(end));
            }
            return new Wanted(values);
        }

        boolean has(String name) {
            return values.containsKey(name);
        }

        /** Null when there is none. */
        String get(String name) {
            return values.get(name);
        }
    }

    static HarborExchange parse(String line, Map<String, String> facts) {
        String[] parts = Arrays.stream(line.split("\\|", 5)).map(String::strip).toArray(String[]::new);
        String[] request = filled(parts[1], facts).split(" ", 2);
        String[] statuses = parts[3].split("/");
        String path = request[1].startsWith("@") ? request[1].substring(1) : "/api/v2.0" + request[1];
        return new HarborExchange(
                line,
                parts[0],
                request[0],
                path,
                filled(parts[2], facts),
                Integer.parseInt(statuses[0]),
                Integer.parseInt(statuses[statuses.length - 1]),
                Wanted.parse(filled(parts[4], facts).replace("\\n", "\n")));
    }

    private static String filled(String template, Map<String, String> facts) {
        String text = template;
        for (Map.Entry<String, String> fact : facts.entrySet()) {
            text = text.replace("{" + fact.getKey() + "}", fact.getValue());
        }
        return text;
    }

    /** What of {@code answer} is not as expected, or null. */
    String misfit(Answer answer, HarborShapes shapes) {
        if (answer.status() != status) {
            return answer.status() + " " + answer.text();
        }
        if (status != harborsStatus && !wanted.has("deviates")) {
            return "another status than Harbor's, without the name of a deviation";
        }
        if (answer.header("X-Request-Id") == null) {
            return "no X-Request-Id";
        }
        String problem = headers(answer);
        if (problem != null) {
            return problem;
        }
        if (method.equals("HEAD") || wanted.has("bodiless")) {
            return answer.body().length == 0 ? null : "a body: " + answer.text();
        }
        return status >= 400 ? error(answer, shapes) : body(answer, shapes);
    }

    private String headers(Answer answer) {
        for (String name : List.of("location", "link")) {
            String value = wanted.get(name);
            String actual = answer.header(name);
            if (value != null && !value.equals(actual == null ? "none" : actual)) {
                return name + " is " + actual;
            }
        }
        if (status == 201 && !wanted.has("location") && answer.header("Location") == null) {
            return "no Location";
        }
        String total = wanted.get("total");
        String counted = answer.header("X-Total-Count");
        if (total == null ? counted != null : total.equals("none") ? counted != null : counted == null) {
            return "X-Total-Count is " + counted;
        }
        if (total != null && total.matches("\\d+") && !total.equals(counted)) {
            return "X-Total-Count is " + counted;
        }
        String echoed = wanted.get("echoed");
        return echoed == null || echoed.equals(answer.header("X-Request-Id"))
                ? null
                : "X-Request-Id is " + answer.header("X-Request-Id");
    }

    private String error(Answer answer, HarborShapes shapes) {
        if (!"application/json".equals(answer.header("Content-Type"))) {
            return "Content-Type is " + answer.header("Content-Type");
        }
        JsonNode error = answer.json();
        String misfit = shapes.misfit(error, "Errors");
        if (misfit != null) {
            return misfit;
        }
        String code = error.at("/errors/0/code").textValue();
        if (!code.equals(wanted.has("code") ? wanted.get("code") : codeOf(status))) {
            return "code is " + code;
        }
        String message = error.at("/errors/0/message").textValue();
        if (!wanted.has("message")) {
            return wanted.has("deviates") ? null : "neither a message nor a deviation: " + message;
        }
        return wanted.get("message").strip().equals(message.strip()) ? null : "message is " + message;
    }

    private static String codeOf(int status) {
        return switch (status) {
            case 400 -> "BAD_REQUEST";
            case 401 -> "UNAUTHORIZED";
            case 403 -> "FORBIDDEN";
            case 404 -> "NOT_FOUND";
            case 405 -> "METHOD_NOT_ALLOWED";
            case 409 -> "CONFLICT";
            case 412 -> "PRECONDITION";
            case 422 -> "UNPROCESSABLE_ENTITY";
            case 501 -> "NOT_IMPLEMENTED";
            default -> "UNKNOWN";
        };
    }

    private String body(Answer answer, HarborShapes shapes) {
        if (wanted.has("text")) {
            return wanted.get("text").equals(answer.text()) && "text/plain".equals(answer.header("Content-Type"))
                    ? null
                    : answer.header("Content-Type") + ": " + answer.text();
        }
        if (!wanted.has("shape")) {
            return "no shape is expected of " + answer.text();
        }
        if (!"application/json".equals(answer.header("Content-Type"))) {
            return "Content-Type is " + answer.header("Content-Type");
        }
        if (!answer.text().endsWith("\n")) {
            return "no line break at the end";
        }
        JsonNode json = answer.json();
        if (json.isArray() != wanted.has("total")) {
            return "a list has a total, or none: " + answer.text();
        }
        boolean empty = json.isArray() && json.isEmpty();
        boolean mayBe = wanted.has("beyond")
                || "0".equals(wanted.get("total"))
                || wanted.get("shape").equals("Any[]");
        if (json.isArray() && empty != mayBe && !"none".equals(wanted.get("total"))) {
            return "a list of " + json.size();
        }
        String misfit = shapes.misfit(json, wanted.get("shape"));
        return misfit == null ? at(json) : misfit;
    }

    private String at(JsonNode json) {
        if (!wanted.has("at")) {
            return null;
        }
        String[] parts = wanted.get("at").split(":", 2);
        String actual = json.at(parts[0]).asText();
        return parts[1].equals(actual) ? null : parts[0] + " is " + actual;
    }
}
