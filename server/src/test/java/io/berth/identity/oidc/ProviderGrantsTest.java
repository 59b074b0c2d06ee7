package io.berth.identity.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jwt.JWTClaimsSet;
import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.identity.Account;
import io.berth.identity.Credentials;
import io.berth.identity.Groups;
import io.berth.identity.Source;
import io.berth.identity.TestSources;
import io.berth.identity.workload.Issuer;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What comes of what a provider answers, whatever that is. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class ProviderGrantsTest {
    private static final Change.Origin ROOT = Change.Origin.by("admin");
    private static final Duration LATER = Duration.ofMinutes(6);

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.now());
    private Database database;
    private Issuer issuer;
    private TestSources sources;
    private Principal anna;

    interface Kept {
        @SqlQuery("SELECT name FROM secret WHERE name LIKE 'grant/%' ORDER BY name")
        List<String> secrets();

        @SqlQuery("SELECT COUNT(*) FROM provider_grant")
        int grants();

        @SqlUpdate("UPDATE secret SET key_id = 'lost'")
        void loseKey();

        @SqlUpdate("ALTER TABLE provider_grant RENAME TO elsewhere")
        void breakIt();

        @SqlUpdate("ALTER TABLE elsewhere RENAME TO provider_grant")
        void mendIt();
    }

    @BeforeEach
    void open() throws Exception {
        database = kind.open(directory, clock, new Random(1));
        issuer = new Issuer();
        sources = new TestSources(database, directory, List.of(new OidcKind(clock)), clock);
        configure(Map.of());
        Account account = account("1", "anna");
        sources.grants.keep(account.id(), Optional.of("first"));
        anna = principal(account);
    }

    @AfterEach
    void close() {
        sources.close();
        issuer.close();
        database.close();
    }

    private void configure(Map<String, String> more) {
        ObjectNode settings =
                Json.MAPPER.createObjectNode().put("issuer", issuer.url()).put("client-id", "berth");
        more.forEach(settings::put);
        sources.identitySources.put("sso", "OIDC", settings, Map.of(), true, ROOT);
    }

    private Account account(String subject, String name) {
        return sources.identity
                .onboarding
                .welcome(new Source.Identity(
                        "sso", subject, name, Optional.empty(), "", Optional.empty(), Optional.empty()))
                .orElseThrow();
    }

    private static Principal principal(Account account) {
        return new Principal(Principal.Kind.USER, account.id(), account.name(), Credentials.ofSource(account.id()));
    }

    private boolean stands() {
        return sources.grants.until(anna).isPresent()
                && database.read(tx -> sources.identity.credentials.owner(tx, anna.credential()))
                        .isPresent();
    }

    private void away() {
        assertThatThrownBy(() -> sources.grants.until(anna))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(503));
    }

    private int grants() {
        return database.read(tx -> tx.dao(Kept.class).grants());
    }

    private List<String> secrets() {
        return database.read(tx -> tx.dao(Kept.class).secrets());
    }

    @Test
    void nobodyIsAskedAboutBeforeItIsTimeAndThenEachTimeByTheNewestToken() {
        assertThat(stands()).isTrue();
        assertThat(issuer.forms()).isEmpty();
        for (String next : List.of("second", "third", "")) {
            clock.advance(LATER);
            issuer.answers(200, renewed(next));
            assertThat(stands()).isTrue();
            assertThat(stands()).isTrue();
        }
        clock.advance(LATER);
        assertThat(stands()).isTrue();
        assertThat(issuer.forms())
                .extracting(form -> form.replaceAll(".*refresh_token=(\\w+).*", "$1"))
                .containsExactly("first", "second", "third", "third");
        assertThat(issuer.form()).contains("grant_type=refresh_token");
    }

    @Test
    void aProviderIsNotAskedMoreThanEightQuestionsAtATime() throws Exception {
        List<Principal> people = IntStream.range(0, 20)
                .mapToObj(number -> account("p" + number, "person" + number))
                .peek(account -> sources.grants.keep(account.id(), Optional.of("first")))
                .map(ProviderGrantsTest::principal)
                .toList();
        clock.advance(LATER);
        issuer.answers(200, renewed("second"));
        var asking = new AtomicInteger();
        var most = new AtomicInteger();
        var eight = new CountDownLatch(8);
        issuer.meanwhile(() -> {
            most.accumulateAndGet(asking.incrementAndGet(), Math::max);
            eight.countDown();
            try {
                eight.await(20, TimeUnit.SECONDS);
                Thread.sleep(100); // time for a ninth
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            asking.decrementAndGet();
        });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<OptionalLong> answer : threads.invokeAll(people.stream()
                    .map(person -> (Callable<OptionalLong>) () -> sources.grants.until(person))
                    .toList())) {
                assertThat(answer.get()).isPresent();
            }
        }
        assertThat(issuer.forms()).hasSize(20);
        assertThat(most).hasValue(8);
    }

    private static String renewed(String next) {
        return Json.object("access_token", "opaque", "refresh_token", next);
    }

    @Test
    void onlyARefusalOfTheGrantEndsWhatSomebodyHolds() {
        record Said(int status, String body) {}
        var others = List.of(
                new Said(400, Json.object("error", "invalid_request")),
                new Said(400, "invalid_grant"),
                new Said(401, Json.object("error", "invalid_client")),
                new Said(403, Json.object("error", "invalid_grant")),
                new Said(429, Json.object("error", "slow_down")),
                new Said(500, Json.object("error", "invalid_grant")),
                new Said(502, "<html>bad gateway</html>"),
                new Said(200, "<html>log in to the hotel's network</html>"),
                new Said(200, Json.object("error", "invalid_grant")));
        clock.advance(LATER);
        for (Said said : others) {
            issuer.answers(said.status(), said.body());
            int asked = issuer.forms().size();
            assertThat(stands()).as("%s", said).isTrue();
            assertThat(stands()).isTrue();
            assertThat(issuer.forms()).as("asked once").hasSize(asked + 1);
            clock.advance(Duration.ofSeconds(31));
        }
        clock.advance(Duration.ofHours(1));
        away();
        issuer.answers(200, renewed(""));
        away(); // it is asked again after some time
        clock.advance(Duration.ofSeconds(31));
        assertThat(stands()).isTrue();
        for (int status : List.of(400, 401)) {
            sources.grants.keep(account("1", "anna").id(), Optional.of("another"));
            assertThat(stands()).isTrue();
            clock.advance(LATER);
            issuer.answers(status, Json.object("error", "invalid_grant"));
            assertThat(stands()).isFalse();
            assertThat(grants()).isZero();
        }
        assertThat(secrets()).isEmpty();
        assertThat(sources.feed()).contains("user-gone anna", "user-returned anna");
        assertThat(sources.asked).contains("sso VERIFIED", "sso UNAVAILABLE", "sso UNKNOWN");
    }

    @Test
    void aLoginDuringARefusalCounts() {
        clock.advance(LATER);
        issuer.answers(400, Json.object("error", "invalid_grant"));
        issuer.meanwhile(() -> sources.grants.keep(anna.id(), Optional.of("newer")));
        assertThat(stands()).isTrue();
        issuer.meanwhile(() -> {});
        issuer.answers(200, renewed(""));
        clock.advance(LATER);
        assertThat(stands()).isTrue();
        assertThat(issuer.form()).contains("refresh_token=newer");
    }

    @Test
    void aTokenThatCouldNotBeStoredIsUsedTheNextTime() {
        clock.advance(LATER);
        issuer.answers(200, renewed("second"));
        issuer.meanwhile(() -> database.write(tx -> {
            tx.dao(Kept.class).breakIt();
            return null;
        }));
        assertThatThrownBy(() -> sources.grants.until(anna)).isInstanceOf(RuntimeException.class);
        issuer.meanwhile(() -> {});
        database.write(tx -> {
            tx.dao(Kept.class).mendIt();
            return null;
        });
        issuer.answers(200, renewed("third"));
        clock.advance(Duration.ofSeconds(31));
        assertThat(stands()).isTrue();
        assertThat(issuer.form()).contains("refresh_token=second");
        clock.advance(LATER);
        assertThat(stands()).isTrue();
        assertThat(issuer.form()).contains("refresh_token=third");
    }

    @Test
    void withoutItsMasterKeyATokenIsNothingUntilTheNextLogin() {
        database.write(tx -> {
            tx.dao(Kept.class).loseKey();
            return null;
        });
        issuer.answers(200, renewed(""));
        clock.advance(LATER);
        assertThat(stands()).isTrue();
        clock.advance(Duration.ofHours(1));
        away();
        assertThat(issuer.forms()).isEmpty();
        sources.grants.keep(anna.id(), Optional.of("new"));
        assertThat(stands()).isTrue();
    }

    @Test
    void aProviderThatCannotBeReachedIsNotWaitedForByEverybody() {
        Principal boss = principal(account("2", "boss"));
        sources.grants.keep(boss.id(), Optional.of("his"));
        clock.advance(LATER);
        issuer.answers(200, "no JSON");
        assertThat(stands()).isTrue();
        assertThat(sources.grants.until(boss)).isPresent();
        assertThat(issuer.forms()).hasSize(1);
    }

    @Test
    void aDeletedAccountLeavesNoToken() {
        sources.identity.accounts.delete(anna.id(), ROOT);
        assertThat(grants()).isZero();
        assertThat(secrets()).isEmpty();
    }

    @Test
    void aLogoutAtTheProviderHasItAskedWithTheNextUse() throws Exception {
        var logout = new BackchannelLogout(database, sources.configured, sources.grants, sources.identity.version);
        long before = sources.identity.version.current();
        logout.run(issuer.sign(issuer.claims(
                        "berth",
                        Map.of(
                                "sub",
                                "1",
                                "events",
                                Map.of("http://schemas.openid.net/event/backchannel-logout", Map.of())))
                .build()));
        assertThat(sources.identity.version.current()).isGreaterThan(before);
        issuer.answers(400, Json.object("error", "invalid_grant"));
        assertThat(stands()).isFalse();
    }

    @Test
    void groupsAreWhatTheProviderSaysOfTheSamePerson() throws Exception {
        configure(Map.of("groups-claim", "groups"));
        var dev = sources.identity.groups.create("sso", "dev", "dev", ROOT);
        JWTClaimsSet.Builder claims = issuer.claims(
                "berth", Map.of("sub", "1", "preferred_username", "anna", "groups", List.of("dev", "other")));
        long boss = account("2", "boss").id();
        claims.subject("2");
        answersToken(claims);
        assertThat(stands()).isTrue();
        assertThat(groups()).as("somebody else's").isEmpty();
        assertThat(sources.identity.groups.of(boss)).isEmpty();
        answersToken(claims.subject("1"));
        assertThat(stands()).isTrue();
        assertThat(groups()).containsExactly(dev);
        // Nothing about groups is not that there are none.
        answersToken(claims.claim("groups", null));
        assertThat(stands()).isTrue();
        clock.advance(LATER);
        issuer.answers(200, renewed(""));
        assertThat(stands()).isTrue();
        assertThat(groups()).containsExactly(dev);
        answersToken(claims.claim("groups", List.of()));
        assertThat(stands()).isTrue();
        assertThat(groups()).isEmpty();
    }

    private void answersToken(JWTClaimsSet.Builder claims) throws Exception {
        clock.advance(LATER);
        claims.expirationTime(java.util.Date.from(clock.instant().plusSeconds(300)));
        issuer.answers(200, Json.object("access_token", "opaque", "id_token", issuer.sign(claims.build())));
    }

    private Set<Groups.Group> groups() {
        return Set.copyOf(sources.identity.groups.of(anna.id()));
    }

    @Test
    void aTokenOfTheBrowsersSessionIsKeptOnlyWhereItWasAskedFor() throws Exception {
        var login = PendingLogin.begin("sso", false, new Random(1));
        String idToken = issuer.sign(
                issuer.claims("berth", Map.of("sub", "1", "preferred_username", "anna", "nonce", login.nonce()))
                        .build());
        ObjectNode answer =
                Json.MAPPER.createObjectNode().put("id_token", idToken).put("refresh_token", "r");
        var redirect = URI.create("https://registry.example.org/c/oidc/callback");
        ObjectNode settings =
                Json.MAPPER.createObjectNode().put("issuer", issuer.url()).put("client-id", "berth");
        try (var plain = new OidcKind(clock).open("sso", settings, name -> Optional.empty())) {
            issuer.answers(200, Json.write(answer));
            assertThat(plain.redeem("code", login, redirect).grant()).contains("r");
            issuer.answers(200, Json.write(answer.put("refresh_expires_in", 0)));
            assertThat(plain.redeem("code", login, redirect).grant()).contains("r");
            issuer.answers(200, Json.write(answer.put("refresh_expires_in", 1800)));
            assertThat(plain.redeem("code", login, redirect).grant()).isEmpty();
        }
        settings.putArray("scopes").add("openid").add("offline_access");
        try (var offline = new OidcKind(clock).open("sso", settings, name -> Optional.empty())) {
            assertThat(offline.redeem("code", login, redirect).grant()).contains("r");
        }
    }

    @Test
    void localAccountsAndThoseWithoutATokenAreNotAskedAbout() {
        assertThat(sources.grants.until(principal(account("2", "boss")))).isEqualTo(OptionalLong.of(Long.MAX_VALUE));
        assertThat(sources.grants.until(Principal.ANONYMOUS)).isEqualTo(OptionalLong.of(Long.MAX_VALUE));
        // A login without a token leaves the one from before, and confirms.
        clock.advance(LATER);
        sources.grants.keep(anna.id(), Optional.empty());
        assertThat(stands()).isTrue();
        assertThat(issuer.forms()).isEmpty();
        clock.advance(LATER);
        issuer.answers(200, renewed(""));
        assertThat(stands()).isTrue();
        assertThat(issuer.form()).contains("refresh_token=first");
    }
}
