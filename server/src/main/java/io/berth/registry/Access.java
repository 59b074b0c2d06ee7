package io.berth.registry;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.TagFilter;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.http.AuditSink;
import io.berth.http.Authentication;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.Caller;
import io.berth.oci.Digest;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Projects;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The authorizer's answers in the terms of {@code /v2/}. */
final class Access {
    private static final Permission CATALOG = new Permission("catalog", "read");

    private final Authorizer authorizer;
    private final Authentication authentication;
    private final Projects projects;
    private final AuditSink audit;

    Access(Authorizer authorizer, Authentication authentication, Projects projects, AuditSink audit) {
        this.audit = audit;
        this.authorizer = authorizer;
        this.authentication = authentication;
        this.projects = projects;
    }

    /** A right that was found, and what asks for it again when it is used. */
    record Right(Decision decision, Change.Gate gate) {}

    /** The right to change something. */
    Right require(Exchange exchange, Principal principal, Permission permission, Target target) {
        Change.Gate gate = authorizer.gate(principal, permission, target);
        Decision decision = authorizer.decide(principal, permission, target);
        if (!decision.allowed() && permission.equals(Permission.PUSH)) {
            Optional<Decision> made = projects.mayCreateByPush(principal, repositoryOf(target));
            if (made.isPresent()) {
                return new Right(made.get(), projects.gateOfMaker(principal, repositoryOf(target), gate));
            }
        }
        return new Right(require(exchange, principal, permission, target, decision), gate);
    }

    /**
     * The decision to let something be pulled. To somebody who may pull some tags of the repository a digest that none of
     * them reaches does not exist: a client that is about to push looks whether it does, and goes on when it does not.
     *
     * @param unknown what is thrown then
     */
    Decision requirePull(
            Exchange exchange,
            Principal principal,
            RepositoryName repository,
            Reference reference,
            Supplier<OciException> unknown) {
        Target target = Target.content(repository, reference);
        Decision decision = authorizer.decide(principal, Permission.PULL, target);
        if (reference instanceof Digest && isHidden(principal, repository, decision)) {
            throw unknown.get();
        }
        return require(exchange, principal, Permission.PULL, target, decision);
    }

    /**
     * The right to delete a manifest. To whoever may delete some of the repository's, a digest that none of their
     * tags reaches does not exist either.
     *
     * @param unknown what is thrown then
     */
    Right requireDelete(
            Exchange exchange,
            Principal principal,
            RepositoryName repository,
            Reference reference,
            Supplier<OciException> unknown) {
        Target target = Target.content(repository, reference);
        Permission permission = reference instanceof Tag ? Permission.TAG_DELETE : Permission.ARTIFACT_DELETE;
        if (reference instanceof Digest
                && !authorizer.tags(principal, permission, repository).isNone()
                && isHidden(principal, repository, authorizer.decide(principal, Permission.PULL, target))) {
            throw unknown.get();
        }
        return require(exchange, principal, permission, target);
    }

    /**
     * Whether what refers to a digest is shown. To whoever may pull something of the repository and not this, nothing
     * refers to it, as to a digest that is not there.
     *
     * @throws OciException {@code UNAUTHORIZED} or {@code DENIED} for everybody else who may not
     */
    boolean requireReferrers(Exchange exchange, Principal principal, RepositoryName repository, Digest subject) {
        Target target = Target.content(repository, subject);
        Decision decision = authorizer.decide(principal, Permission.PULL, target);
        if (isHidden(principal, repository, decision)) {
            return false;
        }
        require(exchange, principal, Permission.PULL, target, decision);
        return true;
    }

    private boolean isHidden(Principal principal, RepositoryName repository, Decision decision) {
        return !decision.allowed()
                && decision != Decision.OUT_OF_SCOPE
                && !principal.isAnonymous()
                && authorizer
                        .decide(principal, Permission.PULL, Target.repository(repository))
                        .allowed();
    }

    /** The same when it can be said without blocking; null when it cannot. */
    Decision requireAtOnce(Principal principal, Permission permission, Target target) {
        Decision decision = authorizer.decideAtOnce(principal, permission, target);
        return decision != null && decision.allowed() ? decision : null;
    }

    /** Tells the audit of a manifest that is given out. */
    void pulled(
            Exchange exchange,
            Principal principal,
            Decision decision,
            RepositoryName name,
            Reference reference,
            String digest) {
        if (audit.wantsPull(name.project())) {
            audit.record(new AuditSink.Event(
                    "pull",
                    "artifact",
                    Target.content(name, reference).resource(),
                    name.project(),
                    principal.name(),
                    principal.credential(),
                    exchange.client(),
                    exchange.requestId(),
                    true,
                    decision.rule(),
                    Map.of("digest", digest)));
        }
    }

