package io.berth.http;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * Who is asking, and by which credential. What they may do is not here: rights are looked up when they are needed, so
 * that a change of them counts with the next request.
 *
 * @param id the account's or robot's, 0 for {@link #ANONYMOUS}
 * @param name the name that logs and the change feed show
 * @param credential the id of the credential that was presented, empty for {@link #ANONYMOUS}
 * @param scopes what the credential is good for at most; empty when it does not limit its owner's rights
 */
public record Principal(Kind kind, long id, String name, String credential, Optional<List<Scope>> scopes) {
    /** Nobody in particular: no credential was presented. */
    public static final Principal ANONYMOUS = new Principal(Kind.ANONYMOUS, 0, "anonymous", "", Optional.empty());

    public enum Kind {
        ANONYMOUS,
        USER,
        ROBOT,
        /** The server itself, or a command that has the data directory. */
        SYSTEM
    }

    public Principal {
        requireNonNull(kind, "kind is null");
        requireNonNull(name, "name is null");
        requireNonNull(credential, "credential is null");
        requireNonNull(scopes, "scopes is null");
    }

    /** One whose credential does not limit it. */
    public Principal(Kind kind, long id, String name, String credential) {
        this(kind, id, name, credential, Optional.empty());
    }

    public boolean isAnonymous() {
        return kind == Kind.ANONYMOUS;
    }

    /** The same without limits: for what is judged by the rights of the credential's owner alone. */
    public Principal withoutScopes() {
        return new Principal(kind, id, name, credential);
    }

    /** The same, limited to {@code most}. */
    public Principal limitedTo(List<Scope> most) {
        return new Principal(kind, id, name, credential, Optional.of(List.copyOf(most)));
    }
}
