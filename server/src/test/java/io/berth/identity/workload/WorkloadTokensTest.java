package io.berth.identity.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import io.berth.identity.AccessVersion;
import io.berth.identity.BearerTokens;
import io.berth.identity.Robot;
import io.berth.identity.Sources;
import io.berth.identity.Standings;
import io.berth.identity.TestIdentity;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.nio.file.Path;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkloadTokensTest {
    private static final Change.Origin ROOT = Change.Origin.by("admin");
    private static final String AUDIENCE = "https://registry.example.org";

    private static final Map<String, Object> GITLAB = Map.of(
            "sub", "project_path:group/app:ref_type:branch:ref:main",
            "project_path", "group/app",
            "project_id", "42",
            "ref", "main",
            "ref_path", "refs/heads/main",
            "ref_protected", "true",
            "pipeline_source", "push");
    private static final Map<String, Object> GITHUB = Map.of(
            "sub", "repo:octo/app:ref:refs/heads/main",
            "repository", "octo/app",
            "ref", "refs/heads/main",
            "event_name", "push");
    private static final Map<String, Object> KUBERNETES = Map.of(
            "sub",
            "system:serviceaccount:ci:builder",
            "kubernetes.io",
            Map.of("namespace", "ci", "serviceaccount", Map.of("name", "builder", "uid", "1-2-3")));

    @TempDir
    Path directory;

    private static final class TestClock extends Clock {
        private Duration ahead = Duration.ZERO;

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
    }

    private final TestClock clock = new TestClock();
    private Database database;
    private Issuer issuer;
    private WorkloadRules rules;
    private WorkloadTokens tokens;
    private TestIdentity identity;
    private Robot robot;

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.SQLITE.open(directory, clock, new Random(1));
        issuer = new Issuer();
        var version = new AccessVersion();
        rules = new WorkloadRules(database, version);
        tokens = new WorkloadTokens(rules, version, clock);
        identity =
                new TestIdentity(database, clock, BearerTokens.NONE, tokens, version, Sources.NONE, Standings.UNASKED);
        robot = database.write(tx -> identity.robots.create(tx, null, "ci", "", -1, null, ROOT))
                .robot();
    }

    @AfterEach
    void close() {
        tokens.close();
        issuer.close();
        database.close();
    }

    private static ObjectNode settings(Map<String, Object> claims) {
        ObjectNode settings = Json.MAPPER.createObjectNode();
        settings.put("audience", AUDIENCE);
        settings.set("claims", Json.MAPPER.valueToTree(claims));
        return settings;
    }

    private void rule(Map<String, Object> claims) {
        rules.put("app", issuer.url(), settings(claims), robot.id(), true, ROOT);
    }

    private Optional<Principal> login(String token) {
        return identity.authenticator.authenticate(
                TestIdentity.basic("job", token), new RequestSource("192.0.2.1", ""));
    }

    private static Map<String, Object> but(Map<String, Object> claims, String name, Object value) {
        var changed = new HashMap<>(claims);
        changed.put(name, value);
        return changed;
    }

    @Test
    void aJobsTokenActsAsTheRobotOfItsRuleAsPasswordAndAsBearer() throws Exception {
        rule(Map.of("project_path", "group/app", "ref", List.of("main", "release")));
        String token = issuer.token(AUDIENCE, GITLAB);
        Principal principal = login(token).orElseThrow();
        assertThat(principal.kind()).isEqualTo(Principal.Kind.ROBOT);
        assertThat(principal.id()).isEqualTo(robot.id());
        assertThat(identity.authenticator.authenticate("Bearer " + token, new RequestSource("192.0.2.1", "")))
                .contains(principal);
        assertThat(issuer.fetches()).isEqualTo(1);
    }

    @Test
    void tokensOfGithubAndKubernetesAreTakenByTheirSubject() throws Exception {
        rule(Map.of("sub", "repo:octo/app:ref:refs/heads/main"));
        assertThat(login(issuer.token(AUDIENCE, GITHUB))).isPresent();
        assertThat(login(issuer.token(AUDIENCE, but(GITHUB, "sub", "repo:octo/other:ref:refs/heads/main"))))
                .isEmpty();
        rule(Map.of("sub", "system:serviceaccount:ci:builder"));
        assertThat(login(issuer.token(AUDIENCE, KUBERNETES))).isPresent();
        assertThat(login(issuer.token(AUDIENCE, GITHUB))).isEmpty();
    }

    @Test
    void claimsAreComparedExactly() throws Exception {
        rule(Map.of("project_path", "group/app", "project_id", "42"));
        assertThat(login(issuer.token(AUDIENCE, but(GITLAB, "project_id", 42)))).isPresent();
        for (Object wrong : List.of("group/app2", "Group/app", "group/app/", List.of("group/app"), Map.of())) {
            assertThat(login(issuer.token(AUDIENCE, but(GITLAB, "project_path", wrong))))
                    .as(wrong.toString())
                    .isEmpty();
        }
        var without = new HashMap<>(GITLAB);
        without.remove("project_path");
        assertThat(login(issuer.token(AUDIENCE, without))).isEmpty();
    }

    @Test
    void whatIsWrongWithATokenMakesItNobodys() throws Exception {
        rule(Map.of("project_path", "group/app"));
        Date now = new Date();
        Date past = new Date(now.getTime() - 1000);
        RSAKey other = new RSAKeyGenerator(2048).keyID(issuer.key().getKeyID()).generate();
        JWTClaimsSet good = issuer.claims(AUDIENCE, GITLAB).build();
        Map<String, String> wrong = new HashMap<>();
        wrong.put("audience", issuer.token("https://another.example.org", GITLAB));
        wrong.put(
                "issuer",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB)
                        .issuer("https://ci.example.org")
                        .build()));
        wrong.put(
                "expired",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB).expirationTime(past).build()));
        wrong.put(
                "endless",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB).expirationTime(null).build()));
        wrong.put(
                "no time of issue",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB).issueTime(null).build()));
        wrong.put(
                "too long",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB)
                        .expirationTime(new Date(now.getTime() + 10_000_000))
                        .build()));
        wrong.put(
                "of the future",
                issuer.sign(issuer.claims(AUDIENCE, GITLAB)
                        .notBeforeTime(new Date(now.getTime() + 120_000))
                        .build()));
        wrong.put("unsigned", Issuer.unsigned(good));
        wrong.put("unsigned with the dots of a signed one", Issuer.unsigned(good) + "AAAA");
        wrong.put("HS256 by the public key", issuer.signByPublicKey(good));
        wrong.put(
                "another key",
                Issuer.sign(good, JWSAlgorithm.RS256, issuer.key().getKeyID(), new RSASSASigner(other)));
        wrong.put("cut", issuer.sign(good).substring(0, 300));
        wrong.put("oversized", issuer.token(AUDIENCE, but(GITLAB, "padding", "x".repeat(13_000))));
        wrong.forEach((what, token) -> assertThat(tokens.verify(token)).as(what).isEmpty());
        wrong.forEach((what, token) -> assertThat(login(token)).as(what).isEmpty());
        assertThat(login(issuer.sign(good))).isPresent();
    }

    @Test
    void anAlgorithmThatTheRuleDoesNotAllowIsRefused() throws Exception {
        ObjectNode settings = settings(Map.of("project_path", "group/app"));
        settings.putArray("algorithms").add("ES256");
        rules.put("app", issuer.url(), settings, robot.id(), true, ROOT);
        assertThat(login(issuer.token(AUDIENCE, GITLAB))).isEmpty();
        settings.putArray("algorithms").add("RS256");
        rules.put("app", issuer.url(), settings, robot.id(), true, ROOT);
        assertThat(login(issuer.token(AUDIENCE, GITLAB))).isPresent();
    }

    @Test
    void forksAndMergeRequestsAreRefusedUnlessTheRuleNamesThem() throws Exception {
        rule(Map.of("project_path", "group/app"));
        Map<String, Object> mergeRequest = but(GITLAB, "pipeline_source", "merge_request_event");
        assertThat(login(issuer.token(AUDIENCE, mergeRequest))).isEmpty();
        assertThat(login(issuer.token(AUDIENCE, but(GITLAB, "ref_path", "refs/merge-requests/1/head"))))
                .isEmpty();
        rule(Map.of("project_path", "group/app", "pipeline_source", "merge_request_event"));
        assertThat(login(issuer.token(AUDIENCE, mergeRequest))).isPresent();
        rule(Map.of("repository", "octo/app"));
        for (String event : List.of("pull_request", "pull_request_target")) {
            assertThat(login(issuer.token(AUDIENCE, but(GITHUB, "event_name", event))))
                    .as(event)
                    .isEmpty();
        }
        assertThat(login(issuer.token(AUDIENCE, but(GITHUB, "ref", "refs/pull/7/merge"))))
                .isEmpty();
        assertThat(login(issuer.token(AUDIENCE, GITHUB))).isPresent();
    }

    @Test
    void aDeniedClaimRefusesWhatTheRuleWouldTake() throws Exception {
        ObjectNode settings = settings(Map.of("project_path", "group/app"));
        settings.putObject("denied-claims").put("ref_protected", "false");
        rules.put("app", issuer.url(), settings, robot.id(), true, ROOT);
        assertThat(login(issuer.token(AUDIENCE, GITLAB))).isPresent();
        assertThat(login(issuer.token(AUDIENCE, but(GITLAB, "ref_protected", "false"))))
                .isEmpty();
    }

    @Test
    void nobodyButAConfiguredIssuerIsContactedAndThatForNoTokenThatNoRuleMeans() throws Exception {
        try (var stranger = new Issuer()) {
            rule(Map.of("project_path", "group/app"));
            assertThat(login(stranger.token(AUDIENCE, GITLAB))).isEmpty();
            assertThat(stranger.fetches()).isZero();
            assertThat(login(issuer.token(AUDIENCE, GITHUB))).isEmpty();
            assertThat(issuer.fetches()).isZero();
        }
    }

    @Test
    void newKeysAreFetchedWhenATokenNamesThemButNotMoreThanOnceAMinute() throws Exception {
        rule(Map.of("project_path", "group/app"));
        String old = issuer.token(AUDIENCE, GITLAB);
        assertThat(tokens.verify(old)).isPresent();
        issuer.rotate();
        String fresh = issuer.token(AUDIENCE, GITLAB);
        for (int i = 0; i < 5; i++) {
            assertThat(tokens.verify(fresh)).isEmpty();
        }
        assertThat(issuer.fetches()).isEqualTo(1);
        clock.ahead = Duration.ofSeconds(61);
        assertThat(tokens.verify(fresh)).isPresent();
        assertThat(tokens.verify(old)).isEmpty();
        assertThat(issuer.fetches()).isEqualTo(2);
    }

    @Test
    void anIssuerThatWasNeverReachedMakesItUnavailableRatherThanWrong() throws Exception {
        rule(Map.of("project_path", "group/app"));
        String token = issuer.token(AUDIENCE, GITLAB);
        issuer.close();
        assertThatThrownBy(() -> login(token))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(503));
    }

    @Test
    void whatIsDerivedEndsWithTheTokenAndWithTheRule() throws Exception {
        rule(Map.of("project_path", "group/app"));
        String token = issuer.token(AUDIENCE, GITLAB);
        String credential = login(token).orElseThrow().credential();
        clock.ahead = Duration.ofSeconds(301);
        assertThat(login(token)).isEmpty();
        Optional<Principal> owner = database.read(tx -> identity.credentials.owner(tx, credential));
        assertThat(owner).as("whatever names it").isEmpty();
        clock.ahead = Duration.ZERO;
        assertThat(login(token)).isPresent();
        rule(Map.of("project_path", "group/another"));
        assertThat(login(token)).isEmpty();
        rule(Map.of("project_path", "group/app"));
        assertThat(login(token)).isPresent();
        rules.remove("app", ROOT);
        assertThat(login(token)).isEmpty();
        assertThat(rules.list()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'claims': {'sub': 'x'}}",
                "{'audience': 'a'}",
                "{'audience': 'a', 'claims': {}}",
                "{'audience': 'a', 'claims': {'ref': 'main'}}",
                "{'audience': 'a', 'claims': {'sub': 'repo:octo/*'}}",
                "{'audience': 'a', 'claims': {'sub': []}}",
                "{'audience': 'a', 'claims': {'sub': {'a': 'b'}}}",
                "{'audience': 'a', 'claims': {'sub': 'x'}, 'algorithms': ['HS256']}",
                "{'audience': 'a', 'claims': {'sub': 'x'}, 'algorithms': ['none']}",
                "{'audience': 'a', 'claims': {'sub': 'x'}, 'max-lifetime-seconds': 100000}",
                "{'audience': 'a', 'claims': {'sub': 'x'}, 'jwks-url': 'http://192.0.2.1/keys'}",
                "{'audience': 'a', 'claims': {'sub': 'x'}, 'audiences': 'b'}"
            })
    void rulesThatWouldLetTooManyInAreRefused(String settings) throws Exception {
        var json = Json.MAPPER.readTree(settings.replace('\'', '"'));
        assertThatThrownBy(() -> rules.put("app", issuer.url(), json, robot.id(), true, ROOT))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(400));
        assertThatThrownBy(() ->
                        rules.put("app", "http://ci.example.org", settings(Map.of("sub", "x")), robot.id(), true, ROOT))
                .hasMessageContaining("https");
        assertThatThrownBy(() -> rules.put("app", issuer.url(), settings(Map.of("sub", "x")), 999, true, ROOT))
                .hasMessageContaining("no robot");
    }

    @Test
    void anIssuerWithoutADiscoveryDocumentHasItsKeysWhereTheRuleSays() throws Exception {
        var settings = io.berth.oci.Json.MAPPER
                .createObjectNode()
                .put("audience", AUDIENCE)
                .put("jwks-url", issuer.url() + "/keys");
        settings.putObject("claims").put("sub", "builder");
        rules.put("plain", "https://ci.invalid", settings, robot.id(), true, ROOT);
        var claims = issuer.claims(AUDIENCE, Map.of("sub", "builder"))
                .issuer("https://ci.invalid")
                .build();
        assertThat(tokens.verify(issuer.sign(claims))).isPresent();
        // Its keys speak for no other issuer.
        assertThat(tokens.verify(issuer.token(AUDIENCE, Map.of("sub", "builder"))))
                .isEmpty();
    }
}
