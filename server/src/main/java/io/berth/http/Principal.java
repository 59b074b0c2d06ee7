package io.berth.http;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Who is asking, and by which credential. What they may do is not here: rights are looked up when they are needed, so
 * that a change of them counts with the next request.
 *
 * @param id the account's or robot's, 0 for {@link #ANONYMOUS}
 * @param name the name that logs and the change feed show
 * @param credential the id of the credential that was presented, empty for {@link #ANONYMOUS}
 * @param limits what the credential itself is good for at most; empty when it does not limit its owner's rights
 * @param scopes what this request's token is: one that was issued for the credential, or the credential itself; empty
 *     likewise
 * @param lifetime how long the credential lives; empty for one without an end
 */
public record Principal(
        Kind kind,
        long id,
        String name,
        String credential,
        Optional<List<Scope>> limits,
        Optional<List<Scope>> scopes,
        Optional<Lifetime> lifetime) {
    /** Nobody in particular: no credential was presented. */
    public static final Principal ANONYMOUS = new Principal(Kind.ANONYMOUS, 0, "anonymous", "");

    /** From when to when a credential is good, both in milliseconds since 1970. */
    public record Lifetime(long begin, long end) {
        /** How long before its end one can end soon at most, in milliseconds. */
        public static final long SOON = Duration.ofDays(7).toMillis();

        /** Of a credential that may have no end, which is null then. */
        public static Optional<Lifetime> of(long begin, Long end) {
            return end == null ? Optional.empty() : Optional.of(new Lifetime(begin, end));
        }

        /** Whether it ends within a week, and has had three quarters of its life. */
        public boolean endsSoon(long now) {
            long left = end - now;
            return left <= SOON && left * 4 <= end - begin;
        }
    }

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
        requireNonNull(limits, "limits is null");
        requireNonNull(scopes, "scopes is null");
        requireNonNull(lifetime, "lifetime is null");
    }

    /** One whose credential neither limits it nor ends. */
    public Principal(Kind kind, long id, String name, String credential) {
        this(kind, id, name, credential, Optional.empty(), Optional.empty(), Optional.empty());
    }

    public boolean isAnonymous() {
        return kind == Kind.ANONYMOUS;
    }

    /** Who it is, by the id, which is never used again: the next user or robot of the name is somebody else. */
    public String identity() {
        return kind + ":" + id;
    }

    /** Whether a token of the token service speaks for the credential. */
    public boolean isByToken() {
        return scopes.isPresent() && !scopes.equals(limits);
    }

    /** The same without limits: for what is judged by the rights of the credential's owner alone. */
    public Principal withoutScopes() {
        return new Principal(kind, id, name, credential, Optional.empty(), Optional.empty(), lifetime);
    }

    /** The same without what its token was issued for: for what is judged by the credential that stands behind it. */
    public Principal byCredentialAlone() {
        return new Principal(kind, id, name, credential, limits, limits, lifetime);
    }

    /** The same by a credential that is limited to {@code most}. */
    public Principal limitedTo(List<Scope> most) {
        Optional<List<Scope>> limit = Optional.of(List.copyOf(most));
        return new Principal(kind, id, name, credential, limit, limit, lifetime);
    }

    /** The same by a token that was issued for {@code most}. */
    public Principal byToken(List<Scope> most) {
        return new Principal(kind, id, name, credential, limits, Optional.of(List.copyOf(most)), lifetime);
    }

    /** The same by a credential of this life. */
    public Principal living(Optional<Lifetime> life) {
        return new Principal(kind, id, name, credential, limits, scopes, life);
    }
}
