package io.berth.registry;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/**
 * The Content-Range of a chunk, {@code <first>-<last>}, both inclusive.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks">
 *     distribution-spec, Pushing a blob in chunks</a>
 */
record ContentRange(long first, long last) {

    /**
     * Reads the header, or returns null when it is null. The form of RFC 9110, {@code bytes 0-9/*}, is understood too.
     *
     * @throws OciException {@code BLOB_UPLOAD_INVALID} when it is malformed
     */
    static ContentRange parse(String header) {
        if (header == null) {
            return null;
        }
        String range = header.strip();
        if (range.regionMatches(true, 0, "bytes", 0, 5)) {
            range = range.substring(5).replaceFirst("^[ =]+", "");
        }
        int slash = range.indexOf('/');
        if (slash >= 0) {
            range = range.substring(0, slash);
        }
        int dash = range.indexOf('-');
        if (dash <= 0 || !isNumber(range, 0, dash) || !isNumber(range, dash + 1, range.length())) {
            throw malformed();
        }
        long first = Long.parseLong(range.substring(0, dash));
        long last = Long.parseLong(range.substring(dash + 1));
        if (last < first) {
            throw malformed();
        }
        return new ContentRange(first, last);
    }

    long length() {
        return last - first + 1;
    }

    private static boolean isNumber(String text, int from, int to) {
        if (to <= from || to - from > 18) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    private static OciException malformed() {
        return new OciException(ErrorCode.BLOB_UPLOAD_INVALID, "Content-Range must be <first byte>-<last byte>");
    }
}
