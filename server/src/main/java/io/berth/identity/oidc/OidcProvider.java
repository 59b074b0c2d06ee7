package io.berth.identity.oidc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.berth.identity.GrantingProvider;
import io.berth.identity.Source;
import io.berth.identity.jwt.Fetcher;
import io.berth.identity.jwt.IssuerKeys;
import io.berth.identity.jwt.SignedTokens;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An identity provider. A login is a code that the browser brings, exchanged for an ID token, which is verified as OpenID
 * Connect Core 3.1.3.7 says.
 *
 * <p>Thread-safe.
 */
public final class OidcProvider implements GrantingProvider {
    private static final Logger LOG = LoggerFactory.getLogger(OidcProvider.class);
    private static final Duration KEEP_DISCOVERY = Duration.ofMinutes(15);
    private static final Duration SKEW = Duration.ofSeconds(60);
    private static final Duration LOGOUT_AGE = Duration.ofMinutes(5);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration QUIET = Duration.ofSeconds(15);
    private static final int MOST_AT_ONCE = 8;
    private static final String OFFLINE = "offline_access";
    private static final String LOGOUT = "http://schemas.openid.net/event/backchannel-logout";

    private final String name;
    private final OidcSettings settings;
    private final TokenRequests tokens;
    private final Fetcher fetcher;
    private final IssuerKeys keys;
    private final Clock clock;
    private final Semaphore asking = new Semaphore(MOST_AT_ONCE);
    private volatile Discovered discovered;
    private volatile long quietUntil = Long.MIN_VALUE;

    private record Discovered(JsonNode document, long at) {}

    OidcProvider(String name, OidcSettings settings, Optional<String> secret, Clock clock) {
        this.name = name;
        this.settings = settings;
        this.clock = clock;
        fetcher = new Fetcher(settings.ca(), settings.verify());
        tokens = new TokenRequests(fetcher, settings.clientId(), secret);
        keys = new IssuerKeys(fetcher, settings.issuer(), Optional.empty(), clock);
    }

    @Override
    public String name() {
        return name;
    }

    /** What people see. */
    public String title() {
        return settings.title();
    }

    /** How long a CLI secret of its users is good for; empty for ever. */
    public Optional<Duration> cliSecretLife() {
        return settings.cliSecretLife();
    }

    OidcSettings settings() {
        return settings;
    }

    // It tells nobody about a user who is not there: see renew.
    @Override
    public Standing standing(String subject) {
        return new Standing.Untold();
    }

    private JsonNode document() throws IOException {
        Discovered known = discovered;
        if (known == null || clock.millis() - known.at() > KEEP_DISCOVERY.toMillis()) {
            known = new Discovered(IssuerKeys.discover(fetcher, settings.issuer()), clock.millis());
            discovered = known;
        }
        return known.document();
    }

