package io.berth.harbor;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.http.ApiCall;
import io.berth.http.AuditSink;
import io.berth.identity.Caller;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The authorizer's answers in the terms of Harbor's API: 401 for who is nobody, 403 for who may not. */
final class Guard {
    private final Authorizer authorizer;
    private final AuditSink audit;
    private final Projects projects;

    Guard(Authorizer authorizer, AuditSink audit, Projects projects) {
        this.authorizer = authorizer;
        this.audit = audit;
        this.projects = projects;
    }

    Authorizer authorizer() {
        return authorizer;
    }

    /** A project that something is allowed in, and what is to be noted of it. */
    record InProject(Project project, Change.Origin origin) {}

    /** A repository of a project, and the same. */
    record InRepository(Project project, RepositoryName name, Change.Origin origin) {}

    static Permission permission(String pair) {
        return Permission.parse(pair);
    }

    void requireSomebody(ApiCall call) {
        if (call.principal().isAnonymous()) {
            audit.challenged(AuditSink.Challenge.ANONYMOUS);
            throw new OciException(ErrorCode.UNAUTHORIZED, "unauthorized");
        }
    }

    boolean may(ApiCall call, String pair, Target target) {
        return authorizer.decide(call.principal(), permission(pair), target).allowed();
    }

    boolean isAdministrator(ApiCall call) {
        return authorizer
                .decide(call.principal(), Permission.ADMINISTER, Target.SYSTEM)
                .allowed();
    }

    /** Something on the system; who may not is told their name, as Harbor does. */
    Change.Origin requireSystem(ApiCall call, String pair) {
        return require(call, permission(pair), Target.SYSTEM, call.principal().name());
    }

    Change.Origin requireAdministrator(ApiCall call) {
        return require(
                call, Permission.ADMINISTER, Target.SYSTEM, call.principal().name());
    }

    Change.Origin require(ApiCall call, String pair, Target target) {
        return require(call, permission(pair), target, "forbidden");
    }

    private Change.Origin require(ApiCall call, Permission permission, Target target, String message) {
        Change.Gate gate = gate(call, permission, target);
        Decision decision = authorizer.decide(call.principal(), permission, target);
        if (!decision.allowed()) {
            requireSomebody(call);
            throw denied(permission, target, decision, message);
        }
        return origin(call, decision.rule()).through(gate);
    }

    // Of content alone: a change of rights may be one of the caller's own, and is judged by those before it.
    private Change.Gate gate(ApiCall call, Permission permission, Target target) {
        return switch (target) {
            case Target.OfSystem ignored -> Change.Gate.OPEN;
            case Target.OfProject ignored -> Change.Gate.OPEN;
            case Target.OfRepository ignored -> authorizer.gate(call.principal(), permission, target);
            case Target.OfContent ignored -> authorizer.gate(call.principal(), permission, target);
            case Target.OfSubject ignored -> authorizer.gate(call.principal(), permission, target);
        };
    }

    /** What tells somebody that they may not. */
    static OciException denied(Permission permission, Target target, Decision decision, String message) {
        return decision.denied(ErrorCode.FORBIDDEN, message, permission, target);
    }

    static Change.Origin origin(ApiCall call, String rule) {
        return Caller.origin(call.exchange(), call.principal(), rule);
    }

    /**
     * The project of the path, by its name or id. What does not exist and what may not be seen are alike, but for those who
     * may see everything.
     */
    InProject project(ApiCall call, String pair) {
        String nameOrId = call.path("project");
        Optional<Project> found =
                isId(call, nameOrId) ? projects.find(Long.parseLong(nameOrId)) : projects.find(nameOrId);
        return require(call, pair, nameOrId, found);
    }

    /** The project of the path, by its name alone. */
    InProject projectNamed(ApiCall call, String pair) {
        String name = call.path("project");
        return require(call, pair, name, projects.find(name));
    }

    private InProject require(ApiCall call, String pair, String asked, Optional<Project> found) {
        Change.Origin origin =
                require(call, pair, Target.project(found.map(Project::name).orElse(asked)));
        return new InProject(
                found.orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "project " + asked + " not found")),
                origin);
    }

    /** The project of an id; one that does not exist is one that nothing was granted in. */
    Target targetOf(long project) {
        return Target.project(projects.find(project).map(Project::name).orElse(""));
    }

    private static boolean isId(ApiCall call, String nameOrId) {
        return nameOrId.matches("\\d{1,18}")
                && !"true".equalsIgnoreCase(call.exchange().header("X-Is-Resource-Name"));
    }

    /** The repository of the path as a whole. Whether it exists is not asked. */
    InRepository repository(ApiCall call, String pair) {
        RepositoryName name = repositoryName(call);
        Change.Origin origin = require(call, pair, Target.repository(name));
        return new InRepository(projectOf(name), name, origin);
    }

    /** Something in the repository of the path. */
    InRepository content(ApiCall call, String pair, Reference reference) {
        RepositoryName name = repositoryName(call);
        Change.Origin origin = require(call, pair, Target.content(name, reference));
        return new InRepository(projectOf(name), name, origin);
    }

    private Project projectOf(RepositoryName name) {
        return projects.find(name.project())
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "project " + name.project() + " not found"));
    }

    /** The name in the path. Clients encode it once or twice; a name has no escapes of its own. */
    static RepositoryName repositoryName(ApiCall call) {
        String repository = call.path("repository");
        try {
            String decoded = repository.indexOf('%') < 0
                    ? repository
                    : URLDecoder.decode(repository.replace("+", "%2B"), StandardCharsets.UTF_8);
            return RepositoryName.parse(call.path("project") + "/" + decoded);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "invalid repository name: " + repository);
        }
    }
}
