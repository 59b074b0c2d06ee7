package io.berth.api;

import io.berth.access.Authorizer;
import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.http.ApiCall;
import io.berth.http.AuditSink;
import io.berth.http.Principal;
import io.berth.identity.Caller;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/** The authorizer's answers in the terms of this API: 401 for who is nobody, 403 for who may not. */
final class Guard {
    private final Authorizer authorizer;
    private final AuditSink audit;

    Guard(Authorizer authorizer, AuditSink audit) {
        this.authorizer = authorizer;
        this.audit = audit;
    }

    /** Something on the system. */
    Change.Origin require(ApiCall call, Permission permission) {
        return require(call, permission, Target.SYSTEM);
    }

    Change.Origin require(ApiCall call, Permission permission, Target target) {
        Decision decision = authorizer.decide(call.principal(), permission, target);
        if (!decision.allowed()) {
            requireSomebody(call);
            String where = target.equals(Target.SYSTEM) ? "on the system" : "there";
            throw decision.denied(ErrorCode.FORBIDDEN, "this needs " + permission + " " + where, permission, target);
        }
        return origin(call, decision.rule());
    }

    boolean may(ApiCall call, Permission permission) {
        return authorizer.decide(call.principal(), permission, Target.SYSTEM).allowed();
    }

    void requireSomebody(ApiCall call) {
        if (call.principal().isAnonymous()) {
            audit.challenged(AuditSink.Challenge.ANONYMOUS);
            throw new OciException(ErrorCode.UNAUTHORIZED, "this needs a login");
        }
    }

    /** A person, by a credential that does not limit them: a limited one must not make itself a wider one. */
    Principal requireSelf(ApiCall call) {
        requireSomebody(call);
        Principal principal = call.principal();
        if (principal.kind() != Principal.Kind.USER) {
            throw new OciException(ErrorCode.FORBIDDEN, "this is for people, not for robots");
        }
        if (principal.scopes().isPresent() && !call.exchange().isRead()) {
            throw new OciException(ErrorCode.FORBIDDEN, "this needs a credential without scopes");
        }
        return principal;
    }

    static Change.Origin origin(ApiCall call, String rule) {
        return Caller.origin(call.exchange(), call.principal(), rule);
    }
}
