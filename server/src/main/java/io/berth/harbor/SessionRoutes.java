package io.berth.harbor;

import io.berth.http.ApiCall;
import io.berth.http.Authentication;
import io.berth.http.Authenticator;
import io.berth.http.Exchange;
import io.berth.http.Form;
import io.berth.http.Principal;
import io.berth.http.Router;
import io.berth.identity.Accounts;
import io.berth.identity.Caller;
import io.berth.identity.SessionCookie;
import io.berth.identity.Sessions;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.net.URI;
import java.util.Optional;

/** {@code /c}: a browser logs in and out. */
final class SessionRoutes {
    static final String LOGIN = "/c/login";
    static final String LOGOUT = "/c/log_out";

    private final Authenticator authenticator;
    private final Sessions sessions;
    private final Accounts accounts;
    private final Guard guard;
    private final Optional<URI> externalUrl;

    /** @param externalUrl how browsers reach this server, when that differs from what they ask */
    SessionRoutes(
            Authenticator authenticator, Sessions sessions, Accounts accounts, Guard guard, Optional<URI> externalUrl) {
        this.authenticator = authenticator;
        this.sessions = sessions;
        this.accounts = accounts;
        this.guard = guard;
        this.externalUrl = externalUrl;
    }

    void add(Router router) {
        router.post(LOGIN, this::login).get(LOGOUT, this::logout).post("/c/userExists", this::exists);
    }

    private void login(ApiCall call) throws IOException {
        Exchange exchange = call.exchange();
        requireSameSite(exchange);
        Form form = call.form();
        Principal user = authenticator
                .authenticate(
                        Authentication.basic(form.first("principal", ""), form.first("password", "")),
                        exchange.source())
                .filter(found ->
                        found.kind() == Principal.Kind.USER && found.scopes().isEmpty())
                .orElseThrow(() -> new OciException(ErrorCode.UNAUTHORIZED, "unauthorized"));
        exchange.cookie(Caller.COOKIE).ifPresent(sessions::end);
        Sessions.Started started = sessions.start(
                        user, exchange.client(), exchange.header("User-Agent"), Optional.empty())
                .orElseThrow(() -> new OciException(ErrorCode.UNAUTHORIZED, "unauthorized"));
        exchange.set("Set-Cookie", SessionCookie.begin(exchange, externalUrl, started))
                .set(Caller.CSRF_HEADER, started.csrf())
                .set("Cache-Control", "no-store");
        call.ok();
    }

    // Another site must not log a browser in as somebody else. Browsers say where a request comes from.
    private static void requireSameSite(Exchange exchange) {
        if (exchange.isCrossSite()) {
            throw new OciException(ErrorCode.FORBIDDEN, "a login comes from this site");
        }
    }

    private void logout(ApiCall call) {
        call.exchange().cookie(Caller.COOKIE).ifPresent(sessions::end);
        call.exchange().set("Set-Cookie", SessionCookie.end(call.exchange(), externalUrl));
        call.ok();
    }

    // For whoever may list them anyway
    private void exists(ApiCall call) throws IOException {
        guard.requireSystem(call, "user:list");
        Form form = call.form();
        boolean exists = form.first("target", "").equals("username")
                && accounts.find(form.first("value", "")).isPresent();
        call.ok(exists);
    }
}
