package io.berth.rbac;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.http.Principal;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.Robot;
import io.berth.identity.Robots;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.util.Optional;

/** Explains a decision: who may do what to which thing, and by which rule. Asks the one authorizer. Thread-safe. */
public final class Explanation {
    private final Authorizer authorizer;
    private final Accounts accounts;
    private final Robots robots;

    public Explanation(Authorizer authorizer, Accounts accounts, Robots robots) {
        this.authorizer = authorizer;
        this.accounts = accounts;
        this.robots = robots;
    }

    /**
     * Whether {@code who} may.
     *
     * @param who a user's name, a robot's full name, or {@code anonymous}
     * @param action {@code pull}, {@code push}, {@code delete}, or a permission such as {@code member:create}
     * @param what {@code repository}, {@code repository:tag}, {@code repository@digest}, {@code project:name} or {@code
     *     system}
     * @throws OciException {@code NOT_FOUND} for an unknown somebody, {@code BAD_REQUEST} for what is not understood
     */
    public Decision can(String who, String action, String what) {
        Principal principal = principal(who);
        Optional<Reference> reference = reference(what);
        return authorizer.decide(principal, permission(action, reference), target(what, reference));
    }

    private Principal principal(String who) {
        if (who.equals(Principal.ANONYMOUS.name())) {
            return Principal.ANONYMOUS;
        }
        Optional<Robot> robot = robots.find(who);
        if (robot.isPresent()) {
            return new Principal(Principal.Kind.ROBOT, robot.get().id(), who, "explained");
        }
        Account account = accounts.find(who)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no user or robot '" + who + "'"));
        return new Principal(Principal.Kind.USER, account.id(), account.name(), "explained");
    }

    private static Permission permission(String action, Optional<Reference> reference) {
        return switch (action) {
            case "pull" -> Permission.PULL;
            case "push" -> Permission.PUSH;
            case "delete" ->
                reference.filter(Tag.class::isInstance).isPresent()
                        ? Permission.TAG_DELETE
                        : Permission.ARTIFACT_DELETE;
            default -> {
                try {
                    yield Permission.parse(action);
                } catch (IllegalArgumentException e) {
                    throw new OciException(ErrorCode.BAD_REQUEST, e.getMessage() + ", pull, push or delete");
                }
            }
        };
    }

    private static Optional<Reference> reference(String what) {
        if (what.equals("system") || what.startsWith("project:")) {
            return Optional.empty();
        }
        int at = what.indexOf('@');
        if (at >= 0) {
            return Optional.of(Digest.parse(what.substring(at + 1)));
        }
        int colon = what.indexOf(':');
        return colon < 0 ? Optional.empty() : Optional.of(Tag.parse(what.substring(colon + 1)));
    }

    private static Target target(String what, Optional<Reference> reference) {
        if (what.equals("system")) {
            return Target.SYSTEM;
        }
        if (what.startsWith("project:")) {
            return Target.project(what.substring(8));
        }
        RepositoryName repository = RepositoryName.parse(what.split("[@:]", 2)[0]);
        return reference.map(of -> Target.content(repository, of)).orElseGet(() -> Target.repository(repository));
    }
}
