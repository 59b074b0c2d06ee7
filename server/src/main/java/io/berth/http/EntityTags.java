package io.berth.http;

/**
 * Conditions on entity tags. Berth's are strong: the quoted digest.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-13.1">RFC 9110, Preconditions</a>
 */
public final class EntityTags {
    private EntityTags() {}

    /** The entity tag of content with this digest. */
    public static String of(String digest) {
        return '"' + digest + '"';
    }

    /**
     * Whether the list in {@code header} ({@code *}, or entity tags) contains {@code digest}, by the weak comparison that
     * If-None-Match asks for. A bare digest without quotes counts too, since some clients send that.
     *
     * @param digest the digest of what is there, or null when nothing is
     */
    public static boolean matches(String header, String digest) {
        return contains(header, digest, true);
    }

    /** The same by the strong comparison that If-Match and If-Range ask for: a weak tag never matches. */
    public static boolean matchesStrongly(String header, String digest) {
        return contains(header, digest, false);
    }

    private static boolean contains(String header, String digest, boolean weakCounts) {
        if (digest == null) {
            return false;
        }
        for (String part : header.split(",")) {
            String tag = part.strip();
            if (tag.startsWith("W/")) {
                if (!weakCounts) {
                    continue;
                }
                tag = tag.substring(2);
            }
            if (tag.length() >= 2 && tag.startsWith("\"") && tag.endsWith("\"")) {
                tag = tag.substring(1, tag.length() - 1);
            }
            if ("*".equals(tag) || tag.equals(digest)) {
                return true;
            }
        }
        return false;
    }
}
