package io.berth.api;

import io.berth.access.Permission;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code /users}: accounts of all sources, and who of them may not log in. */
final class UserRoutes {
    private static final String USERS = ApiEndpoint.PREFIX + "/users";
    private static final Permission LIST = Permission.parse("user:list");
    private static final Permission READ = Permission.parse("user:read");
    private static final int LIMIT = 100;
    private static final int MOST = 500;

    private final Guard guard;
    private final Accounts accounts;

    UserRoutes(Guard guard, Accounts accounts) {
        this.guard = guard;
        this.accounts = accounts;
    }

    void add(Router router) {
        router.get(USERS, this::list).get(USERS + "/{name}", this::get).add("PATCH", USERS + "/{name}", this::change);
    }

    private void list(ApiCall call) {
        guard.require(call, LIST);
        int limit = (int) Math.clamp(call.queryNumber("limit", LIMIT), 1, MOST);
        List<Account> page = accounts.list(call.queryNumber("after", 0), call.queryFlag("disabled"), limit);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("users", page.stream().map(UserRoutes::body).toList());
        if (page.size() == limit) {
            body.put("after", page.getLast().id());
        }
        call.ok(body);
    }

    private void get(ApiCall call) {
        guard.require(call, READ);
        call.ok(body(find(call)));
    }

    private Account find(ApiCall call) {
        String name = call.path("name");
        return accounts.find(name)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no user '" + name + "'"));
    }

    private void change(ApiCall call) throws IOException {
        var origin = guard.require(call, Permission.ADMINISTER);
        JsonBody given = call.body("user").requireOnly("disabled");
        Account account = find(call);
        boolean disabled = given.flag("disabled", account.disabled());
        Principal self = call.principal();
        if (disabled && self.kind() == Principal.Kind.USER && self.id() == account.id()) {
            throw new OciException(ErrorCode.FORBIDDEN, "nobody disables their own account");
        }
        accounts.setDisabled(account.id(), disabled, origin);
        call.ok(body(find(call)));
    }

    private static Map<String, Object> body(Account account) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", account.id());
        body.put("name", account.name());
        body.put("source", account.source());
        body.put("email", account.email().orElse(null));
        body.put("real_name", account.realName());
        body.put("comment", account.comment());
        body.put("administrator", account.administrator());
        body.put("disabled", account.disabled());
        body.put("created_at", Instant.ofEpochMilli(account.createdAt()).toString());
        body.put("updated_at", Instant.ofEpochMilli(account.updatedAt()).toString());
        return body;
    }
}
