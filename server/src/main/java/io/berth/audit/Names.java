package io.berth.audit;

/** Names of things as entries carry them: of a bounded length, and of characters that every database takes. */
final class Names {
    static final int LONGEST = 1_024;

    private Names() {}

    /** The project of a thing, or null where its name does not say. */
    static String project(String resourceType, String resource) {
        return switch (resourceType) {
            case "project" -> resource;
            case "artifact", "tag", "blob", "repository" -> {
                int slash = resource.indexOf('/');
                yield slash > 0 ? resource.substring(0, slash) : null;
            }
            default -> null;
        };
    }

    static String orNull(String text) {
        return text == null || text.isEmpty() ? null : bounded(text);
    }

    /** Text that somebody invented. PostgreSQL knows no NUL. */
    static String bounded(String text) {
        String kept = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        return kept.indexOf('\0') < 0 ? kept : kept.replace('\0', '\u2400');
    }
}
