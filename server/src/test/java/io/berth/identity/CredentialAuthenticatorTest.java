package io.berth.identity;

import static io.berth.identity.TestIdentity.basic;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.SteppedClock;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import io.berth.http.Scope;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialAuthenticatorTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("test");
    private static final String HERE = "192.0.2.1";

    /** A source that remembers what it was asked. */
    private static final class Asked implements Source {
        private final String name;
        private final List<String> passwords = new ArrayList<>();
        private Outcome answer = new Outcome.Unknown();

        Asked(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Outcome authenticate(String user, String password) {
            passwords.add(password);
            return answer;
        }

        Asked knows(String subject, String user, String... groups) {
            Set<Source.Group> all = new java.util.HashSet<>();
            for (String group : groups) {
                all.add(new Source.Group(group, group));
            }
            answer = new Outcome.Verified(
                    new Identity(name, subject, user, Optional.empty(), "", Optional.of(all), Optional.empty()));
            return this;
        }
    }

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.parse("2030-01-01T00:00:00Z"));
    private Database database;
    private TestIdentity identity;

    @BeforeEach
    void open() {
        database = TestDatabase.SQLITE.open(directory, clock, new Random(1));
        identity = new TestIdentity(database, clock);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private Account account(String name) {
        return identity.accounts.create(name, "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN);
    }

    private Optional<Principal> ask(String header) {
        return identity.authenticator.authenticate(header, new RequestSource(HERE, "request-7"));
    }

    private Robot robot(String name, int days, String secret) {
        return database.write(tx -> identity.robots.create(tx, null, name, "", days, secret, ORIGIN))
                .robot();
    }

    @Test
    void aPasswordIsRememberedAndEndsWithItsChange() {
        Account dev = account("dev");
        String header = basic("dev", "Passw0rd");
        assertThat(identity.authenticator.cached(header)).isEmpty();
        assertThat(ask(header)).map(Principal::id).contains(dev.id());
        assertThat(identity.authenticator.cached(header)).isPresent();
        identity.accounts.setPassword(dev.id(), "An0therOne", ORIGIN);
        assertThat(identity.authenticator.cached(header)).isEmpty();
        assertThat(ask(header)).isEmpty();
        assertThat(ask(basic("DEV", "An0therOne"))).map(Principal::name).contains("dev");
    }

    @Test
    void anotherChangeCostsALookAndNoPassword() {
        account("dev");
        String header = basic("dev", "Passw0rd");
        Principal before = ask(header).orElseThrow();
        account("other");
        assertThat(identity.authenticator.cached(header))
                .as("rights may have changed")
                .isEmpty();
        int logins = identity.events.size();
        assertThat(ask(header)).contains(before);
        assertThat(identity.events).as("nobody logged in again").hasSize(logins);
    }

    @Test
    void whoIsDisabledOrDeletedIsOutWithTheNextRequest() {
        Account dev = account("dev");
        String header = basic("dev", "Passw0rd");
        assertThat(ask(header)).isPresent();
        identity.accounts.setDisabled(dev.id(), true, ORIGIN);
        assertThat(ask(header)).isEmpty();
        identity.accounts.setDisabled(dev.id(), false, ORIGIN);
        assertThat(ask(header)).isPresent();
        identity.accounts.delete(dev.id(), ORIGIN);
        assertThat(ask(header)).isEmpty();
    }

    @Test
    void aRobotLogsInUntilItsEndItsNewSecretOrItsRest() {
        var created = database.write(tx -> identity.robots.create(tx, null, "ci", "", 30, null, ORIGIN));
        String header = basic("robot$ci", created.secret());
        assertThat(created.secret()).startsWith(Secrets.ROBOT);
        assertThat(ask(header)).map(Principal::kind).contains(Principal.Kind.ROBOT);
        assertThat(ask(basic("robot$ci", "wrong"))).isEmpty();
        clock.advance(Duration.ofDays(30));
        assertThat(ask(header)).isEmpty();
        Robot chosen = robot("chosen", -1, "Ch0sen-by-us");
        assertThat(ask(basic("robot$chosen", "Ch0sen-by-us"))).isPresent();
        String renewed = identity.robots.renew(chosen.id(), null, ORIGIN);
        assertThat(ask(basic("robot$chosen", "Ch0sen-by-us"))).isEmpty();
        assertThat(ask(basic("robot$chosen", renewed))).isPresent();
        database.write(tx -> {
            identity.robots.update(tx, Robots.require(tx, chosen.id()), "", true, -1, ORIGIN);
            return null;
        });
        assertThat(ask(basic("robot$chosen", renewed))).isEmpty();
    }

    @Test
    void anAccessTokenStandsForItsOwnerWithinItsScopesUntilItsEnd() {
        Account dev = account("dev");
        account("eve");
        var created = identity.tokens.create(
                dev.id(),
                AccessTokens.Kind.PERSONAL,
                "laptop",
                List.of(Scope.parse("repository:team/*:pull")),
                Duration.ofDays(1),
                ORIGIN);
        assertThat(created.secret()).startsWith(Secrets.PERSONAL);
        Principal owner = ask(basic("dev", created.secret())).orElseThrow();
        assertThat(owner.scopes().orElseThrow()).containsExactly(Scope.parse("repository:team/*:pull"));
        assertThat(ask(basic("eve", created.secret()))).isEmpty();
        identity.tokens.delete(dev.id(), created.token().id(), ORIGIN);
        assertThat(ask(basic("dev", created.secret()))).isEmpty();
        var second = identity.tokens.create(
                dev.id(), AccessTokens.Kind.PERSONAL, "laptop", List.of(), Duration.ofDays(1), ORIGIN);
        assertThat(ask(basic("dev", second.secret()))).isPresent();
        clock.advance(Duration.ofDays(1));
        assertThat(ask(basic("dev", second.secret()))).isEmpty();
    }

    @Test
    void secretsLieInTheDatabaseAsHashesAlone() {
        Account dev = account("dev");
        var token = identity.tokens.create(
                dev.id(), AccessTokens.Kind.PERSONAL, "laptop", List.of(), Duration.ofDays(1), ORIGIN);
        var robot = database.write(tx -> identity.robots.create(tx, null, "ci", "", 30, null, ORIGIN));
        assertThat(token.token().hash()).doesNotContain(token.secret()).hasSize(64);
        assertThat(robot.robot().secretHash()).doesNotContain(robot.secret()).hasSize(64);
    }

    @Test
    void aSourceThatKnowsTheNameDecidesAndALocalPasswordStaysHere() {
        var first = new Asked("first");
        var second = new Asked("second").knows("uuid-1", "ann", "cn=devs");
        identity.sources.addAll(List.of(first, second));
        account("dev");
        assertThat(ask(basic("dev", "wrong"))).isEmpty();
        assertThat(first.passwords).as("a local name never leaves").isEmpty();
        assertThat(ask(basic("ann", "secret"))).map(Principal::name).contains("ann");
        assertThat(first.passwords).containsExactly("secret");
        assertThat(identity.accounts.find("ann").orElseThrow().source()).isEqualTo("second");
        // From now on the account says who is asked.
        clock.advance(Duration.ofSeconds(61));
        assertThat(ask(basic("ann", "secret"))).isPresent();
        assertThat(first.passwords).hasSize(1);
        first.answer = new Source.Outcome.Refused();
        assertThat(ask(basic("bob", "x"))).isEmpty();
        assertThat(second.passwords).as("the first knew bob").hasSize(2);
        first.answer = new Source.Outcome.Unavailable("down");
        assertThatThrownBy(() -> ask(basic("carl", "x")))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }

    @Test
    void connectionsThatComeWithOneCredentialShareOneVerification() throws Exception {
        var asked = new Asked("ldap").knows("uuid-1", "ann");
        var open = new CountDownLatch(1);
        var began = new CountDownLatch(1);
        identity.sources.add(new Source() {
            @Override
            public String name() {
                return "ldap";
            }

            @Override
            public Outcome authenticate(String user, String password) {
                began.countDown();
                try {
                    open.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return asked.authenticate(user, password);
            }
        });
        var answers = new ArrayList<CompletableFuture<Optional<Principal>>>();
        var waiting = new CountDownLatch(20);
        for (int i = 0; i < 20; i++) {
            var answer = new CompletableFuture<Optional<Principal>>();
            answers.add(answer);
            Thread.startVirtualThread(() -> {
                waiting.countDown();
                answer.complete(ask(basic("ann", "x")));
            });
        }
        began.await();
        waiting.await();
        account("meanwhile");
        open.countDown();
        for (var answer : answers) {
            assertThat(answer.get()).map(Principal::name).contains("ann");
        }
        assertThat(asked.passwords).hasSizeLessThan(3);
        assertThat(identity.authenticator.cached(basic("ann", "x")))
                .as("verified before the change")
                .isEmpty();
    }

    @Test
    void nobodyTakesOverANameOfAnotherSource() {
        identity.sources.add(new Asked("ldap").knows("uuid-7", "Admin"));
        account("dev");
        assertThat(ask(basic("Admin", "x"))).as("reserved").isEmpty();
        identity.sources.clear();
        identity.sources.add(new Asked("ldap").knows("uuid-8", "DEV"));
        assertThat(ask(basic("someone", "x"))).as("the name of a local account").isEmpty();
        assertThat(identity.accounts.find("dev").orElseThrow().source()).isEqualTo(Account.LOCAL);
    }

    @Test
    void groupsAreThoseOfTheLastLogin() {
        var devs = identity.groups.create("ldap", "cn=devs", "devs", ORIGIN);
        var source = new Asked("ldap").knows("uuid-1", "ann", "cn=devs", "cn=unknown");
        identity.sources.add(source);
        long ann = ask(basic("ann", "x")).orElseThrow().id();
        assertThat(identity.groups.of(ann)).containsExactly(devs);
        source.knows("uuid-1", "ann");
        clock.advance(Duration.ofSeconds(61));
        assertThat(ask(basic("ann", "x"))).isPresent();
        assertThat(identity.groups.of(ann)).isEmpty();
    }

    @Test
    void guessingGetsSlowerForTheGuesserAlone() {
        account("dev");
        for (int i = 0; i < 20; i++) {
            assertThat(ask(basic("dev", "guess" + i))).isEmpty();
        }
        assertThatThrownBy(() -> ask(basic("dev", "Passw0rd")))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.headers()).containsEntry("Retry-After", "1"));
        assertThat(identity.authenticator.authenticate(basic("dev", "Passw0rd"), new RequestSource("198.51.100.9", "")))
                .as("from elsewhere")
                .isPresent();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ask(basic("dev", "guess again"))).isEmpty();
        assertThatThrownBy(() -> ask(basic("dev", "more")))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.headers()).containsEntry("Retry-After", "2"));
    }

    @Test
    void theLastAdministratorWithAPasswordStays() {
        Account boss = identity.accounts.create("boss", "Passw0rd", Accounts.Profile.EMPTY, true, ORIGIN);
        for (Runnable way : List.<Runnable>of(
                () -> identity.accounts.setAdministrator(boss.id(), false, ORIGIN),
                () -> identity.accounts.setDisabled(boss.id(), true, ORIGIN),
                () -> identity.accounts.delete(boss.id(), ORIGIN))) {
            assertThatThrownBy(way::run)
                    .isInstanceOfSatisfying(
                            OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION));
        }
    }

    private String decidedBy(String name, String password) {
        Optional<Principal> found = ask(basic(name, password));
        return identity.events.getLast().detail().get("source") + " " + found.isPresent();
    }

    @Test
    void aLoginTellsWhoHasDecidedItWhateverCameOfIt() {
        Account dev = account("dev");
        assertThat(decidedBy("dev", "Passw0rd")).isEqualTo("local true");
        assertThat(decidedBy("dev", "wrong")).isEqualTo("local false");
        assertThat(decidedBy("nobody", "wrong")).isEqualTo("none false");
        Asked corp = new Asked("corp");
        identity.sources.add(new Asked("first"));
        identity.sources.add(corp);
        corp.knows("1", "eva");
        assertThat(decidedBy("eva", "hers")).isEqualTo("corp true");
        corp.answer = new Source.Outcome.Refused();
        assertThat(decidedBy("eva", "not hers")).isEqualTo("corp false");
        assertThat(decidedBy("unheard-of", "x")).as("it knows the name").isEqualTo("corp false");
        String token = identity.tokens
                .create(dev.id(), AccessTokens.Kind.PERSONAL, "ci", List.of(), null, ORIGIN)
                .secret();
        assertThat(decidedBy("dev", token)).isEqualTo("token true");
        robot("ci", 1, "Passw0rd-ci");
        assertThat(decidedBy("robot$ci", "Passw0rd-ci")).isEqualTo("robot true");
        assertThat(decidedBy("robot$ci", "wrong")).isEqualTo("robot false");
    }

    @Test
    void whoTriesManyNamesFromOneAddressIsSlowedDownAndNobodyElse() {
        account("dev");
        for (int i = 0; i < 200; i++) {
            assertThat(ask(basic("name" + i, "wrong"))).isEmpty();
        }
        assertThatThrownBy(() -> ask(basic("another", "wrong")))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));
        assertThat(identity.events.getLast().actor()).isEqualTo("another");
        assertThat(identity.events.getLast().success()).isFalse();
        assertThat(identity.authenticator.authenticate(
                        basic("dev", "Passw0rd"), new RequestSource("192.0.2.99", "request-8")))
                .isPresent();
        clock.advance(Duration.ofHours(1));
        assertThat(ask(basic("dev", "Passw0rd"))).isPresent();
    }
}
