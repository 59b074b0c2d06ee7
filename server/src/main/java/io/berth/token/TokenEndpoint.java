package io.berth.token;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.access.Authorizer;
import io.berth.db.Database;
import io.berth.http.Authentication;
import io.berth.http.Authenticator;
import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.http.Form;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.AccessTokens;
import io.berth.identity.Caller;
import io.berth.identity.CredentialAuthenticator;
import io.berth.identity.Credentials;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.project.Projects;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code /service/token}: by GET with Basic authentication or none, and by POST as OAuth2 does.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">Docker Registry Token Authentication</a>
 * @see <a href="https://distribution.github.io/distribution/spec/auth/oauth/">Docker Registry v2 OAuth2</a>
 */
public final class TokenEndpoint implements Endpoint {
    private static final int MAX_FORM = 32 << 10;
    private static final Duration REFRESH_LIFE = Duration.ofDays(30);

    private final Database database;
    private final Authentication authentication;
    private final CredentialAuthenticator authenticator;
    private final Credentials credentials;
    private final AccessTokens accessTokens;
    private final Tokens tokens;
    private final GrantScopes grantScopes;
    private final SiteSettings site;
    private final Map<Principal.Kind, Counter> counters = new EnumMap<>(Principal.Kind.class);

    /** @param authentication which asks for name and password, and not for a token */
    public TokenEndpoint(
            Database database,
            Authentication authentication,
            CredentialAuthenticator authenticator,
            Credentials credentials,
            AccessTokens accessTokens,
            Tokens tokens,
            Authorizer authorizer,
            Projects projects,
            SiteSettings site,
            MeterRegistry meters) {
        this.database = database;
        this.authentication = authentication;
        this.authenticator = authenticator;
        this.credentials = credentials;
        this.accessTokens = accessTokens;
        this.tokens = tokens;
        this.grantScopes = new GrantScopes(authorizer, projects);
        this.site = site;
        for (Principal.Kind kind : Principal.Kind.values()) {
            if (kind != Principal.Kind.SYSTEM) {
                counters.put(
                        kind,
                        Counter.builder("berth.tokens.issued")
                                .description("Tokens that the token service has issued, by whom to")
                                .tag("kind", kind.name().toLowerCase(Locale.ROOT))
                                .register(meters));
            }
        }
    }

    @Override
    public void answer(Exchange exchange) throws IOException {
        exchange.operation("token");
        switch (exchange.method().name()) {
            case "GET" -> get(exchange);
            case "POST" -> post(exchange);
            default ->
                throw new OciException(ErrorCode.METHOD_NOT_ALLOWED, "the method is not allowed here")
                        .header("Allow", "GET, POST");
        }
    }

    private void get(Exchange exchange) {
        Principal principal = authentication.require(exchange);
        if (principal.isByToken()) {
            throw authentication.wrongToken(exchange, "a token is given for a credential, not for another token");
        }
        requireService(exchange.query("service"));
        List<String> asked = scopes(exchange.queryAll("scope"));
        if (principal.isAnonymous() && asked.isEmpty()) {
            // A login without a credential: a token here would look like a success.
            throw authentication.challenge(exchange, "", "authentication required");
        }
        boolean offline = "true".equals(exchange.query("offline_token"));
        answer(exchange, principal, asked, offline ? refresh(exchange, principal) : Optional.empty());
    }

    private void post(Exchange exchange) throws IOException {
        Form form = form(exchange);
        requireService(form.last("service", null));
        List<String> asked = scopes(Stream.ofNullable(form.last("scope", null)).toList());
        switch (form.last("grant_type", "")) {
            case "password" -> {
                Principal principal = byPassword(exchange, form);
                boolean offline = "offline".equals(form.last("access_type", ""));
                answer(exchange, principal, asked, offline ? refresh(exchange, principal) : Optional.empty());
            }
            case "refresh_token" -> {
                String secret = form.last("refresh_token", "");
                answer(exchange, byRefreshToken(exchange, secret), asked, Optional.of(secret));
            }
            default -> throw new OciException(ErrorCode.BAD_REQUEST, "grant_type is password or refresh_token");
        }
    }

    private Principal byPassword(Exchange exchange, Form form) {
        String header = Authentication.basic(form.last("username", ""), form.last("password", ""));
        Authenticator any = authenticator;
        Principal principal = any.cached(header)
                .or(() -> any.authenticate(header, exchange.source()))
                .orElseThrow(() -> authentication.wrongLogin(exchange, "the credential is wrong"));
        authentication.requireSame(exchange, principal);
        return principal;
    }

    private Principal byRefreshToken(Exchange exchange, String secret) {
        Principal principal = database.read(tx -> AccessTokens.refreshCredential(tx, secret)
                        .flatMap(credential -> credentials.owner(tx, credential)))
                .filter(authenticator::isConfirmed)
                .orElseThrow(() -> authentication.wrongToken(exchange, "the refresh token is wrong or over"));
        authentication.requireSame(exchange, principal);
        return principal;
    }

    // Robots keep their secret anyway, and a token's holder has one.
    private Optional<String> refresh(Exchange exchange, Principal principal) {
        boolean byPassword = principal.credential().startsWith("password:")
                || principal.credential().startsWith("source:");
        if (principal.kind() != Principal.Kind.USER || !byPassword) {
            return Optional.empty();
        }
        var origin = Caller.origin(exchange, principal, null);
        return Optional.of(accessTokens
                .create(principal.id(), AccessTokens.Kind.REFRESH, "refresh token", List.of(), REFRESH_LIFE, origin)
                .secret());
    }

    private void answer(Exchange exchange, Principal principal, List<String> asked, Optional<String> refresh) {
        List<Scope> granted = grantScopes.grant(principal, asked);
        Tokens.Issued issued = tokens.issue(principal, granted, Duration.ofMinutes(site.get(Setting.TOKEN_EXPIRATION)));
        counters.get(principal.kind()).increment();
        authenticator.issued(
                issued.token(),
                principal.byToken(granted),
                issued.issuedAt().plus(issued.life()).toEpochMilli());
        ObjectNode body = Json.MAPPER.createObjectNode();
        body.put("token", issued.token());
        body.put("access_token", issued.token());
        body.put("expires_in", issued.life().toSeconds());
        body.put("issued_at", issued.issuedAt().toString());
        body.put("scope", String.join(" ", granted.stream().map(Scope::toString).toList()));
        refresh.ifPresent(secret -> body.put("refresh_token", secret));
        exchange.set("Cache-Control", "no-store")
                .answer(200, "application/json", Json.write(body).getBytes(StandardCharsets.UTF_8));
    }

    private static void requireService(String service) {
        if (service != null && !service.equals(Authentication.SERVICE)) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the service here is '" + Authentication.SERVICE + "'");
        }
    }

    // Several parameters, or one with spaces
    private static List<String> scopes(List<String> parameters) {
        return parameters.stream()
                .flatMap(text -> Arrays.stream(text.split(" ")))
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private static Form form(Exchange exchange) throws IOException {
        String type = exchange.header("Content-Type");
        if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/x-www-form-urlencoded")) {
            throw new OciException(ErrorCode.BAD_REQUEST, 415, "the form is application/x-www-form-urlencoded");
        }
        return Form.read(exchange, MAX_FORM);
    }
}
