package io.berth.identity.oidc;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.http.Form;
import io.berth.http.Principal;
import io.berth.identity.AccessTokens;
import io.berth.identity.AccessVersion;
import io.berth.identity.Caller;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.Credentials;
import io.berth.identity.Onboarding;
import io.berth.identity.ProviderGrants;
import io.berth.identity.SessionCookie;
import io.berth.identity.Sessions;
import io.berth.identity.SourceMetrics;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The login of a browser: {@code /login} lists the providers, {@code /c/oidc/login} goes to one, {@code /c/oidc/callback} is
 * where it sends the browser back, and begins its session. {@code /c/oidc/logout} hears from the provider itself who has logged out.
 */
public final class OidcEndpoint implements Endpoint {
    private static final String COOKIE = "berth_oidc";
    private static final String COOKIE_PATH = "/c/oidc";
    private static final int COOKIE_SECONDS = 600;
    private static final int MAX_FORM = 64 << 10;

    private final ConfiguredSources sources;
    private final BrowserLogin logins;
    private final BackchannelLogout logouts;
    private final Sessions sessions;
    private final Optional<URI> externalUrl;
    private final AuditSink audit;
    private final RandomGenerator random;

    /** @param externalUrl how browsers reach this server, when that differs from what they ask */
    public OidcEndpoint(
            Database database,
            ConfiguredSources sources,
            Onboarding onboarding,
            ProviderGrants grants,
            AccessTokens tokens,
            Sessions sessions,
            AccessVersion version,
            Optional<URI> externalUrl,
            AuditSink audit,
            RandomGenerator random) {
        this.sources = sources;
        this.logins = new BrowserLogin(onboarding, grants, tokens);
        this.sessions = sessions;
        this.logouts = new BackchannelLogout(database, sources, grants, version);
        this.externalUrl = externalUrl;
        this.audit = audit;
        this.random = random;
    }

    @Override
    public void answer(Exchange exchange) throws IOException {
        exchange.operation("login");
        try {
            if (exchange.path().equals("/c/oidc/logout")) {
                logout(exchange);
                return;
            }
            if (!exchange.isRead()) {
                throw new OciException(ErrorCode.METHOD_NOT_ALLOWED, "the method is not allowed here")
                        .header("Allow", "GET, HEAD");
            }
            switch (exchange.path()) {
                case "/login" -> LoginPages.choose(exchange, sources.of(OidcProvider.class));
                case "/c/oidc/login" -> begin(exchange);
                case "/c/oidc/callback" -> finish(exchange);
                default -> throw new OciException(ErrorCode.NOT_FOUND, "there is no such page");
            }
        } catch (OciException e) {
            e.headers().forEach(exchange::set);
            LoginPages.failed(exchange, e.status(), e.getMessage());
        }
    }

    private void logout(Exchange exchange) throws IOException {
        if (!exchange.method().equals(HttpMethod.POST)) {
            throw new OciException(ErrorCode.METHOD_NOT_ALLOWED, "the method is not allowed here")
                    .header("Allow", "POST");
        }
        exchange.set("Cache-Control", "no-store");
        String token = Form.read(exchange, MAX_FORM).first("logout_token", "");
        try {
            logouts.run(token);
        } catch (OciException e) {
            audit.record(AuditSink.Event.wrong(exchange, "unknown", e.getMessage()));
            throw e;
        }
        exchange.answer(200);
    }

    private URI redirect(Exchange exchange) {
        return URI.create(exchange.baseUrl(externalUrl) + "/c/oidc/callback");
    }

    private void begin(Exchange exchange) {
        OidcProvider provider = provider(exchange.query("provider"));
        // Another site can send a browser here, and must not cost its user the secret that they have.
        String site = exchange.header("Sec-Fetch-Site");
        boolean renew = "true".equals(exchange.query("renew")) && (site == null || site.equals("same-origin"));
        PendingLogin login = PendingLogin.begin(provider.name(), renew, random);
        URI there = counted(provider, () -> provider.authorization(login, redirect(exchange)), false);
        setCookie(exchange, login.cookie(), COOKIE_SECONDS);
        exchange.set("Location", there.toString())
                .set("Cache-Control", "no-store")
                .set("Referrer-Policy", "no-referrer")
                .answer(302);
    }

