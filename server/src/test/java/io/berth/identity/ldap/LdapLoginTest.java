package io.berth.identity.ldap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.http.RequestSource;
import io.berth.identity.AccessTokens;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.TestIdentity;
import io.berth.identity.TestSources;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logins with a directory beside the local accounts. */
class LdapLoginTest {
    private static final Change.Origin ROOT = Change.Origin.by("admin");

    @TempDir
    static Path common;

    @TempDir
    Path directory;

    private static Slapd slapd;

    private Database database;
    private TestIdentity identity;
    private TestSources sources;

    @BeforeAll
    static void start() throws Exception {
        slapd = Slapd.start(common.resolve("slapd"));
    }

    @AfterAll
    static void stop() throws Exception {
        slapd.close();
    }

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new Random(1));
        sources = new TestSources(database, directory, List.of(new LdapKind()));
        identity = sources.identity;
    }

    @AfterEach
    void close() {
        sources.close();
        database.close();
    }

    private void put(String name, String url, boolean enabled) {
        ObjectNode settings = Json.MAPPER.createObjectNode();
        settings.put("bind-dn", Slapd.ADMIN)
                .put("base-dn", Slapd.BASE)
                .put("member-of", "memberOf")
                .put("filter", "(!(description=left))")
                .put("timeout-seconds", 3)
                .putArray("urls")
                .add(url);
        sources.identitySources.put(name, "LDAP", settings, Map.of("password", Slapd.PASSWORD), enabled, ROOT);
    }

    private Optional<Principal> login(String name, String password) {
        return identity.authenticator.authenticate(
                TestIdentity.basic(name, password), new RequestSource("192.0.2.1", ""));
    }

    @Test
    void whoeverTheDirectoryKnowsLogsInAndHasAnAccountFromThen() {
        put("corp", slapd.url(), true);
        Principal alice = login("alice", "alice password").orElseThrow();
        Account account = identity.accounts.find("alice").orElseThrow();
        assertThat(alice.id()).isEqualTo(account.id());
        assertThat(account.source()).isEqualTo("corp");
        assertThat(login("alice", "wrong")).isEmpty();
        assertThat(login("nobody", "x")).isEmpty();
    }

    @Test
    void theSecretIsStoredEncryptedAndNeverInSettingsOrTheFeed() {
        put("corp", slapd.url(), true);
        assertThat(Json.write(sources.identitySources.find("corp").orElseThrow()))
                .doesNotContain(Slapd.PASSWORD);
        assertThat(sources.feed()).contains("source-created").doesNotContain(Slapd.PASSWORD);
    }

    @Test
    void groupsOfTheDirectoryThatAreKnownHereHoldTheirMembersFromTheirLogin() {
        put("corp", slapd.url(), true);
        var group = identity.groups.create(
                "corp", LdapSource.groupSubject("CN=developers, ou=groups, " + Slapd.BASE), "devs", ROOT);
        long alice = login("alice", "alice password").orElseThrow().id();
        assertThat(identity.groups.of(alice)).containsExactly(group);
    }

    @Test
    void aDirectoryThatIsAwayIs503AndNobodyAfterItIsAsked() throws Exception {
        put("away", "ldap://127.0.0.1:1", true);
        put("corp", slapd.url(), true);
        assertThatThrownBy(() -> login("alice", "alice password"))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(503));
        assertThat(identity.accounts.find("alice")).isEmpty();
        sources.identitySources.reorder(List.of("corp", "away"), ROOT);
        assertThat(login("alice", "alice password")).isPresent();
        assertThat(login("alice", "wrong")).isEmpty();
        assertThat(sources.asked).containsExactly("away UNAVAILABLE", "corp VERIFIED", "corp REFUSED");
    }

    @Test
    void aLocalAccountsPasswordNeverTravelsToTheDirectory() throws Exception {
        try (var listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            listener.setSoTimeout(300);
            put("corp", "ldap://127.0.0.1:" + listener.getLocalPort(), true);
            identity.accounts.create("lena", "A local passw0rd", Accounts.Profile.EMPTY, false, ROOT);
            assertThat(login("lena", "A local passw0rd")).isPresent();
            assertThat(login("lena", "wrong")).isEmpty();
            assertThat(login("LENA", "wrong")).isEmpty();
            assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void whoeverIsCalledLikeALocalAccountDoesNotBecomeIt() {
        put("corp", slapd.url(), true);
        identity.accounts.create("bob", "A local passw0rd", Accounts.Profile.EMPTY, true, ROOT);
        assertThat(login("bob", "bob password")).isEmpty();
        assertThat(identity.accounts.find("bob").orElseThrow().isLocal()).isTrue();
    }

    @Test
    void aSourceThatIsDisabledOrRemovedEndsWhatItsUsersHold() {
        put("corp", slapd.url(), true);
        long alice = login("alice", "alice password").orElseThrow().id();
        String token = identity.tokens
                .create(alice, AccessTokens.Kind.PERSONAL, "ci", List.of(), null, ROOT)
                .secret();
        assertThat(login("alice", token)).isPresent();
        sources.identitySources.setEnabled("corp", false, ROOT);
        assertThat(login("alice", token)).isEmpty();
        assertThat(login("alice", "alice password")).isEmpty();
        sources.identitySources.setEnabled("corp", true, ROOT);
        assertThat(login("alice", token)).isPresent();
        sources.identitySources.remove("corp", ROOT);
        assertThat(login("alice", token)).isEmpty();
        assertThat(login("alice", "alice password")).isEmpty();
    }

    @Test
    void theTokensOfWhomTheDirectoryDisablesStopWithTheNextCheckAndComeBackWithThem() throws Exception {
        slapd.person("frank", "Frank");
        put("corp", slapd.url(), true);
        long frank = login("frank", "frank password").orElseThrow().id();
        String token = identity.tokens
                .create(frank, AccessTokens.Kind.CLI, "cli", List.of(), null, ROOT)
                .secret();
        sources.check();
        assertThat(login("frank", token)).isPresent();
        assertThat(login("frank", "frank password")).isPresent();
        String dn = "uid=frank,ou=people," + Slapd.BASE;
        slapd.replace(dn, "description", "left");
        sources.check();
        assertThat(login("frank", token)).isEmpty();
        assertThat(sources.feed()).contains("user-gone frank");
        slapd.replace(dn, "description");
        sources.check();
        assertThat(login("frank", token)).isPresent();
        slapd.delete(dn);
        sources.check();
        assertThat(login("frank", token)).isEmpty();
        assertThat(login("frank", "frank password")).isEmpty();
        // One who comes back is who they were; somebody new of the same name is not.
        slapd.person("frank", "Another Frank");
        assertThat(login("frank", "frank password")).isEmpty();
        assertThat(login("frank", token)).isEmpty();
    }

    @Test
    void theCheckFollowsGroupsAndLeavesEverythingWhenTheDirectoryIsAway() throws Exception {
        slapd.person("grace", "Grace");
        put("corp", slapd.url(), true);
        var group = identity.groups.create("corp", "cn=ops,ou=groups," + Slapd.BASE, "ops", ROOT);
        long grace = login("grace", "grace password").orElseThrow().id();
        assertThat(identity.groups.of(grace)).isEmpty();
        slapd.group("ops", "uid=grace,ou=people," + Slapd.BASE);
        sources.check();
        assertThat(identity.groups.of(grace)).containsExactly(group);
        String feed = sources.feed();
        sources.check();
        assertThat(sources.feed()).isEqualTo(feed);
        String token = identity.tokens
                .create(grace, AccessTokens.Kind.CLI, "cli", List.of(), null, ROOT)
                .secret();
        slapd.stop();
        try {
            sources.check();
            assertThat(login("grace", token)).isPresent();
        } finally {
            slapd.run();
        }
    }

    @Test
    void peopleAreImportedBeforeTheyLogIn() {
        put("corp", slapd.url(), true);
        identity.accounts.create("bob", "A local passw0rd", Accounts.Profile.EMPTY, false, ROOT);
        var results = new ImportUsers(sources.configured, identity.onboarding)
                .run("corp", List.of("alice", "bob", "nobody"), Change.Origin.by("admin"));
        assertThat(results.get(0)).isInstanceOf(ImportUsers.Result.Imported.class);
        assertThat(results.subList(1, 3))
                .containsExactly(new ImportUsers.Result.Refused("bob"), new ImportUsers.Result.Unknown("nobody"));
    }
}
