package io.berth.api;

import io.berth.access.Authorizer;
import io.berth.audit.AuditRequests;
import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.http.Router;
import io.berth.identity.AccessTokens;
import io.berth.identity.Accounts;
import io.berth.identity.Caller;
import io.berth.identity.IdentitySources;
import io.berth.identity.Robots;
import io.berth.identity.Sessions;
import io.berth.identity.workload.WorkloadRules;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.rbac.Explanation;
import io.berth.rbac.Rbac;
import java.util.function.BooleanSupplier;

/** {@code /api/v1}, wired. */
public final class ApiEndpoint implements Endpoint {
    /** What its paths begin with. */
    public static final String PREFIX = "/api/v1";

    private static final String BASIC = "Basic realm=\"Berth\", charset=\"UTF-8\"";

    private final Router router = new Router();
    private final Caller caller;
    private final BooleanSupplier readOnly;

    /** @param readOnly whether nothing may be changed now */
    public ApiEndpoint(
            Database database,
            Caller caller,
            Authorizer authorizer,
            AuditSink audit,
            Accounts accounts,
            AccessTokens tokens,
            Sessions sessions,
            IdentitySources sources,
            WorkloadRules rules,
            Robots robots,
            Rbac rbac,
            Explanation explanation,
            AuditRequests log,
            BooleanSupplier readOnly) {
        this.caller = caller;
        this.readOnly = readOnly;
        var guard = new Guard(authorizer, audit);
        new OwnRoutes(guard, accounts, tokens, sessions).add(router);
        new UserRoutes(guard, accounts).add(router);
        new RobotRoutes(guard, robots).add(router);
        new SourceRoutes(database, guard, sources).add(router);
        new RuleRoutes(guard, rules, robots).add(router);
        new AccessRoutes(guard, rbac, explanation).add(router);
        new AuditRoutes(guard, log).add(router);
    }

    @Override
    public void answer(Exchange exchange) throws Exception {
        exchange.operation("api");
        try {
            var principal = caller.require(exchange);
            if (!exchange.isRead() && readOnly.getAsBoolean()) {
                throw new OciException(ErrorCode.DENIED, "the registry is read-only");
            }
            router.answer(exchange, principal);
        } catch (OciException e) {
            // Browsers would ask for a password in a window of their own.
            boolean challenged = e.status() == 401 && exchange.header("Sec-Fetch-Site") == null;
            throw challenged && !e.headers().containsKey("WWW-Authenticate") ? e.header("WWW-Authenticate", BASIC) : e;
        }
    }
}