    private OidcProvider provider(String name) {
        List<OidcProvider> all = sources.of(OidcProvider.class);
        if (name == null && all.size() == 1) {
            return all.getFirst();
        }
        return all.stream()
                .filter(provider -> provider.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no such identity provider"));
    }

    private void finish(Exchange exchange) {
        Optional<PendingLogin> pending = cookie(exchange).flatMap(PendingLogin::parse);
        setCookie(exchange, "", 0); // once
        PendingLogin login =
                pending.filter(one -> one.isFor(exchange.query("state"))).orElseThrow(() -> notBegunHere(exchange));
        String code = exchange.query("code");
        OidcProvider provider = provider(login.provider());
        if (exchange.query("error") != null || code == null) {
            tell(exchange, provider, "", "", false);
            throw new OciException(ErrorCode.UNAUTHORIZED, "the identity provider did not let you in");
        }
        try {
            var origin = new Change.Origin(null, null, exchange.client(), exchange.requestId(), null);
            BrowserLogin.Done done =
                    counted(provider, () -> logins.complete(provider, code, login, redirect(exchange), origin), true);
            tell(
                    exchange,
                    provider,
                    done.account().name(),
                    Credentials.ofSource(done.account().id()),
                    true);
            beginSession(exchange, done);
            String registry = URI.create(exchange.baseUrl(externalUrl)).getAuthority();
            LoginPages.done(exchange, provider, done.account().name(), done.secret(), registry);
        } catch (OciException e) {
            tell(exchange, provider, "", "", false);
            throw e;
        }
    }

    // Whoever was logged in with this browser before is not any more.
    private void beginSession(Exchange exchange, BrowserLogin.Done done) {
        exchange.cookie(Caller.COOKIE).ifPresent(sessions::end);
        long id = done.account().id();
        var user = new Principal(Principal.Kind.USER, id, done.account().name(), Credentials.ofSource(id));
        sessions.start(user, exchange.client(), exchange.header("User-Agent"), done.sid())
                .ifPresent(session -> exchange.add("Set-Cookie", SessionCookie.begin(exchange, externalUrl, session)));
    }

    private OciException notBegunHere(Exchange exchange) {
        String message = "this login was not begun in this browser, or took too long";
        audit.record(AuditSink.Event.wrong(exchange, "unknown", message));
        return new OciException(ErrorCode.BAD_REQUEST, message);
    }

    private <T> T counted(OidcProvider provider, Supplier<T> question, boolean isLogin) {
        try {
            T answer = question.get();
            if (isLogin) {
                sources.metrics().asked(provider.name(), SourceMetrics.Result.VERIFIED);
            }
            return answer;
        } catch (OciException e) {
            sources.metrics()
                    .asked(
                            provider.name(),
                            e.code() == ErrorCode.UNAVAILABLE
                                    ? SourceMetrics.Result.UNAVAILABLE
                                    : SourceMetrics.Result.REFUSED);
            throw e;
        }
    }

    private void tell(Exchange exchange, OidcProvider provider, String user, String credential, boolean success) {
        audit.record(AuditSink.Event.login(
                provider.name(), user, credential, exchange.source(), success, "oidc " + provider.name()));
    }

    private static Optional<String> cookie(Exchange exchange) {
        return exchange.cookie(COOKIE).map(value -> value.replace("\"", "")); // RFC 6265 allows quotes
    }

    private void setCookie(Exchange exchange, String value, int seconds) {
        boolean secure = exchange.baseUrl(externalUrl).startsWith("https:");
        exchange.set(
                "Set-Cookie",
                COOKIE + "=" + value + "; Path=" + COOKIE_PATH + "; Max-Age=" + seconds + "; HttpOnly; SameSite=Lax"
                        + (secure ? "; Secure" : ""));
    }
}
