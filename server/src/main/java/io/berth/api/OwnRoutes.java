package io.berth.api;

import io.berth.access.Permission;
import io.berth.http.ApiCall;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.http.Scope;
import io.berth.identity.AccessTokens;
import io.berth.identity.AccessTokens.Kind;
import io.berth.identity.AccessTokens.Token;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.Caller;
import io.berth.identity.Sessions;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** {@code /me}: who the caller is, the tokens that they made for themselves, and their browsers' sessions. */
final class OwnRoutes {
    private static final String TOKENS = ApiEndpoint.PREFIX + "/me/tokens";
    private static final String SESSIONS = ApiEndpoint.PREFIX + "/me/sessions";
    private static final int MAX_DAYS = 3650;
    private static final Set<String> SCOPES = Set.of(Scope.REPOSITORY, "registry", "api");
    private static final String OWN = "one's own tokens";
    private static final String OWN_SESSIONS = "one's own sessions";

    private final Guard guard;
    private final Accounts accounts;
    private final AccessTokens tokens;
    private final Sessions sessions;

    OwnRoutes(Guard guard, Accounts accounts, AccessTokens tokens, Sessions sessions) {
        this.guard = guard;
        this.accounts = accounts;
        this.tokens = tokens;
        this.sessions = sessions;
    }

    void add(Router router) {
        router.get(ApiEndpoint.PREFIX + "/me", this::me)
                .get(TOKENS, this::list)
                .post(TOKENS, this::create)
                .delete(TOKENS + "/{id}", this::delete)
                .get(SESSIONS, this::listSessions)
                .delete(SESSIONS, this::endOtherSessions)
                .delete(SESSIONS + "/{id}", this::endSession);
    }

    private void me(ApiCall call) {
        Principal principal = call.principal();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("kind", principal.kind().name().toLowerCase(Locale.ROOT));
        body.put("name", principal.name());
        if (principal.kind() == Principal.Kind.USER) {
            body.put(
                    "source", accounts.find(principal.id()).map(Account::source).orElse(Account.LOCAL));
        }
        body.put("administrator", guard.may(call, Permission.ADMINISTER));
        body.put(
                "scopes",
                principal
                        .scopes()
                        .map(scopes -> scopes.stream().map(Scope::toString).toList())
                        .orElse(null));
        call.ok(body);
    }

    private void list(ApiCall call) {
        Principal self = guard.requireSelf(call);
        call.ok(tokens.of(self.id(), Kind.PERSONAL).stream()
                .map(OwnRoutes::body)
                .toList());
    }

    private void create(ApiCall call) throws IOException {
        Principal self = guard.requireSelf(call);
        var given = call.body("token").requireOnly("name", "scopes", "days");
        Long days = given.number("days");
        if (days != null && (days < 1 || days > MAX_DAYS)) {
            throw wrong("days is from 1 to " + MAX_DAYS + ", or absent for a token without an end");
        }
        List<Scope> scopes = new ArrayList<>();
        for (String text : given.texts("scopes")) {
            scopes.add(scope(text));
        }
        var created = tokens.create(
                self.id(),
                Kind.PERSONAL,
                given.text("name", ""),
                scopes,
                days == null ? null : Duration.ofDays(days),
                Guard.origin(call, OWN));
        Map<String, Object> body = body(created.token());
        body.put("secret", created.secret());
        call.created(TOKENS + "/" + created.token().id(), body);
    }

    private static Scope scope(String text) {
        try {
            Scope scope = Scope.parse(text);
            if (SCOPES.contains(scope.type()) && !scope.actions().isEmpty() && text.indexOf(' ') < 0) {
                return scope;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw wrong("'" + text + "' is no scope such as repository:team/*:pull,push, registry:catalog:* or api::read");
    }

    private void delete(ApiCall call) {
        Principal self = guard.requireSelf(call);
        tokens.delete(self.id(), call.pathNumber("id"), Guard.origin(call, OWN));
        call.exchange().answer(204);
    }

    private void listSessions(ApiCall call) {
        Principal self = guard.requireSelf(call);
        call.ok(sessions.of(self, call.exchange().cookie(Caller.COOKIE)).stream()
                .map(OwnRoutes::body)
                .toList());
    }

    private void endOtherSessions(ApiCall call) {
        Principal self = guard.requireSelf(call);
        sessions.endOthers(self, call.exchange().cookie(Caller.COOKIE), Guard.origin(call, OWN_SESSIONS));
        call.exchange().answer(204);
    }

    private void endSession(ApiCall call) {
        Principal self = guard.requireSelf(call);
        sessions.end(self, call.path("id"), Guard.origin(call, OWN_SESSIONS));
        call.exchange().answer(204);
    }

    private static Map<String, Object> body(Sessions.Own session) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", session.id());
        body.put("client", session.client());
        body.put("agent", session.agent());
        body.put("created_at", session.createdAt().toString());
        body.put("used_at", session.usedAt().toString());
        body.put("expires_at", session.expiresAt().toString());
        body.put("current", session.current());
        return body;
    }

    private static Map<String, Object> body(Token token) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", token.id());
        body.put("name", token.name());
        body.put(
                "scopes",
                token.scopes().isEmpty()
                        ? List.of()
                        : Arrays.asList(token.scopes().split(" ")));
        body.put("created_at", time(token.createdAt()));
        body.put("expires_at", time(token.expiresAt()));
        body.put("last_used_at", time(token.lastUsedAt()));
        return body;
    }

    static String time(Long millis) {
        return millis == null ? null : Instant.ofEpochMilli(millis).toString();
    }

    private static OciException wrong(String message) {
        return new OciException(ErrorCode.BAD_REQUEST, message);
    }
}
