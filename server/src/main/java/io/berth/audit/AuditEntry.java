package io.berth.audit;

import static java.util.Objects.requireNonNull;

/**
 * One thing that somebody did or tried. Names and not ids, so that it can be read when what it speaks of is gone.
 *
 * @param id in the order of writing; 0 before that
 * @param at when it happened, milliseconds since 1970
 * @param operation {@code push}, {@code pull}, {@code create}, {@code update}, {@code delete}, {@code login} ...
 * @param resourceType {@code artifact}, {@code tag}, {@code user}, {@code project} ...
 * @param resource its name, may be empty
 * @param project null where there is none
 * @param actor a name, as it was claimed where nobody could verify it
 * @param credential the id of the credential, or null
 * @param client the address that it came from, or null
 * @param success whether it was allowed and done
 * @param rule what decided, or null
 * @param requestId the X-Request-Id, or null
 * @param detail a JSON object
 * @param changeSeq the entry of the change feed that it tells of, or null
 */
public record AuditEntry(
        long id,
        long at,
        String operation,
        String resourceType,
        String resource,
        String project,
        String actor,
        String credential,
        String client,
        boolean success,
        String rule,
        String requestId,
        String detail,
        Long changeSeq) {
    public AuditEntry {
        requireNonNull(operation, "operation is null");
        requireNonNull(resourceType, "resourceType is null");
        requireNonNull(resource, "resource is null");
        requireNonNull(actor, "actor is null");
        requireNonNull(detail, "detail is null");
    }
}
