package io.berth.project;

import java.util.OptionalLong;

/**
 * A tenant.
 *
 * @param owner the name of whoever made it
 * @param quotaBytes the most that it may hold, null for no limit
 * @param usedBytes the sum of the different blobs and manifests that its repositories link
 */
public record Project(
        long id,
        String name,
        boolean isPublic,
        String owner,
        Long quotaBytes,
        long usedBytes,
        long createdAt,
        long updatedAt) {

    public OptionalLong quota() {
        return quotaBytes == null ? OptionalLong.empty() : OptionalLong.of(quotaBytes);
    }
}
