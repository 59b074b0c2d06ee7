package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.Permissions;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.identity.AccessTokens;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.oidc.OidcProvider;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.Project;
import io.berth.project.Projects;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code /users}. */
final class UserRoutes {
    private static final long FIRST = 1;
    private static final int MAX_COMMENT = 30;
    private static final Pattern EMAIL =
            Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]+\\.[^@\\s\\p{Cntrl}]+");
    private static final Pattern PROJECT_SCOPE = Pattern.compile("/project/(\\d{1,18})");
    private static final String SELECT =
            "a.id, a.name, a.email, a.real_name, a.comment, a.administrator, a.created_at, a.updated_at";
    private static final Map<String, Column> COLUMNS = Map.of(
            "user_id", Column.number("a.id"),
            "username", Column.text("a.name"),
            "email", Column.text("a.email"),
            "realname", Column.text("a.real_name"),
            "comment", Column.text("a.comment"),
            "sysadmin_flag", Column.flag("a.administrator"),
            "creation_time", Column.time("a.created_at"),
            "update_time", Column.time("a.updated_at"));

    private final Database database;
    private final Guard guard;
    private final Accounts accounts;
    private final Grants grants;
    private final Projects projects;
    private final AccessTokens tokens;
    private final ConfiguredSources sources;

    UserRoutes(
            Database database,
            Guard guard,
            Accounts accounts,
            Grants grants,
            Projects projects,
            AccessTokens tokens,
            ConfiguredSources sources) {
        this.database = database;
        this.guard = guard;
        this.accounts = accounts;
        this.grants = grants;
        this.projects = projects;
        this.tokens = tokens;
        this.sources = sources;
    }

    void add(Router router) {
        router.get("/api/v2.0/users", this::list)
                .post("/api/v2.0/users", this::create)
                .get("/api/v2.0/users/search", this::search)
                .get("/api/v2.0/users/current", this::current)
                .get("/api/v2.0/users/current/permissions", this::permissions)
                .get("/api/v2.0/users/{user_id}", this::show)
                .put("/api/v2.0/users/{user_id}", this::update)
                .delete("/api/v2.0/users/{user_id}", this::delete)
                .put("/api/v2.0/users/{user_id}/password", this::password)
                .put("/api/v2.0/users/{user_id}/sysadmin", this::administrator)
                .put("/api/v2.0/users/{user_id}/cli_secret", this::cliSecret);
    }

    private void list(ApiCall call) {
        guard.requireSystem(call, "user:list");
        new Listing(call, COLUMNS, "a.id DESC")
                .where("a.id <> " + FIRST) // Harbor never shows it
                .answer(database, SELECT, "account a", UserRoutes::body);
    }

    // Whoever manages members has to find them, so everybody who is logged in may.
    private void search(ApiCall call) {
        guard.requireSomebody(call);
        String name = call.requireQuery("username");
        new Listing(call, Map.of(), "a.name")
                .where("a.id <> " + FIRST)
                .contains(COLUMNS.get("username"), name)
                .answer(
                        database,
                        "a.id, a.name",
                        "account a",
                        row -> Body.of("user_id", row.number("id"), "username", row.text("name")));
    }

    private void create(ApiCall call) throws IOException {
        JsonBody body = call.body("userReq");
        Change.Origin origin = guard.requireSystem(call, "user:create");
        String name = body.text("username", "");
        requireLength("username", name, 255);
        if (name.matches(".*[,\"~#$%:+*?<>|/\\\\\\[\\]{}()&^`!;' ].*")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "username contains illegal characters");
        }
        Accounts.Profile profile = profile(body);
        String password = body.text("password", "");
        requirePassword("password or secret", password);
        String email = profile.email().orElse("");
        try {
            Account made = accounts.create(name, password, profile, false, origin);
            call.created("/api/v2.0/users/" + made.id());
        } catch (OciException e) {
            throw e.code() == ErrorCode.CONFLICT
                    ? new OciException(ErrorCode.CONFLICT, "user " + name + " or email " + email + " already exists")
                    : e;
        }
    }

    /** @param what what it is called in messages */
    static void requirePassword(String what, String password) {
        if (password.length() < 8
                || password.length() > 128
                || !password.matches("(?s)(?=.*[A-Z])(?=.*[a-z])(?=.*\\d).*")) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "the " + what + " must be 8-128, inclusively, characters long with at least 1 uppercase letter,"
                            + " 1 lowercase letter and 1 number");
        }
    }

    private static void requireLength(String what, String value, int most) {
        if (value.isEmpty() || value.length() > most) {
            throw new OciException(ErrorCode.BAD_REQUEST, what + " with illegal length");
        }
    }

    private static Accounts.Profile profile(JsonBody body) {
        String email = body.text("email", "");
        if (email.isEmpty()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "email can't be empty");
        }
        if (email.length() > 255 || !EMAIL.matcher(email).matches()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "email with illegal format");
        }
        String realName = body.text("realname", "");
        requireLength("realname", realName, 255);
        if (realName.matches(".*[,\"~#$%].*")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "realname contains illegal characters");
        }
        String comment = body.text("comment", "");
        if (comment.length() > MAX_COMMENT) {
            throw new OciException(ErrorCode.BAD_REQUEST, "comment with illegal length");
        }
        return new Accounts.Profile(Optional.of(email), realName, comment);
    }

    private Account require(long id) {
        return accounts.find(id).orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "user " + id + " not found"));
    }

    private static boolean isSelf(ApiCall call, long id) {
        return call.principal().kind() == Principal.Kind.USER
                && call.principal().id() == id;
    }

    // Of themselves everybody may.
    private Change.Origin require(ApiCall call, String pair, long id) {
        boolean unlimited = call.principal().scopes().isEmpty();
        return isSelf(call, id) && unlimited
                ? Guard.origin(call, "it is their own account")
                : guard.requireSystem(call, pair);
    }

    private void current(ApiCall call) {
        guard.requireSomebody(call);
        requireUser(call);
        call.ok(body(require(call.principal().id())));
    }

    private static void requireUser(ApiCall call) {
        if (call.principal().kind() != Principal.Kind.USER) {
            throw new OciException(
                    ErrorCode.PRECONDITION, "get current user not available for security context: robot");
        }
    }

    private void permissions(ApiCall call) {
        guard.requireSomebody(call);
        String scope = call.query("scope");
        Matcher matcher = PROJECT_SCOPE.matcher(scope == null ? "" : scope);
        List<Object> held = new ArrayList<>();
        if (matcher.matches()) {
            Optional<Project> project = projects.find(Long.parseLong(matcher.group(1)));
            String prefix = call.queryFlag("relative") ? "" : "/project/" + matcher.group(1);
            project.ifPresent(
                    found -> held(call, Permissions.ofProjects(), Target.project(found.name()), prefix, held));
        } else if (scope == null || scope.isEmpty() || scope.equals("/")) {
            held(call, Permissions.ofSystem(), Target.SYSTEM, "/system", held);
        }
        call.ok(held);
    }

    private void held(ApiCall call, Set<Permission> all, Target target, String prefix, List<Object> held) {
        for (Permission permission : all) {
            if (guard.authorizer().decide(call.principal(), permission, target).allowed()) {
                boolean itself = permission.resource().equals("project") && target != Target.SYSTEM;
                String resource = itself
                        ? prefix.isEmpty() ? "." : prefix
                        : prefix.isEmpty() ? permission.resource() : prefix + "/" + permission.resource();
                held.add(Body.of("action", permission.action(), "resource", resource));
            }
        }
    }

    private void show(ApiCall call) {
        long id = call.pathNumber("user_id");
        require(call, "user:read", id);
        call.ok(body(require(id)));
    }

    private void update(ApiCall call) throws IOException {
        long id = call.pathNumber("user_id");
        JsonBody body = call.body("profile");
        Change.Origin origin = require(call, "user:update", id);
        requireFound(id);
        accounts.update(id, profile(body), origin);
        call.ok();
    }

    private void requireFound(long id) {
        if (accounts.find(id).isEmpty()) {
            throw new OciException(ErrorCode.NOT_FOUND, "user with id " + id + " not found");
        }
    }

    private void delete(ApiCall call) {
        long id = call.pathNumber("user_id");
        Change.Origin origin = guard.requireSystem(call, "user:delete");
        if (id == FIRST || isSelf(call, id)) {
            throw new OciException(ErrorCode.FORBIDDEN, "User with ID " + id + " cannot be deleted");
        }
        require(id);
        requireMayTouch(call, id);
        database.write(tx -> {
            grants.removeAllOf(tx, Grant.SubjectKind.USER, id);
            accounts.delete(tx, id, origin);
            return null;
        });
        call.ok();
    }

    // Who may manage users and is no administrator is not made one by way of an administrator's password.
    private void requireMayTouch(ApiCall call, long id) {
        if (require(id).administrator() && !isSelf(call, id)) {
            guard.requireAdministrator(call);
        }
    }

    private void password(ApiCall call) throws IOException {
        long id = call.pathNumber("user_id");
        JsonBody body = call.body("password");
        Change.Origin origin = require(call, "user:update", id);
        requireFound(id);
        requireMayTouch(call, id);
        String password = body.text("new_password", "");
        requirePassword("password or secret", password);
        if (isSelf(call, id) && !guard.isAdministrator(call)) {
            accounts.changePassword(id, body.text("old_password", ""), password, origin);
        } else {
            accounts.setPassword(id, password, origin);
        }
        call.ok();
    }

    private void administrator(ApiCall call) throws IOException {
        long id = call.pathNumber("user_id");
        JsonBody body = call.body("sysadmin_flag");
        Change.Origin origin = guard.requireAdministrator(call);
        requireFound(id);
        accounts.setAdministrator(id, body.flag("sysadmin_flag", false), origin);
        call.ok();
    }

    private void cliSecret(ApiCall call) throws IOException {
        long id = call.pathNumber("user_id");
        JsonBody body = call.body("secret");
        Change.Origin origin = require(call, "user:update", id);
        Account account = require(id);
        requireMayTouch(call, id); // whoever has the secret is its user
        OidcProvider provider = sources.of(OidcProvider.class, account.source())
                .orElseThrow(() -> new OciException(
                        ErrorCode.PRECONDITION,
                        "unable to update CLI secret under authmode: "
                                + (account.isLocal() ? "db_auth" : account.source())));
        String secret = body.text("secret", "");
        requirePassword("password or secret", secret);
        tokens.choose(id, secret, provider.cliSecretLife().orElse(null), origin);
        call.ok();
    }

    private static Object body(Account account) {
        return body(
                account.id(),
                account.name(),
                account.email().orElse(null),
                account.realName(),
                account.comment(),
                account.administrator(),
                account.createdAt(),
                account.updatedAt());
    }

    private static Object body(Row row) {
        return body(
                row.number("id"),
                row.text("name"),
                row.text("email"),
                row.text("real_name"),
                row.text("comment"),
                row.flag("administrator"),
                row.number("created_at"),
                row.number("updated_at"));
    }

    private static Object body(
            long id,
            String name,
            String email,
            String realName,
            String comment,
            boolean administrator,
            long createdAt,
            long updatedAt) {
        return Body.of(
                "user_id",
                id,
                "username",
                name,
                "email",
                Body.some(email),
                "realname",
                Body.some(realName),
                "comment",
                Body.some(comment),
                "sysadmin_flag",
                administrator,
                "admin_role_in_auth",
                false,
                "creation_time",
                Body.time(createdAt),
                "update_time",
                Body.time(Math.max(createdAt, updatedAt)));
    }
}
