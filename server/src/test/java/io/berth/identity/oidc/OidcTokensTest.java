package io.berth.identity.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import io.berth.identity.Source;
import io.berth.identity.workload.Issuer;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done with the ID token of a provider that means ill, or is broken. */
class OidcTokensTest {
    private static final URI REDIRECT = URI.create("https://registry.example.org/c/oidc/callback");
    private static final String SECRET = "a client secret of more than 32 bytes length";

    private final PendingLogin login = PendingLogin.begin("sso", false, new Random(1));
    private Duration ahead = Duration.ZERO;
    private Issuer issuer;
    private OidcProvider provider;

    private final Clock clock = new Clock() {
        @Override
        public Instant instant() {
            return Instant.now().plus(ahead);
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    };

    @BeforeEach
    void open() throws Exception {
        issuer = new Issuer();
        ObjectNode settings =
                Json.MAPPER.createObjectNode().put("issuer", issuer.url()).put("client-id", "berth");
        provider = new OidcKind(clock).open("sso", settings, name -> Optional.of(SECRET));
    }

    @AfterEach
    void close() {
        provider.close();
        issuer.close();
    }

    private JWTClaimsSet.Builder claims() {
        return issuer.claims("berth", Map.of("sub", "1", "preferred_username", "anna", "nonce", login.nonce()));
    }

    private Source.Identity redeem(String idToken) {
        issuer.idToken(idToken);
        return provider.redeem("a code", login, REDIRECT).identity();
    }

    private void refused(String what, String idToken) {
        assertThatThrownBy(() -> redeem(idToken))
                .as(what)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(401));
    }

    @Test
    void aTokenInOrderTellsWhoItIs() throws Exception {
        Source.Identity anna = redeem(issuer.sign(claims().build()));
        assertThat(anna.subject()).isEqualTo("1");
        assertThat(anna.name()).isEqualTo("anna");
        assertThat(issuer.form())
                .contains("code_verifier=" + login.verifier())
                .contains("redirect_uri=https%3A%2F%2Fregistry.example.org%2Fc%2Foidc%2Fcallback")
                .doesNotContain("client_secret");
        redeem(issuer.sign(claims().audience(List.of("berth", "other"))
                .claim("azp", "berth")
                .build()));
    }

    @Test
    void whatIsWrongWithATokenIsRefused() throws Exception {
        JWTClaimsSet good = claims().build();
        Date past = new Date(System.currentTimeMillis() - 120_000);
        Date future = new Date(System.currentTimeMillis() + 120_000);
        var other = new RSAKeyGenerator(2048).keyID(issuer.key().getKeyID()).generate();
        Map<String, String> wrong = new HashMap<>();
        wrong.put("audience", issuer.sign(claims().audience("other").build()));
        wrong.put(
                "audiences",
                issuer.sign(claims().audience(List.of("berth", "other")).build()));
        wrong.put("party", issuer.sign(claims().claim("azp", "other").build()));
        wrong.put(
                "issuer", issuer.sign(claims().issuer("https://sso.example.org").build()));
        wrong.put("nonce", issuer.sign(claims().claim("nonce", "another").build()));
        wrong.put("no nonce", issuer.sign(claims().claim("nonce", null).build()));
        wrong.put("expired", issuer.sign(claims().expirationTime(past).build()));
        wrong.put("endless", issuer.sign(claims().expirationTime(null).build()));
        wrong.put("of the future", issuer.sign(claims().issueTime(future).build()));
        wrong.put("nobody", issuer.sign(claims().subject(null).build()));
        wrong.put(
                "no name",
                issuer.sign(claims().claim("preferred_username", null).build()));
        wrong.put("unsigned", Issuer.unsigned(good));
        wrong.put("HS256 by the public key", issuer.signByPublicKey(good));
        wrong.put(
                "HS256 by the client secret",
                Issuer.sign(good, JWSAlgorithm.HS256, issuer.key().getKeyID(), new MACSigner(SECRET)));
        wrong.put(
                "another key",
                Issuer.sign(good, JWSAlgorithm.RS256, issuer.key().getKeyID(), new RSASSASigner(other)));
        wrong.put("nothing", "");
        wrong.forEach(this::refused);
        redeem(issuer.sign(good));
    }

    @Test
    void onlyGroupsThatTheFilterFindsAreTold() throws Exception {
        ObjectNode settings = Json.MAPPER
                .createObjectNode()
                .put("issuer", issuer.url())
                .put("client-id", "berth")
                .put("groups-claim", "groups")
                .put("group-filter", "^team-")
                .put("admin-group", "ops");
        issuer.idToken(issuer.sign(
                claims().claim("groups", List.of("team-a", "a team-b", "ops")).build()));
        try (var filtered = new OidcKind(clock).open("sso", settings, name -> Optional.of(SECRET))) {
            Source.Identity anna = filtered.redeem("a code", login, REDIRECT).identity();
            assertThat(anna.groups().orElseThrow()).containsExactly(new Source.Group("team-a", "team-a"));
            assertThat(anna.administrator()).as("a group that is filtered out").contains(false);
        }
    }

    @Test
    void newKeysAreFetchedOnceAMinute() throws Exception {
        redeem(issuer.sign(claims().build()));
        issuer.rotate();
        refused("too soon", issuer.sign(claims().build()));
        ahead = Duration.ofSeconds(61);
        assertThat(redeem(issuer.sign(claims().build())).name()).isEqualTo("anna");
        assertThat(issuer.fetches()).isEqualTo(2);
    }

    @Test
    void aDiscoveryDocumentOfAnotherIssuerIsNotBelieved() {
        ObjectNode settings =
                Json.MAPPER.createObjectNode().put("issuer", issuer.url() + "/").put("client-id", "berth");
        try (var wrong = new OidcKind(clock).open("sso", settings, name -> Optional.empty())) {
            assertThat(wrong.ping().orElseThrow()).contains("another issuer");
            assertThatThrownBy(() -> wrong.authorization(login, REDIRECT))
                    .isInstanceOfSatisfying(
                            OciException.class, e -> assertThat(e.status()).isEqualTo(503));
        }
    }

    @Test
    void theBrowserIsSentWithChallengeStateAndNonceButNeverTheVerifier() {
        String url = provider.authorization(login, REDIRECT).toString();
        assertThat(url)
                .startsWith(issuer.url() + "/authorize?")
                .contains("code_challenge=" + login.challenge(), "code_challenge_method=S256")
                .contains("state=" + login.state(), "nonce=" + login.nonce(), "response_type=code")
                .doesNotContain(login.verifier());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'issuer': 'https://sso'}",
                "{'issuer': 'ftp://sso', 'client-id': 'berth'}",
                "{'issuer': 'https://sso?a=b', 'client-id': 'berth'}",
                "{'issuer': 'https://sso', 'client-id': 'berth', 'scopes': ['email']}",
                "{'issuer': 'https://sso', 'client-id': 'berth', 'algorithms': ['HS256']}",
                "{'issuer': 'https://sso', 'client-id': 'berth', 'admin-group': 'ops'}",
                "{'issuer': 'https://sso', 'client-id': 'berth', 'extra-parameters': {'redirect_uri': 'x'}}",
                "{'issuer': 'https://sso', 'client-id': 'berth', 'client-secret': 'x'}"
            })
    void settingsThatCannotBeAreRefused(String settings) throws Exception {
        var json = Json.MAPPER.readTree(settings.replace('\'', '"'));
        assertThatThrownBy(() -> new OidcKind(clock).check(json))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(400));
    }
}
