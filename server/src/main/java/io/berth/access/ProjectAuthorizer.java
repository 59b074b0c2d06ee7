package io.berth.access;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.AccessVersion;
import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Decides by what was granted, and by what anybody may do in public projects.
 *
 * <p>A grant may be limited to some tags. What has no tag of its own takes the right of the tags through which it is part of
 * something: a digest may be pulled when it is reached from a tag that may be pulled, and deleted when every tag that names
 * it may be. Blobs and manifests without a tag may be pushed by whoever may push any tag. Signatures and other tags made of
 * a digest take the right of what they are about.
 *
 * <p>Thread-safe.
 */
public final class ProjectAuthorizer implements Authorizer {
    private static final Decision ADMINISTRATOR = new Decision(true, "administrator");
    private static final Decision PUBLIC = new Decision(true, "the project is public");
    private static final Decision OVER = new Decision(false, "the credential is over");
    private static final Decision NO_RULE = new Decision(false, "no rule allows it");

    private final RightsCache cache;
    private final AccessVersion version;
    private final TagsOfDigest tagsOfDigest;
    private final boolean anonymousPull;
    private final BiPredicate<Tx, Principal> standing;

    /** One for which no credential ends while it is used. */
    public ProjectAuthorizer(
            Database database, AccessVersion version, TagsOfDigest tagsOfDigest, boolean anonymousPull) {
        this(database, version, tagsOfDigest, anonymousPull, (tx, principal) -> true);
    }

    /**
     * @param anonymousPull whether public projects are so for those who present no credential
     * @param standing whether a credential is still good for anything
     */
    public ProjectAuthorizer(
            Database database,
            AccessVersion version,
            TagsOfDigest tagsOfDigest,
            boolean anonymousPull,
            BiPredicate<Tx, Principal> standing) {
        this.cache = new RightsCache(database, version);
        this.version = version;
        this.tagsOfDigest = tagsOfDigest;
        this.anonymousPull = anonymousPull;
        this.standing = standing;
    }

    @Override
    public Change.Gate gate(Principal principal, Permission permission, Target target) {
        AccessVersion.Mark mark = version.mark();
        return tx -> {
            if (!mark.holds(tx)) {
                requireStill(tx, principal, permission, target);
            }
        };
    }

    private void requireStill(Tx tx, Principal principal, Permission permission, Target target) {
        Decision decision = standing.test(tx, principal) ? decide(tx, principal, permission, target) : OVER;
        if (!decision.allowed()) {
            throw decision.denied(permission, target);
        }
    }

    // By the transaction alone: what is remembered may be older than it, and the writer waits for no reader.
    private Decision decide(Tx tx, Principal principal, Permission permission, Target target) {
        Rights rights = cache.rights(tx, principal);
        String project = projectOf(target);
        boolean isPublic = project != null && !rights.administrator() && cache.isPublic(tx, project);
        return decide(principal, permission, target, rights, isPublic, tagsOfDigest.in(tx));
    }

    @Override
    public Decision decideAtOnce(Principal principal, Permission permission, Target target) {
        Rights rights = cache.rightsAtOnce(principal);
        if (rights == null) {
            return null;
        }
        String project = projectOf(target);
        Boolean isPublic = project == null ? Boolean.FALSE : cache.isPublicAtOnce(project);
        if (isPublic == null && !rights.administrator()) {
            return null;
        }
        return decide(principal, permission, target, rights, Boolean.TRUE.equals(isPublic), null);
    }

    @Override
    public Decision decide(Principal principal, Permission permission, Target target) {
        Rights rights = cache.rights(principal);
        String project = projectOf(target);
        boolean isPublic = project != null && !rights.administrator() && cache.isPublic(project);
        return decide(principal, permission, target, rights, isPublic, tagsOfDigest);
    }

    private static String projectOf(Target target) {
        return switch (target) {
            case Target.OfSystem ignored -> null;
            case Target.OfProject project -> project.name();
            case Target.OfRepository repository -> repository.name().project();
            case Target.OfContent content -> content.repository().project();
            case Target.OfSubject about -> about.repository().project();
        };
    }

