package io.berth.token;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.Scope;
import io.berth.identity.SecretStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
    private static final Principal OWNER = new Principal(Principal.Kind.USER, 7, "alice", "password:7:stamp");

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.parse("2030-01-01T00:00:00Z"));
    private Database database;
    private SigningKeys keys;
    private Tokens tokens;

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.SQLITE.open(directory, clock, new Random(1));
        var secrets = SecretStore.open(database, Optional.empty(), directory.resolve("master-key"), new Random(2));
        keys = new SigningKeys(database, secrets, clock);
        tokens = new Tokens(keys, clock, new Random(3));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private String issue() {
        return tokens.issue(OWNER, List.of(new Scope("repository", "team/app", Set.of("pull"))), Duration.ofMinutes(30))
                .token();
    }

    @Test
    void aTokenEndsAndIsNotGoodBeforeItsTime() {
        String token = issue();
        assertThat(tokens.verify(token)).isPresent();
        clock.advance(Duration.ofMinutes(29));
        assertThat(tokens.verify(token)).isPresent();
        clock.advance(Duration.ofMinutes(2));
        assertThat(tokens.verify(token)).isEmpty();
        clock.advance(Duration.ofHours(-2));
        assertThat(tokens.verify(token)).isEmpty();
    }

    @Test
    void aTokenEndsNoLaterThanTheCredentialThatItWasIssuedFor() {
        long soon = clock.millis() + 90_500;
        var ending = OWNER.living(Principal.Lifetime.of(0, soon));
        var certificate = new Principal(Principal.Kind.USER, 7, "alice", "certificate:7:" + soon);
        var job = new Principal(Principal.Kind.ROBOT, 7, "robot$ci", "workload:7:1:" + soon);
        var jobOfAnEndingRobot = job.living(Principal.Lifetime.of(0, soon - 60_000));
        assertThat(tokens.issue(ending, List.of(), Duration.ofMinutes(30)).life())
                .hasSeconds(90);
        assertThat(tokens.issue(certificate, List.of(), Duration.ofMinutes(30)).life())
                .hasSeconds(90);
        assertThat(tokens.issue(job, List.of(), Duration.ofMinutes(1)).life()).hasMinutes(1);
        Tokens.Issued issued = tokens.issue(jobOfAnEndingRobot, List.of(), Duration.ofMinutes(30));
        assertThat(issued.life()).hasSeconds(30);
        assertThat(tokens.verify(issued.token())).isPresent();
        clock.advance(Duration.ofSeconds(30));
        assertThat(tokens.verify(issued.token())).isEmpty();
    }

    private record Node(SigningKeys keys, Tokens tokens) {}

    private Node node() throws Exception {
        var secrets = SecretStore.open(database, Optional.empty(), directory.resolve("master-key"), new Random(2));
        var others = new SigningKeys(database, secrets, clock);
        return new Node(others, new Tokens(others, clock, new Random(4)));
    }

    private static String keyOf(String token) throws ParseException {
        return SignedJWT.parse(token).getHeader().getKeyID();
    }

    private String longLived(Tokens by) {
        return by.issue(OWNER, List.of(), Duration.ofDays(30)).token();
    }

    @Test
    void tokensOfTheFormerKeyAreGoodDuringTheOverlapAndNoLonger() throws Exception {
        String old = longLived(tokens);
        clock.advance(Duration.ofDays(1));
        keys.rotate(Change.Origin.SYSTEM);
        String next = longLived(tokens);
        assertThat(keyOf(next)).isNotEqualTo(keyOf(old));
        clock.advance(Duration.ofHours(47));
        keys.maintain();
        assertThat(tokens.verify(old)).isPresent();
        assertThat(tokens.verify(next)).isPresent();
        clock.advance(Duration.ofHours(1));
        assertThat(tokens.verify(old)).isEmpty();
        assertThat(tokens.verify(next)).isPresent();
        clock.advance(Duration.ofSeconds(1));
        keys.maintain();
        assertThat(secretOf(old)).isFalse();
        assertThat(secretOf(next)).isTrue();
        assertThat(tokens.verify(old)).isEmpty();
        assertThat(tokens.verify(next)).isPresent();
    }

    private boolean secretOf(String token) throws Exception {
        String name = "signing-key/" + keyOf(token);
        var secrets = SecretStore.open(database, Optional.empty(), directory.resolve("master-key"), new Random(2));
        return database.read(tx -> secrets.get(tx, name).isPresent());
    }

    @Test
    void aKeySignsForNinetyDays() throws Exception {
        String first = longLived(tokens);
        clock.advance(Duration.ofDays(90));
        keys.maintain();
        assertThat(keyOf(longLived(tokens))).isEqualTo(keyOf(first));
        clock.advance(Duration.ofSeconds(1));
        keys.maintain();
        assertThat(keyOf(longLived(tokens))).isNotEqualTo(keyOf(first));
    }

    @Test
    void theNodesOfOneDatabaseAgreeOnTheKey() throws Exception {
        String first = longLived(tokens);
        Node other = node();
        String others = longLived(other.tokens());
        assertThat(keyOf(others)).isEqualTo(keyOf(first));
        assertThat(other.tokens().verify(first)).isPresent();
        clock.advance(Duration.ofSeconds(10));
        keys.rotate(Change.Origin.SYSTEM);
        String next = longLived(tokens);
        assertThat(other.tokens().verify(next)).as("at once").isPresent();
        clock.advance(Duration.ofSeconds(61));
        assertThat(keyOf(longLived(other.tokens())))
                .as("nobody signs by what others will forget")
                .isEqualTo(keyOf(next));
        clock.advance(Duration.ofDays(91));
        keys.maintain();
        other.keys().maintain();
        assertThat(keyOf(longLived(other.tokens())))
                .as("one of them changes it")
                .isEqualTo(keyOf(longLived(tokens)))
                .isNotEqualTo(keyOf(next));
        clock.advance(Duration.ofDays(1));
        assertThat(tokens.verify(longLived(other.tokens()))).isPresent();
    }

    @Test
    void evenWhatOurOwnKeyHasSignedIsATokenOnlyWhenAllOfItIsRight() throws Exception {
        JWTClaimsSet good = SignedJWT.parse(issue()).getJWTClaimsSet();
        ECKey key = keys.signing();
        assertThat(tokens.verify(signed(good, header(key).build()))).isPresent();
        Map<String, String> wrong = new HashMap<>();
        wrong.put(
                "another audience",
                signed(but(good).audience("other").build(), header(key).build()));
        wrong.put(
                "no audience",
                signed(but(good).audience((String) null).build(), header(key).build()));
        wrong.put(
                "another issuer",
                signed(but(good).issuer("other").build(), header(key).build()));
        wrong.put(
                "no end",
                signed(but(good).expirationTime(null).build(), header(key).build()));
        wrong.put(
                "over",
                signed(
                        but(good)
                                .expirationTime(Date.from(clock.instant().minusSeconds(60)))
                                .build(),
                        header(key).build()));
        wrong.put(
                "another type",
                signed(but(good).claim("cred", 7).build(), header(key).build()));
        wrong.put("no key", signed(good, new JWSHeader.Builder(JWSAlgorithm.ES256).build()));
        wrong.put(
                "a demand that nobody knows",
                signed(
                        good,
                        header(key)
                                .criticalParams(Set.of("exotic"))
                                .customParam("exotic", true)
                                .build()));
        var confused = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.HS256).keyID(key.getKeyID()).build(), good);
        confused.sign(new MACSigner(key.toPublicJWK().toJSONString().getBytes(StandardCharsets.UTF_8)));
        wrong.put("HS256 by the very key that is public", confused.serialize());
        wrong.put("no algorithm", new PlainJWT(good).serialize());
        wrong.put(
                "too long",
                signed(
                        but(good).claim("x", "y".repeat(20_000)).build(),
                        header(key).build()));
        wrong.forEach((what, token) -> assertThat(tokens.verify(token)).as(what).isEmpty());
    }

    private static JWTClaimsSet.Builder but(JWTClaimsSet good) {
        return new JWTClaimsSet.Builder(good);
    }

    private static JWSHeader.Builder header(ECKey key) {
        return new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key.getKeyID());
    }

    private String signed(JWTClaimsSet claims, JWSHeader header) throws JOSEException {
        var jwt = new SignedJWT(header, claims);
        jwt.sign(new ECDSASigner(keys.signing()));
        return jwt.serialize();
    }
}
