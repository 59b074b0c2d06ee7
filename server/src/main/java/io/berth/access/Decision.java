package io.berth.access;

import static java.util.Objects.requireNonNull;

import io.berth.http.Denied;
import io.berth.oci.ErrorCode;

/**
 * An answer to a permission question.
 *
 * @param rule the rule that decided, for the audit log
 */
public record Decision(boolean allowed, String rule) {
    /** Refused, since the credential is good for less than its owner. */
    public static final Decision OUT_OF_SCOPE = new Decision(false, "the credential's scope does not reach so far");

    public Decision {
        requireNonNull(rule, "rule is null");
    }

    /** What tells somebody known that this was the answer, and the audit what was asked. */
    public Denied denied(ErrorCode code, String message, Permission permission, Target target) {
        return new Denied(
                code, message, permission.action(), permission.resource(), target.resource(), target.inProject(), rule);
    }

    /** The same to a client of the registry. */
    public Denied denied(Permission permission, Target target) {
        return denied(ErrorCode.DENIED, "requested access to the resource is denied", permission, target);
    }
}