    // tags is null where nobody may be asked; then the answer is null when it depends on them
    private Decision decide(
            Principal principal,
            Permission permission,
            Target target,
            Rights rights,
            boolean isPublic,
            TagsOfDigest tags) {
        if (!isWithinScope(principal, permission, target)) {
            return Decision.OUT_OF_SCOPE;
        }
        if (rights.administrator()) {
            return ADMINISTRATOR;
        }
        if (isPublic
                && (anonymousPull || !principal.isAnonymous())
                && Permissions.ofAnybody().contains(permission)) {
            return PUBLIC;
        }
        return switch (target) {
            case Target.OfSystem ignored -> first(rights.system(), permission);
            case Target.OfProject project -> decideProject(rights, permission, project.name());
            case Target.OfRepository repository -> decideRepository(rights, permission, repository.name());
            case Target.OfContent content ->
                decideContent(rights, permission, content.repository(), content.reference(), tags);
            case Target.OfSubject about -> decideSubject(rights, permission, about.repository(), about.subject(), tags);
        };
    }

    private boolean isOpen(Principal principal, Permission permission, boolean isPublic) {
        return isPublic
                && (anonymousPull || !principal.isAnonymous())
                && Permissions.ofAnybody().contains(permission);
    }

    // What the credential is good for at most, and what the token is that speaks for it.
    private static boolean isWithinScope(Principal principal, Permission permission, Target target) {
        return covers(principal.scopes(), permission, target)
                && (!principal.isByToken() || covers(principal.limits(), permission, target));
    }

    private static boolean covers(Optional<List<Scope>> scopes, Permission permission, Target target) {
        if (scopes.isEmpty()) {
            return true;
        }
        RepositoryName repository = switch (target) {
            case Target.OfRepository of -> of.name();
            case Target.OfContent of -> of.repository();
            case Target.OfSubject of -> of.repository();
            default -> null;
        };
        for (Scope scope : scopes.get()) {
            if (repository != null && scope.covers(Scope.REPOSITORY, repository.value(), permission.action())) {
                return true;
            }
            // What images hold is no part of the API, and has scopes of its own.
            boolean ofApi = !permission.equals(Permission.PULL) && !permission.equals(Permission.PUSH);
            if (scope.covers("registry", permission.resource(), permission.action())
                    || ofApi && scope.covers("api", "", permission.isRead() ? "read" : "write")) {
                return true;
            }
        }
        return false;
    }

    private static Decision first(List<Rights.Rule> rules, Permission permission) {
        for (Rights.Rule rule : rules) {
            if (rule.covers(permission)) {
                return rule.decision();
            }
        }
        return NO_RULE;
    }

    // Whoever may do something to a part of the project may know that there is the project.
    private static Decision decideProject(Rights rights, Permission permission, String project) {
        for (Rights.Rule rule : rights.in(project)) {
            boolean whole = rule.repositories() == null && rule.tags() == null;
            if (whole ? rule.covers(permission) : permission.equals(Permission.PROJECT_READ)) {
                return rule.decision();
            }
        }
        return NO_RULE;
    }

    private static Decision decideRepository(Rights rights, Permission permission, RepositoryName repository) {
        String name = repository.inProject();
        for (Rights.Rule rule : rights.in(repository.project())) {
            boolean anyTag = rule.tags() == null || isPossibleForSomeTags(permission);
            if (anyTag && rule.covers(permission) && rule.coversRepository(name)) {
                return rule.decision();
            }
        }
        return NO_RULE;
    }

    // Of a repository as a whole: uploads have no tag yet, and lists show what may be seen.
    private static boolean isPossibleForSomeTags(Permission permission) {
        return permission.equals(Permission.PUSH) || permission.isRead();
    }

