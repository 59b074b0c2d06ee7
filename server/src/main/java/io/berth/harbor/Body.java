package io.berth.harbor;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/** Bodies as Harbor writes them: members in the order of their names, times with milliseconds. */
final class Body {
    /** A time that is not set. */
    static final String NEVER = "0001-01-01T00:00:00.000Z";

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private Body() {}

    /** An object of names and values that take turns; members whose value is null are left out. */
    static SortedMap<String, Object> of(Object... namesAndValues) {
        SortedMap<String, Object> body = new TreeMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] != null) {
                body.put((String) namesAndValues[i], namesAndValues[i + 1]);
            }
        }
        return body;
    }

    /** @param millis since 1970; 0 for never */
    static String time(long millis) {
        return millis == 0 ? NEVER : TIME.format(Instant.ofEpochMilli(millis));
    }

    /** Null for an empty text, which Harbor leaves out. */
    static String some(String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    /** Null for false, which Harbor leaves out. */
    static Boolean some(boolean flag) {
        return flag ? Boolean.TRUE : null;
    }
}
