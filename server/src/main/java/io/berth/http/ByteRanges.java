package io.berth.http;

import java.util.ArrayList;
import java.util.List;

/**
 * The ranges of a Range header, resolved against a length.
 *
 * @param kind what is to be done
 * @param ranges what to send when the kind is {@link Kind#PARTIAL}, in the order asked for
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-14">RFC 9110, Range Requests</a>
 */
public record ByteRanges(Kind kind, List<Range> ranges) {
    /** More ranges than this in one request are not worth the parts: everything is sent instead. */
    private static final int MAX_RANGES = 16;

    /** What a Range header leads to. */
    public enum Kind {
        /** There is no (usable) Range header: 200 with everything. */
        WHOLE,
        /** 206. */
        PARTIAL,
        /** 416. */
        UNSATISFIABLE
    }

    /** Bytes from {@code first} on, {@code length} of them, at least one. */
    public record Range(long first, long length) {
        /** The last byte's position. */
        public long last() {
            return first + length - 1;
        }
    }

    private static final ByteRanges WHOLE = new ByteRanges(Kind.WHOLE, List.of());
    private static final ByteRanges UNSATISFIABLE = new ByteRanges(Kind.UNSATISFIABLE, List.of());

    public ByteRanges {
        ranges = List.copyOf(ranges);
    }

    /**
     * Reads {@code header}, which may be null. Another unit than bytes is ignored, as RFC 9110 asks; a malformed set of
     * byte ranges is unsatisfiable, since the client wanted something that it would not get.
     */
    public static ByteRanges parse(String header, long size) {
        if (header == null || !header.regionMatches(true, 0, "bytes=", 0, 6)) {
            return WHOLE;
        }
        String[] parts = header.substring(6).split(",", -1);
        if (parts.length > MAX_RANGES) {
            return WHOLE;
        }
        var ranges = new ArrayList<Range>(parts.length);
        for (String part : parts) {
            String spec = part.strip();
            int dash = spec.indexOf('-');
            if (dash < 0) {
                return UNSATISFIABLE;
            }
            long first = number(spec.substring(0, dash));
            long last = number(spec.substring(dash + 1));
            boolean openStart = dash == 0;
            boolean openEnd = dash == spec.length() - 1;
            if (openStart && openEnd || !openStart && first < 0 || !openEnd && last < 0) {
                return UNSATISFIABLE;
            }
            if (openStart) {
                long length = Math.min(last, size);
                if (length > 0) {
                    ranges.add(new Range(size - length, length));
                }
                continue;
            }
            if (!openEnd && last < first) {
                return UNSATISFIABLE;
            }
            if (first < size) {
                long end = openEnd ? size - 1 : Math.min(last, size - 1);
                ranges.add(new Range(first, end - first + 1));
            }
        }
        return ranges.isEmpty() ? UNSATISFIABLE : new ByteRanges(Kind.PARTIAL, ranges);
    }

    // -1 when it is no number; numbers beyond a long are as good as the largest
    private static long number(String digits) {
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        return digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
    }
}
