package io.berth.registry;

import io.berth.access.Action;
import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.db.Change;
import io.berth.http.Authentication;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;

/** The authorizer's answers in the terms of {@code /v2/}. */
final class Access {
    private final Authorizer authorizer;

    Access(Authorizer authorizer) {
        this.authorizer = authorizer;
    }

    /** The decision, which allows it. */
    Decision require(Principal principal, Action action, RepositoryName repository, Reference reference) {
        return require(principal, authorizer.decide(principal, action, repository, reference));
    }

    Decision requireCatalog(Principal principal) {
        return require(principal, authorizer.decideCatalog(principal));
    }

    // Who has presented nothing is asked to; the answer is the same whether the thing exists or not.
    private static Decision require(Principal principal, Decision decision) {
        if (!decision.allowed()) {
            throw principal.isAnonymous()
                    ? Authentication.challenge("authentication required")
                    : new OciException(ErrorCode.DENIED, "requested access to the resource is denied");
        }
        return decision;
    }

    /** Whether the principal may push, and so takes leases on what it is told to exist. */
    boolean mayPush(Principal principal, RepositoryName repository) {
        return !principal.isAnonymous()
                && authorizer.decide(principal, Action.PUSH, repository, null).allowed();
    }

    /** The Cache-Control of immutable content: shared caches may keep only what anybody may read. */
    CharSequence cacheForever(RepositoryName repository) {
        return authorizer.isPublic(repository)
                ? "public, max-age=31536000, immutable"
                : "private, max-age=31536000, immutable";
    }

    /** The Cache-Control of what may change. */
    CharSequence cacheUntilChanged(RepositoryName repository) {
        return authorizer.isPublic(repository) ? "public, no-cache" : "private, no-cache";
    }

    static Change.Origin origin(Exchange exchange, Principal principal, Decision decision) {
        return new Change.Origin(principal.name(), principal.credential(), exchange.requestId(), decision.rule());
    }
}
