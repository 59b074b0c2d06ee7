package io.berth.access;

import static java.util.Objects.requireNonNull;

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
}