    /** Whether it can be reached, for whoever sets it up: what is wrong, empty when nothing is. */
    public Optional<String> ping() {
        try {
            IssuerKeys.discover(fetcher, settings.issuer());
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e.toString());
        }
    }

    /** Where to send the browser. @throws OciException {@code UNAVAILABLE} */
    URI authorization(PendingLogin login, URI redirect) {
        Map<String, String> query = new LinkedHashMap<>(settings.extra());
        query.put("response_type", "code");
        query.put("client_id", settings.clientId());
        query.put("redirect_uri", redirect.toString());
        query.put("scope", String.join(" ", settings.scopes().stream().sorted().toList()));
        query.put("state", login.state());
        query.put("nonce", login.nonce());
        query.put("code_challenge", login.challenge());
        query.put("code_challenge_method", "S256");
        try {
            String endpoint =
                    IssuerKeys.url(document(), "authorization_endpoint").toString();
            return URI.create(endpoint + (endpoint.contains("?") ? "&" : "?") + Fetcher.encode(query));
        } catch (IOException e) {
            throw away(e);
        }
    }

    /**
     * Who has logged in.
     *
     * @param sid what the provider calls its session with them, where it says so
     * @param grant the refresh token to ask by whether they may still log in, where there is one
     */
    record Redeemed(Source.Identity identity, Optional<String> sid, Optional<String> grant) {}

    /**
     * Who has logged in.
     *
     * @throws OciException {@code UNAUTHORIZED} when the code or the token is no good, {@code UNAVAILABLE} when the provider
     *     cannot be asked
     */
    Redeemed redeem(String code, PendingLogin login, URI redirect) {
        JsonNode document;
        try {
            document = document();
        } catch (IOException e) {
            throw away(e);
        }
        try {
            JsonNode answer = exchange(document, code, login, redirect);
            ObjectNode claims = verified(answer.path("id_token").asText(), Optional.of(login.nonce()));
            return new Redeemed(
                    identity(withUserInfo(
                            document, claims, answer.path("access_token").asText())),
                    text(claims, "sid"),
                    grant(answer));
        } catch (java.net.ConnectException | java.net.http.HttpTimeoutException e) {
            throw away(e);
        } catch (IOException e) {
            throw refused(e.getMessage());
        }
    }

    private static Optional<String> text(JsonNode json, String name) {
        return Optional.of(json.path(name).asText("")).filter(text -> !text.isEmpty());
    }

    // One that says when it ends, and was not asked for, is of the browser's session there (Keycloak, AD FS): by it
    // whoever
    // leaves their browser alone would take their command lines' secrets down.
    private Optional<String> grant(JsonNode answer) {
        boolean ofSession = answer.path("refresh_expires_in").asLong() > 0
                || answer.path("refresh_token_expires_in").asLong() > 0;
        return ofSession && !settings.scopes().contains(OFFLINE) ? Optional.empty() : text(answer, "refresh_token");
    }

    @Override
    public Renewal renew(String token, String subject) {
        try {
            if (isQuiet()) {
                return new Renewal.Away();
            }
            if (!asking.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                return quiet("too many wait for it");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Renewal.Away();
        }
        try {
            if (isQuiet()) {
                return new Renewal.Away();
            }
            JsonNode document = document();
            Map<String, String> form = new LinkedHashMap<>();
            form.put("grant_type", "refresh_token");
            form.put("refresh_token", token);
            return renewal(document, tokens.ask(document, form), subject);
        } catch (IOException e) {
            return quiet(e.toString());
        } finally {
            asking.release();
        }
    }

    // Nobody is to wait for what others have waited for in vain.
    private Renewal quiet(String why) {
        quietUntil = clock.millis() + QUIET.toMillis();
        LOG.warn("{} cannot be asked who is still there: {}", name, why);
        return new Renewal.Away();
    }

    private boolean isQuiet() {
        return clock.millis() < quietUntil;
    }

    private Renewal renewal(JsonNode document, Fetcher.Answer answer, String subject) {
        String error = answer.json().path("error").asText("");
        if (answer.status() == 200 && answer.json().hasNonNull("access_token")) {
            return new Renewal.Renewed(
                    text(answer.json(), "refresh_token"), () -> renewed(document, answer.json(), subject));
        }
        if ((answer.status() == 400 || answer.status() == 401) && error.equals("invalid_grant")) {
            return new Renewal.Ended();
        }
        LOG.warn(
                "{} does not tell who is still there: it answered {} {}",
                name,
                answer.status(),
                error.replaceAll("\\p{Cntrl}", "?"));
        return new Renewal.Away();
    }

    // Who they are now, where that says who is in which group: an ID token of a renewal may be absent, or lack claims.
    private Optional<Source.Identity> renewed(JsonNode document, JsonNode answer, String subject) {
        if (settings.groupsClaim().isEmpty()) {
            return Optional.empty();
        }
        try {
            Optional<String> idToken = text(answer, "id_token");
            ObjectNode claims = idToken.isPresent()
                    ? verified(idToken.get(), Optional.empty())
                    : Json.MAPPER.createObjectNode().put("sub", subject);
            String accessToken = answer.path("access_token").asText();
            boolean whole = claims.hasNonNull(settings.groupsClaim().get())
                    || document.hasNonNull("userinfo_endpoint") && !accessToken.isEmpty();
            if (!whole) {
                return Optional.empty();
            }
            if (!subject.equals(claims.path("sub").asText())) {
                throw refused("the renewed ID token is of somebody else");
            }
            return Optional.of(identity(withUserInfo(document, claims, accessToken)));
        } catch (IOException | OciException e) {
            LOG.warn("{} does not tell the groups of {}: {}", name, subject, e.toString());
            return Optional.empty();
        }
    }

    private JsonNode exchange(JsonNode document, String code, PendingLogin login, URI redirect) throws IOException {
        Map<String, String> form = new LinkedHashMap<>();
        form.put("grant_type", "authorization_code");
        form.put("code", code);
        form.put("redirect_uri", redirect.toString());
        form.put("code_verifier", login.verifier());
        Fetcher.Answer answer = tokens.ask(document, form);
        if (answer.status() != 200) {
            throw new IOException("the token endpoint answered " + answer.status() + " "
                    + answer.json().path("error").asText(""));
        }
        return answer.json();
    }

    /** @param nonce of the login, which the token of a renewal need not repeat */
    private ObjectNode verified(String idToken, Optional<String> nonce) throws IOException {
        JWTClaimsSet claims = SignedTokens.parse(idToken)
                .flatMap(token -> SignedTokens.verified(token, settings.algorithms(), keys))
                .orElseThrow(() -> refused("the ID token's signature is wrong"));
        long now = clock.millis();
        List<String> audience = claims.getAudience();
        Object party = claims.getClaim("azp");
        boolean forUs = audience.contains(settings.clientId())
                && (party == null ? audience.size() == 1 : party.equals(settings.clientId()));
        if (!settings.issuer().toString().equals(claims.getIssuer())) {
            throw refused("the ID token is of another issuer");
        }
        if (!forUs) {
            throw refused("the ID token is for somebody else");
        }
        if (nonce.isPresent() && !nonce.get().equals(claims.getClaim("nonce"))) {
            throw refused("the ID token is of another login");
        }
        if (claims.getExpirationTime() == null
                || claims.getExpirationTime().getTime() + SKEW.toMillis() <= now
                || claims.getIssueTime() == null
                || claims.getIssueTime().getTime() > now + SKEW.toMillis()) {
            throw refused("the ID token is out of time");
        }
        if (claims.getSubject() == null || claims.getSubject().isBlank()) {
            throw refused("the ID token has no subject");
        }
        return (ObjectNode) Json.MAPPER.readTree(claims.toString());
    }

    /** The claims of a token that says that somebody has logged out; empty when it is none of this provider's. */
    Optional<JWTClaimsSet> verifiedLogout(SignedJWT token) {
        long now = clock.millis();
        return SignedTokens.verified(token, settings.algorithms(), keys)
                .filter(claims -> settings.issuer().toString().equals(claims.getIssuer()))
                .filter(claims -> claims.getAudience().contains(settings.clientId()))
                .filter(claims -> claims.getClaim("nonce") == null)
                .filter(claims -> claims.getClaim("events") instanceof Map<?, ?> events && events.containsKey(LOGOUT))
                .filter(claims -> claims.getIssueTime() != null
                        && Math.abs(now - claims.getIssueTime().getTime()) <= LOGOUT_AGE.toMillis())
                .filter(claims -> claims.getExpirationTime() == null
                        || claims.getExpirationTime().getTime() + SKEW.toMillis() > now)
                .filter(claims -> claims.getSubject() != null || claims.getClaim("sid") != null);
    }

    private ObjectNode withUserInfo(JsonNode document, ObjectNode claims, String accessToken) throws IOException {
        boolean whole = claims.hasNonNull(settings.userClaim())
                && settings.groupsClaim().map(claims::hasNonNull).orElse(true);
        if (whole || !document.hasNonNull("userinfo_endpoint") || accessToken.isEmpty()) {
            return claims;
        }
        JsonNode info = fetcher.get(
                IssuerKeys.url(document, "userinfo_endpoint"), Map.of("Authorization", "Bearer " + accessToken));
        if (!claims.path("sub").asText().equals(info.path("sub").asText())) {
            throw refused("the provider's userinfo is of somebody else");
        }
        ObjectNode all = info.deepCopy();
        all.setAll(claims); // what is signed wins
        return all;
    }

    private Source.Identity identity(ObjectNode claims) {
        String user = claims.path(settings.userClaim()).asText("");
        if (user.isBlank()) {
            throw refused("the provider tells no claim '" + settings.userClaim() + "', which is to be the name");
        }
        Optional<Set<Source.Group>> groups = settings.groupsClaim().map(claim -> groups(claims.path(claim)));
        Optional<Boolean> administrator =
                settings.adminGroup().map(group -> groups.orElse(Set.of()).contains(new Source.Group(group, group)));
        // A mail address that the provider has not verified is somebody's word.
        boolean mail = claims.path("email").isTextual()
                && claims.path("email_verified").asBoolean(true);
        return new Source.Identity(
                name,
                claims.path("sub").asText(),
                user,
                mail ? Optional.of(claims.path("email").asText()) : Optional.empty(),
                claims.path("name").asText(""),
                groups,
                administrator);
    }

    private Set<Source.Group> groups(JsonNode claim) {
        Set<Source.Group> groups = new LinkedHashSet<>();
        if (claim.isTextual()) {
            add(groups, claim.asText());
        }
        if (claim.isArray()) {
            claim.forEach(group -> add(groups, group.asText()));
        }
        return groups;
    }

    private void add(Set<Source.Group> groups, String name) {
        if (settings.groupFilter().map(filter -> filter.matcher(name).find()).orElse(true)) {
            groups.add(new Source.Group(name, name));
        }
    }

    private OciException away(IOException e) {
        LOG.warn("{} cannot be asked: {}", name, e.toString());
        return new OciException(ErrorCode.UNAVAILABLE, settings.title() + " cannot be asked now");
    }

    private OciException refused(String why) {
        LOG.warn("a login at {} was refused: {}", name, why.replaceAll("\\p{Cntrl}", "?"));
        return new OciException(ErrorCode.UNAUTHORIZED, "the login was not accepted");
    }

    @Override
    public void close() {
        fetcher.close();
    }
}