    private static Decision decideContent(
            Rights rights, Permission permission, RepositoryName repository, Reference reference, TagsOfDigest tags) {
        return decideLimited(
                rights,
                permission,
                repository,
                rule -> reference instanceof Tag tag && rule.tags().matches(tag.name()),
                limited -> switch (reference) {
                    case Tag tag ->
                        tag.subject()
                                .map(subject -> decideAbout(limited, repository, subject, tags))
                                .orElse(NO_RULE);
                    case Digest digest
                    when permission.equals(Permission.PUSH) ->
                        limited.getFirst().decision();
                    case Digest digest when permission.isRead() -> decideReached(limited, repository, digest, tags);
                    case Digest digest -> decideNamed(limited, repository, digest, tags);
                });
    }

    private static Decision decideSubject(
            Rights rights, Permission permission, RepositoryName repository, Digest subject, TagsOfDigest tags) {
        return decideLimited(
                rights,
                permission,
                repository,
                rule -> false,
                limited -> decideAbout(limited, repository, subject, tags));
    }

    // A rule for all tags decides, and one for some when it is known to be right; what is left of those is judged
    // together.
    private static Decision decideLimited(
            Rights rights,
            Permission permission,
            RepositoryName repository,
            Predicate<Rights.Rule> right,
            Function<List<Rights.Rule>, Decision> judge) {
        List<Rights.Rule> limited = null;
        for (Rights.Rule rule : rights.in(repository.project())) {
            if (!rule.covers(permission) || !rule.coversRepository(repository.inProject())) {
                continue;
            }
            if (rule.tags() == null || right.test(rule)) {
                return rule.decision();
            }
            if (limited == null) {
                limited = new ArrayList<>();
            }
            limited.add(rule);
        }
        return limited == null ? NO_RULE : judge.apply(limited);
    }

    // Something about a manifest: its signature, its bill of materials. About what is not there anybody may say
    // something.
    private static Decision decideAbout(
            List<Rights.Rule> limited, RepositoryName repository, Digest subject, TagsOfDigest tags) {
        if (tags == null) {
            return null;
        }
        Set<String> reaching = tags.reaching(repository, subject);
        return reaching.isEmpty() ? limited.getFirst().decision() : anyOf(limited, reaching);
    }

    private static Decision decideReached(
            List<Rights.Rule> limited, RepositoryName repository, Digest digest, TagsOfDigest tags) {
        return tags == null ? null : anyOf(limited, tags.reaching(repository, digest));
    }

    private static Decision anyOf(List<Rights.Rule> limited, Set<String> tags) {
        for (Rights.Rule rule : limited) {
            if (tags.stream().anyMatch(rule.tags()::matches)) {
                return rule.decision();
            }
        }
        return NO_RULE;
    }

    private static Decision decideNamed(
            List<Rights.Rule> limited, RepositoryName repository, Digest digest, TagsOfDigest tags) {
        if (tags == null) {
            return null;
        }
        boolean every = tags.naming(repository, digest).stream()
                .allMatch(tag -> limited.stream().anyMatch(rule -> rule.tags().matches(tag)));
        return every ? limited.getFirst().decision() : NO_RULE;
    }

    @Override
    public boolean isPublic(RepositoryName repository) {
        return anonymousPull && Boolean.TRUE.equals(cache.isPublicAtOnce(repository.project()));
    }

    @Override
    public TagFilter tags(Principal principal, Permission permission, RepositoryName repository) {
        Target target = Target.repository(repository);
        Rights rights = cache.rights(principal);
        if (!isWithinScope(principal, permission, target)) {
            return TagFilter.NONE;
        }
        if (rights.administrator() || isOpen(principal, permission, cache.isPublic(repository.project()))) {
            return TagFilter.ALL;
        }
        var patterns = new ArrayList<NamePattern>();
        for (Rights.Rule rule : rights.in(repository.project())) {
            if (rule.covers(permission) && rule.coversRepository(repository.inProject())) {
                if (rule.tags() == null) {
                    return TagFilter.ALL;
                }
                patterns.add(rule.tags());
            }
        }
        return new TagFilter(false, List.copyOf(patterns));
    }
}
