package io.berth.token;

import io.berth.access.Authorizer;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.project.Projects;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Answers which of the scopes that a client asks for its owner may have: what they ask, as far as they may do it at all.
 * Nothing is refused; what is not allowed is left out. Thread-safe.
 */
final class GrantScopes {
    private static final int MAX_SCOPES = 50;
    private static final List<String> ALL = List.of("pull", "push", "delete");

    private final Authorizer authorizer;
    private final Projects projects;

    GrantScopes(Authorizer authorizer, Projects projects) {
        this.authorizer = authorizer;
        this.projects = projects;
    }

    /** The scopes, each once, with the actions that are allowed; those without any are not there. */
    List<Scope> grant(Principal principal, List<String> asked) {
        Map<String, Set<String>> repositories = new LinkedHashMap<>();
        List<Scope> granted = new ArrayList<>();
        for (String text : asked.subList(0, Math.min(asked.size(), MAX_SCOPES))) {
            Scope scope;
            try {
                scope = Scope.parse(text);
            } catch (IllegalArgumentException e) {
                continue;
            }
            if (scope.type().equals(Scope.REPOSITORY)) {
                repository(principal, scope, repositories);
            } else if (scope.type().equals("registry") && scope.name().equals("catalog")) {
                if (!principal.isAnonymous()) {
                    granted.add(new Scope("registry", "catalog", Set.of("*")));
                }
            }
        }
        repositories.forEach((name, actions) -> granted.add(new Scope(Scope.REPOSITORY, name, actions)));
        return granted;
    }

    private void repository(Principal principal, Scope scope, Map<String, Set<String>> repositories) {
        RepositoryName name;
        try {
            name = RepositoryName.parse(scope.name()); // also the short form of library/<name>, which is canonical here
        } catch (OciException e) {
            return;
        }
        Set<String> actions = new LinkedHashSet<>();
        for (String action : ALL) {
            boolean wanted = scope.actions().contains(action) || scope.actions().contains("*");
            if (wanted && mayAtAll(principal, action, name)) {
                actions.add(action);
            }
        }
        if (!actions.isEmpty()) {
            repositories
                    .computeIfAbsent(name.value(), n -> new LinkedHashSet<>())
                    .addAll(actions);
        }
    }

    // For some tag, since a scope knows no tags; each request is decided for itself.
    private boolean mayAtAll(Principal principal, String action, RepositoryName name) {
        return switch (action) {
            case "pull" -> may(principal, Permission.PULL, name);
            case "push" ->
                may(principal, Permission.PUSH, name)
                        || projects.mayCreateByPush(principal, name).isPresent();
            default -> may(principal, Permission.TAG_DELETE, name) || may(principal, Permission.ARTIFACT_DELETE, name);
        };
    }

    private boolean may(Principal principal, Permission permission, RepositoryName name) {
        return !authorizer.tags(principal, permission, name).isNone()
                || authorizer
                        .decide(principal, permission, Target.repository(name))
                        .allowed();
    }
}
