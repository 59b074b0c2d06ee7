package io.berth.identity;

import java.util.Optional;

/**
 * Somebody who may log in.
 *
 * @param source who knows them: {@code local} or the name of another source
 * @param subject what identifies them there for ever; names may change
 * @param createdAt milliseconds since 1970, as all times
 */
public record Account(
        long id,
        String source,
        String subject,
        String name,
        Optional<String> email,
        String realName,
        String comment,
        boolean administrator,
        boolean disabled,
        long createdAt,
        long updatedAt) {
    /** The source of accounts whose password lies here. */
    public static final String LOCAL = "local";

    public boolean isLocal() {
        return source.equals(LOCAL);
    }
}