    // Who has presented nothing is asked to; the answer is the same whether the thing exists or not.
    private Decision require(
            Exchange exchange, Principal principal, Permission permission, Target target, Decision decision) {
        if (decision.allowed()) {
            return decision;
        }
        String scope = scope(permission, target);
        if (principal.isAnonymous()) {
            throw authentication.challenge(exchange, scope, "authentication required");
        }
        // A bigger token helps when the rights behind it reach so far.
        if (decision == Decision.OUT_OF_SCOPE
                && authorizer
                        .decide(principal.byCredentialAlone(), permission, target)
                        .allowed()) {
            throw authentication.insufficient(exchange, scope);
        }
        throw decision.denied(permission, target);
    }

    private static RepositoryName repositoryOf(Target target) {
        return switch (target) {
            case Target.OfRepository of -> of.name();
            case Target.OfContent of -> of.repository();
            case Target.OfSubject of -> of.repository();
            default -> throw new IllegalArgumentException("no repository: " + target);
        };
    }

    // What a client has to ask the token service for
    private static String scope(Permission permission, Target target) {
        if (target instanceof Target.OfSystem) {
            return "registry:catalog:*";
        }
        Set<String> actions = permission.equals(Permission.PUSH) ? Set.of("pull", "push") : Set.of(permission.action());
        return new Scope(Scope.REPOSITORY, repositoryOf(target).value(), actions).toString();
    }

    /** Whether all repositories are listed for the principal, or those alone that they may see. */
    boolean requireCatalog(Exchange exchange, Principal principal) {
        Decision decision = authorizer.decide(principal, CATALOG, Target.SYSTEM);
        if (decision == Decision.OUT_OF_SCOPE) {
            require(exchange, principal, CATALOG, Target.SYSTEM, decision);
        }
        return decision.allowed();
    }

    /** What asks somebody without a credential, to whom nothing can be shown, for one. */
    OciException challengeForCatalog(Exchange exchange) {
        return authentication.challenge(exchange, scope(CATALOG, Target.SYSTEM), "authentication required");
    }

    /** The tags that the principal may pull, of a repository that they may know of. */
    TagFilter requireTags(Exchange exchange, Principal principal, RepositoryName repository) {
        Target target = Target.repository(repository);
        require(exchange, principal, Permission.PULL, target, authorizer.decide(principal, Permission.PULL, target));
        return authorizer.tags(principal, Permission.PULL, repository);
    }

    /**
     * Refuses what the project's quota has no room for, before the client is asked for it.
     *
     * @param digest of what is coming; null when it is not known yet
     * @param size the bytes that it has at least
     * @throws OciException {@code DENIED} naming used, limit and needed
     */
    void requireRoom(RepositoryName repository, Digest digest, long size) {
        projects.requireRoom(repository.project(), digest, size);
    }

    /** Whether the principal may push, and so takes leases on what it is told to exist. */
    boolean mayPush(Principal principal, RepositoryName repository) {
        return !principal.isAnonymous()
                && authorizer
                        .decide(principal, Permission.PUSH, Target.repository(repository))
                        .allowed();
    }

    /** The same without blocking; true also when it cannot be said so. */
    boolean mightPush(Principal principal, RepositoryName repository) {
        if (principal.isAnonymous()) {
            return false;
        }
        Decision decision = authorizer.decideAtOnce(principal, Permission.PUSH, Target.repository(repository));
        return decision == null || decision.allowed();
    }

    /** The Cache-Control of immutable content: shared caches may keep only what anybody may read. */
    CharSequence cacheForever(Exchange exchange, RepositoryName repository) {
        return isForAnybody(exchange, repository)
                ? "public, max-age=31536000, immutable"
                : "private, max-age=31536000, immutable";
    }

    /** The Cache-Control of what may change. */
    CharSequence cacheUntilChanged(Exchange exchange, RepositoryName repository) {
        return isForAnybody(exchange, repository) ? "public, no-cache" : "private, no-cache";
    }

    /** The Cache-Control of a list of repositories, which shows everybody what they may see. */
    CharSequence cacheOfCatalog(Exchange exchange, Principal principal) {
        return principal.isAnonymous() && !exchange.has(Authentication.WARNING)
                ? "public, no-cache"
                : "private, no-cache";
    }

    // A warning about somebody's credential is theirs.
    private boolean isForAnybody(Exchange exchange, RepositoryName repository) {
        return authorizer.isPublic(repository) && !exchange.has(Authentication.WARNING);
    }

    static Change.Origin origin(Exchange exchange, Principal principal, Right right) {
        return Caller.origin(exchange, principal, right.decision().rule()).through(right.gate());
    }
}
