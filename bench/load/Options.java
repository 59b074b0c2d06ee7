import java.util.Map;
import java.util.TreeMap;

/** The command line's {@code key=value} pairs, and the one JSON object that answers it. */
final class Options {
    private final Map<String, String> values = new TreeMap<>();

    Options(String[] args) {
        for (int i = 1; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            values.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
    }

    int port() {
        return (int) number("port", 0);
    }

    String credentials() {
        return has("auth") ? "Authorization: " + text("auth") + "\r\n" : "";
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    String text(String key) {
        return text(key, null);
    }

    String text(String key, String otherwise) {
        String value = values.getOrDefault(key, otherwise);
        if (value == null) {
            throw new IllegalArgumentException(key + "= is missing");
        }
        return value;
    }

    long number(String key, long otherwise) {
        return has(key) ? Long.parseLong(values.get(key)) : otherwise;
    }

    /** When a loop that started at {@code start} must stop beginning new requests, in {@link System#nanoTime}. */
    long end(long start) {
        return has("seconds") ? start + (long) (Double.parseDouble(text("seconds")) * 1e9) : Long.MAX_VALUE;
    }

    static void print(Object... pairs) {
        var json = new StringBuilder("{");
        for (int i = 0; i < pairs.length; i += 2) {
            Object value = pairs[i + 1];
            json.append(i == 0 ? "" : ",").append('"').append(pairs[i]).append("\":").append(value instanceof Number ? value
                    : '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + '"');
        }
        System.out.println(json.append('}'));
    }
}
