package io.berth.access;

import static java.util.Objects.requireNonNull;

/**
 * An answer to a permission question.
 *
 * @param rule the rule that decided, for the audit log
 */
public record Decision(boolean allowed, String rule) {
    public Decision {
        requireNonNull(rule, "rule is null");
    }
}
