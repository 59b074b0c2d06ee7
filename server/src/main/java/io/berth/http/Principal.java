package io.berth.http;

import static java.util.Objects.requireNonNull;

/**
 * Who is asking.
 *
 * @param name the name that logs and the change feed show
 * @param credential the id of the credential that was presented, empty for {@link #ANONYMOUS}
 * @param administrator whether everything is allowed
 */
public record Principal(String name, String credential, boolean administrator) {
    /** Nobody in particular: no credential was presented. */
    public static final Principal ANONYMOUS = new Principal("anonymous", "", false);

    public Principal {
        requireNonNull(name, "name is null");
        requireNonNull(credential, "credential is null");
    }

    public boolean isAnonymous() {
        return credential.isEmpty();
    }
}
