package io.berth.access;

import io.berth.http.Principal;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;

/** Administrators may do everything; everybody may pull where the site allows that. */
public final class SiteAuthorizer implements Authorizer {
    private static final Decision ADMINISTRATOR = new Decision(true, "administrator");
    private static final Decision ANONYMOUS_PULL = new Decision(true, "registry.anonymous-pull");
    private static final Decision NO_RULE = new Decision(false, "no rule allows it");

    private final boolean anonymousPull;

    public SiteAuthorizer(boolean anonymousPull) {
        this.anonymousPull = anonymousPull;
    }

    @Override
    public Decision decide(Principal principal, Action action, RepositoryName repository, Reference reference) {
        if (principal.administrator()) {
            return ADMINISTRATOR;
        }
        return action == Action.PULL && anonymousPull ? ANONYMOUS_PULL : NO_RULE;
    }

    @Override
    public Decision decideCatalog(Principal principal) {
        if (principal.administrator()) {
            return ADMINISTRATOR;
        }
        return anonymousPull ? ANONYMOUS_PULL : NO_RULE;
    }

    @Override
    public Decision decideOperations(Principal principal) {
        return principal.administrator() ? ADMINISTRATOR : NO_RULE;
    }

    @Override
    public boolean isPublic(RepositoryName repository) {
        return anonymousPull;
    }
}
