package io.berth.registry;

/**
 * A path below {@code /v2/}, taken apart. The name and the rest are as the client wrote them, not yet checked.
 *
 * @param name the repository's name; empty where there is none
 * @param last the reference, digest or upload id; empty where there is none
 */
record V2Path(Kind kind, String name, String last) {

    enum Kind {
        PING,
        CATALOG,
        TAGS,
        MANIFEST,
        BLOB,
        UPLOADS,
        UPLOAD,
        REFERRERS,
        UNKNOWN
    }

    private static final V2Path PING = new V2Path(Kind.PING, "", "");
    private static final V2Path CATALOG = new V2Path(Kind.CATALOG, "", "");
    private static final V2Path UNKNOWN = new V2Path(Kind.UNKNOWN, "", "");
    private static final String PREFIX = "/v2/";

    // Names have slashes, so a path is read from its end.
    static V2Path parse(String path) {
        if (path.length() <= PREFIX.length()) {
            return PING;
        }
        String rest = path.substring(PREFIX.length());
        if (rest.equals("_catalog")) {
            return CATALOG;
        }
        if (rest.endsWith("/tags/list")) {
            return new V2Path(Kind.TAGS, rest.substring(0, rest.length() - 10), "");
        }
        if (rest.endsWith("/blobs/uploads/") || rest.endsWith("/blobs/uploads")) {
            return new V2Path(Kind.UPLOADS, rest.substring(0, rest.lastIndexOf("/blobs/uploads")), "");
        }
        int slash = rest.lastIndexOf('/');
        if (slash <= 0) {
            return UNKNOWN;
        }
        String last = rest.substring(slash + 1);
        if (endsWith(rest, slash, "/manifests")) {
            return new V2Path(Kind.MANIFEST, rest.substring(0, slash - 10), last);
        }
        if (endsWith(rest, slash, "/blobs/uploads")) {
            return new V2Path(Kind.UPLOAD, rest.substring(0, slash - 14), last);
        }
        if (endsWith(rest, slash, "/blobs")) {
            return new V2Path(Kind.BLOB, rest.substring(0, slash - 6), last);
        }
        if (endsWith(rest, slash, "/referrers")) {
            return new V2Path(Kind.REFERRERS, rest.substring(0, slash - 10), last);
        }
        return UNKNOWN;
    }

    private static boolean endsWith(String text, int end, String suffix) {
        return end > suffix.length() && text.startsWith(suffix, end - suffix.length());
    }
}
