package io.berth.access;

import static java.util.Objects.requireNonNull;

/**
 * Something that may be done: an action on a kind of resource, {@code repository:push}. The pairs are Harbor's where Harbor
 * has them; {@link Permissions} lists them all.
 */
public record Permission(String resource, String action) {
    public static final Permission PULL = new Permission("repository", "pull");
    public static final Permission PUSH = new Permission("repository", "push");
    public static final Permission TAG_DELETE = new Permission("tag", "delete");
    public static final Permission ARTIFACT_DELETE = new Permission("artifact", "delete");
    public static final Permission PROJECT_READ = new Permission("project", "read");
    public static final Permission PROJECT_CREATE = new Permission("project", "create");

    /** What administrators alone may do, and cannot be granted. */
    public static final Permission ADMINISTER = new Permission("system", "administer");

    /** To read metrics and other facts about the server. */
    public static final Permission METRICS_READ = new Permission("metrics", "read");

    public Permission {
        requireNonNull(resource, "resource is null");
        requireNonNull(action, "action is null");
    }

    /**
     * Reads {@code resource:action}.
     *
     * @throws IllegalArgumentException when it is no pair
     */
    public static Permission parse(String text) {
        int colon = text.indexOf(':');
        if (colon <= 0 || colon == text.length() - 1 || text.indexOf(':', colon + 1) >= 0) {
            throw new IllegalArgumentException("'" + text + "' is not resource:action");
        }
        return new Permission(text.substring(0, colon), text.substring(colon + 1));
    }

    /** Whether nothing is changed by it. */
    public boolean isRead() {
        return action.equals("read") || action.equals("list") || action.equals("pull");
    }

    @Override
    public String toString() {
        return resource + ":" + action;
    }
}
