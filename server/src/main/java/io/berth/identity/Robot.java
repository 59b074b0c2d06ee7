package io.berth.identity;

/**
 * An account of a machine, of one project or of the system.
 *
 * @param projectId null for a robot of the system
 * @param project the project's name, null for a robot of the system
 * @param name without prefix and project
 * @param durationDays -1 for ever
 * @param expiresAt milliseconds since 1970, null for never
 * @param lastUsedAt the same, null for never; written down some seconds later
 */
public record Robot(
        long id,
        Long projectId,
        String project,
        String name,
        String description,
        String secretHash,
        boolean disabled,
        int durationDays,
        Long expiresAt,
        String createdBy,
        long createdAt,
        long updatedAt,
        Long lastUsedAt) {

    /** What it logs in as, {@code robot$project+name}. */
    public String fullName(String prefix) {
        return prefix + (project == null ? "" : project + "+") + name;
    }

    /** Whether it may log in at {@code now}, in milliseconds since 1970. */
    public boolean isActive(long now) {
        return !disabled && (expiresAt == null || now < expiresAt);
    }
}
