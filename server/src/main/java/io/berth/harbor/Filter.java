package io.berth.harbor;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code q} asks for: conditions on keys, separated by commas, which all have to hold.
 *
 * <pre>
 * k=v        equal
 * k=~v       contains, in any case
 * k=[a~b]    from a to b, either may be empty
 * k={a b}    one of them
 * k=(a b)    all of them
 * </pre>
 */
record Filter(Map<String, Term> terms) {
    private static final int MAX_LENGTH = 4096;
    private static final int MAX_VALUES = 100;

    /** What is asked of one key. */
    sealed interface Term {
        record Equal(String value) implements Term {}

        record Contains(String value) implements Term {}

        /** From the one to the other; null for no end. */
        record Range(String from, String to) implements Term {}

        record AnyOf(List<String> values) implements Term {}

        record AllOf(List<String> values) implements Term {}
    }

    /** @throws OciException {@code BAD_REQUEST} when it is no filter */
    static Filter parse(String q) {
        Map<String, Term> terms = new LinkedHashMap<>();
        if (q == null || q.isBlank()) {
            return new Filter(terms);
        }
        // Clients encode it twice.
        String text = decode(q);
        if (text.length() > MAX_LENGTH) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the query string is longer than " + MAX_LENGTH);
        }
        for (String part : split(text)) {
            int equals = part.indexOf('=');
            if (equals <= 0 || equals == part.length() - 1) {
                throw new OciException(
                        ErrorCode.BAD_REQUEST, "the query string must contain \"=\" and the key/value cannot be empty");
            }
            terms.put(
                    part.substring(0, equals).strip(),
                    term(part.substring(equals + 1).strip()));
        }
        return new Filter(terms);
    }

    Term get(String key) {
        return terms.get(key);
    }

    /** The value that a key has to be equal to, or null. */
    String equal(String key) {
        return terms.get(key) instanceof Term.Equal(String value) ? value : null;
    }

    private static String decode(String q) {
        if (q.indexOf('%') < 0) {
            return q;
        }
        try {
            return URLDecoder.decode(q.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the query string has a malformed escape");
        }
    }

    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '[', '{', '(' -> depth++;
                case ']', '}', ')' -> depth--;
                case ',' -> {
                    if (depth <= 0) {
                        parts.add(text.substring(from, i));
                        from = i + 1;
                    }
                }
                default -> {}
            }
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static Term term(String value) {
        return switch (value.charAt(0)) {
            case '~' -> {
                if (value.length() == 1) {
                    throw invalid(value);
                }
                yield new Term.Contains(value.substring(1));
            }
            case '[' -> {
                String[] ends = inner(value, ']').split("~", -1);
                if (ends.length != 2) {
                    throw invalid(value);
                }
                yield new Term.Range(end(ends[0]), end(ends[1]));
            }
            case '{' -> new Term.AnyOf(values(inner(value, '}'), value));
            case '(' -> new Term.AllOf(values(inner(value, ')'), value));
            default -> new Term.Equal(value);
        };
    }

    private static String inner(String value, char close) {
        if (value.charAt(value.length() - 1) != close) {
            throw invalid(value);
        }
        return value.substring(1, value.length() - 1).strip();
    }

    private static String end(String text) {
        String end = text.strip();
        return end.isEmpty() ? null : unquoted(end);
    }

    private static List<String> values(String inner, String whole) {
        List<String> values = Arrays.stream(inner.split(" +"))
                .filter(value -> !value.isEmpty())
                .map(Filter::unquoted)
                .toList();
        if (values.isEmpty() || values.size() > MAX_VALUES) {
            throw invalid(whole);
        }
        return values;
    }

    private static String unquoted(String value) {
        return value.length() >= 2 && value.startsWith("'") && value.endsWith("'")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static OciException invalid(String value) {
        return new OciException(ErrorCode.BAD_REQUEST, "invalid query string value: " + value);
    }
}
