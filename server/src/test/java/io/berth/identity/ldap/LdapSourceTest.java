package io.berth.identity.ldap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.identity.IdentityProvider;
import io.berth.identity.Source;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.server.TestCertificate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LdapSourceTest {
    private static final String DEVELOPERS = "cn=developers,ou=groups,dc=example,dc=org";
    private static final String EVERYBODY = "cn=everybody,ou=groups,dc=example,dc=org";
    private static final String ADMINS = "cn=admins,ou=groups,dc=example,dc=org";

    @TempDir
    static Path directory;

    private static Slapd slapd;

    @BeforeAll
    static void start() throws Exception {
        slapd = Slapd.start(directory.resolve("slapd"));
    }

    @AfterAll
    static void stop() throws Exception {
        slapd.close();
    }

    private static LdapSource source(Consumer<ObjectNode> change) {
        ObjectNode settings = Json.MAPPER
                .createObjectNode()
                .put("bind-dn", Slapd.ADMIN)
                .put("base-dn", Slapd.BASE)
                .put("timeout-seconds", 5);
        settings.putArray("urls").add(slapd.url());
        change.accept(settings);
        return new LdapKind().open("corp", settings, secret -> Optional.of(Slapd.PASSWORD));
    }

    private static LdapSource source() {
        return source(settings -> {});
    }

    private static Source.Identity verified(LdapSource source, String user) {
        Source.Outcome outcome = source.authenticate(user, user + " password");
        assertThat(outcome).isInstanceOf(Source.Outcome.Verified.class);
        return ((Source.Outcome.Verified) outcome).identity();
    }

    private static List<String> groups(Source.Identity identity) {
        return identity.groups().orElseThrow().stream()
                .map(Source.Group::subject)
                .sorted()
                .toList();
    }

    @Test
    void aPasswordIsVerifiedByTheDirectoryWhichTellsWhoItIs() {
        try (var source = source()) {
            Source.Identity alice = verified(source, "alice");
            assertThat(alice.name()).isEqualTo("alice");
            assertThat(alice.subject()).matches("[0-9a-f-]{36}");
            assertThat(alice.email()).contains("alice@example.org");
            assertThat(alice.realName()).isEqualTo("Alice Ahlgren");
            assertThat(alice.groups()).isEmpty();
            assertThat(alice.administrator()).isEmpty();
        }
    }

    @Test
    void aWrongOrEmptyPasswordIsRefusedAndAnUnknownNameIsUnknown() {
        try (var source = source()) {
            assertThat(source.authenticate("alice", "bob password")).isInstanceOf(Source.Outcome.Refused.class);
            assertThat(source.authenticate("alice", "")).isInstanceOf(Source.Outcome.Refused.class);
            assertThat(source.authenticate("nobody", "x")).isInstanceOf(Source.Outcome.Unknown.class);
            verified(source, "alice"); // a refused bind leaves the connection as it was
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "a*",
                "alice)(uid=*",
                "*)(uid=*",
                "alice)(|(uid=*",
                "ali\u0000ce",
                "alice\u0000",
                "\\61lice",
                "alice,ou=people",
                "(uid=alice)",
                " ",
                "\n"
            })
    void aNameIsDataAndNeverAPartOfTheFilter(String name) {
        try (var plain = source();
                var filtered = source(settings -> settings.put("filter", "(|(uid={0})(mail=%s))"))) {
            assertThat(plain.authenticate(name, "alice password")).isInstanceOf(Source.Outcome.Unknown.class);
            assertThat(filtered.authenticate(name, "alice password")).isInstanceOf(Source.Outcome.Unknown.class);
        }
    }

    @Test
    void aFilterSaysWhoCountsAndByWhatTheyAreNamed() {
        try (var byMail = source(settings -> settings.put("filter", "(|(uid={0})(mail={0}))"));
                var condition = source(settings -> settings.put("filter", "(!(uid=alice))"))) {
            Source.Outcome outcome = byMail.authenticate("alice@example.org", "alice password");
            assertThat(((Source.Outcome.Verified) outcome).identity().name()).isEqualTo("alice");
            assertThat(condition.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Unknown.class);
            verified(condition, "bob");
        }
    }

    @Test
    void aNameOfSeveralIsNobodys() {
        try (var source = source(settings -> settings.put("filter", "(|(uid={0})(uid=bob))"))) {
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Refused.class);
        }
    }

    @Test
    void groupsAreReadFromTheEntryOrSearched() {
        try (var attribute = source(settings -> settings.put("member-of", "memberOf"));
                var search = source(settings -> settings.put("group-base-dn", "ou=groups," + Slapd.BASE))) {
            for (var source : List.of(attribute, search)) {
                assertThat(groups(verified(source, "alice"))).containsExactly(DEVELOPERS);
                assertThat(groups(verified(source, "bob"))).isEmpty();
            }
        }
    }

    @Test
    void nestedGroupsAreWalkedUp() {
        try (var attribute =
                        source(settings -> settings.put("member-of", "memberOf").put("nested-groups", "walk"));
                var search = source(settings ->
                        settings.put("group-base-dn", "ou=groups," + Slapd.BASE).put("nested-groups", "walk"))) {
            for (var source : List.of(attribute, search)) {
                assertThat(groups(verified(source, "alice"))).containsExactly(DEVELOPERS, EVERYBODY);
            }
        }
    }

    @Test
    void groupsThatHoldEachOtherAreWalkedOnce() throws Exception {
        slapd.person("dave", "Dave");
        slapd.group("ring1", "uid=dave,ou=people," + Slapd.BASE);
        slapd.group("ring2", "cn=ring1,ou=groups," + Slapd.BASE);
        slapd.replace(
                "cn=ring1,ou=groups," + Slapd.BASE,
                "member",
                "uid=dave,ou=people," + Slapd.BASE,
                "cn=ring2,ou=groups," + Slapd.BASE);
        try (var source =
                source(settings -> settings.put("member-of", "memberOf").put("nested-groups", "walk"))) {
            assertThat(groups(verified(source, "dave"))).hasSize(2);
        }
    }

    @Test
    void theAdministratorsGroupMakesAdministratorsAndNobodyElse() {
        try (var source = source(settings -> settings.put("member-of", "memberOf")
                .put("admin-group-dn", "CN=admins, OU=groups, DC=example, DC=org"))) {
            assertThat(verified(source, "carol").administrator()).contains(true);
            assertThat(groups(verified(source, "carol"))).containsExactly(ADMINS);
            assertThat(verified(source, "alice").administrator()).contains(false);
        }
    }

    @Test
    void startTlsAndLdapsTrustTheGivenCaAlone() throws Exception {
        String other = Files.readString(TestCertificate.make(directory, "other").certificate());
        Consumer<ObjectNode> startTls = settings -> settings.put("start-tls", true);
        Consumer<ObjectNode> ldaps = settings -> settings.putArray("urls").add(slapd.tlsUrl());
        for (var tls : List.of(startTls, ldaps)) {
            String ca = slapd.ca();
            try (var trusting = source(tls.andThen(settings -> settings.put("ca", ca)));
                    var wrong = source(tls.andThen(settings -> settings.put("ca", other)));
                    var system = source(tls);
                    var blind = source(tls.andThen(settings -> settings.put("verify", false)))) {
                verified(trusting, "alice");
                verified(blind, "alice");
                assertThat(wrong.authenticate("alice", "alice password"))
                        .isInstanceOf(Source.Outcome.Unavailable.class);
                assertThat(system.authenticate("alice", "alice password"))
                        .isInstanceOf(Source.Outcome.Unavailable.class);
            }
        }
    }

    @Test
    void aDirectoryThatCannotBeAskedIsUnavailableAndTheNextUrlIsTried() {
        try (var away = source(settings -> settings.putArray("urls").add("ldap://127.0.0.1:1"));
                var second = source(settings ->
                        settings.putArray("urls").add("ldap://127.0.0.1:1").add(slapd.url()));
                var wrongPassword =
                        new LdapSource("corp", LdapSettings.parse(settings(slapd.url())), Optional.of("wrong"))) {
            assertThat(away.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Unavailable.class);
            assertThat(away.ping()).isPresent();
            verified(second, "alice");
            assertThat(second.ping()).isEmpty();
            try (var unnamed = source(settings -> settings.put("subject", "objectGUID"))) {
                assertThat(unnamed.ping().orElseThrow())
                        .as("entries that do not tell who they are")
                        .contains("objectGUID");
            }
            // The account that searches has the wrong password: nobody's login says anything about that.
            assertThat(wrongPassword.authenticate("alice", "alice password"))
                    .isInstanceOf(Source.Outcome.Unavailable.class);
        }
    }

    private static ObjectNode settings(String url) {
        ObjectNode settings = Json.MAPPER.createObjectNode();
        settings.put("bind-dn", Slapd.ADMIN)
                .put("base-dn", Slapd.BASE)
                .putArray("urls")
                .add(url);
        return settings;
    }

    @Test
    void whoeverIsGoneOrDisabledIsNotStandingAnyMore() throws Exception {
        slapd.person("erin", "Erin");
        try (var source = source(settings -> settings.put("filter", "(!(description=left))"))) {
            String subject = verified(source, "erin").subject();
            assertThat(source.standing(subject)).isInstanceOf(IdentityProvider.Standing.Present.class);
            slapd.replace("uid=erin,ou=people," + Slapd.BASE, "description", "left");
            assertThat(source.standing(subject)).isInstanceOf(IdentityProvider.Standing.Gone.class);
            assertThat(source.standing("00000000-0000-0000-0000-000000000000"))
                    .isInstanceOf(IdentityProvider.Standing.Gone.class);
        }
        try (var byDn = source(settings -> settings.put("subject", ""))) {
            String subject = verified(byDn, "erin").subject();
            assertThat(subject).isEqualTo("uid=erin,ou=people,dc=example,dc=org");
            assertThat(byDn.standing(subject)).isInstanceOf(IdentityProvider.Standing.Present.class);
            slapd.delete(subject);
            assertThat(byDn.standing(subject)).isInstanceOf(IdentityProvider.Standing.Gone.class);
        }
        try (var away = source(settings -> settings.putArray("urls").add("ldap://127.0.0.1:1"))) {
            assertThat(away.standing("x")).isInstanceOf(IdentityProvider.Standing.Untold.class);
        }
    }

    @Test
    void peopleAndGroupsAreFoundByAPartOfTheirName() {
        try (var source = source(settings -> settings.put("group-base-dn", "ou=groups," + Slapd.BASE))) {
            assertThat(source.searchUsers("ali"))
                    .extracting(Source.Identity::name)
                    .containsExactly("alice");
            assertThat(source.searchUsers("*")).isEmpty();
            assertThat(source.searchUsers("")).extracting(Source.Identity::name).contains("alice", "bob", "carol");
            assertThat(source.searchGroups("velop"))
                    .extracting(Source.Group::subject)
                    .containsExactly(DEVELOPERS);
            assertThat(source.searchGroups("CN=Developers,ou=groups," + Slapd.BASE))
                    .extracting(Source.Group::name)
                    .containsExactly("developers");
            assertThat(source.searchGroups("cn=none,ou=groups," + Slapd.BASE)).isEmpty();
            assertThat(source.find("alice").orElseThrow().groups()).isPresent();
            assertThat(source.find("nobody")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'urls': 'http://host', 'base-dn': 'dc=x'}",
                "{'urls': 'ldap://', 'base-dn': 'dc=x'}",
                "{'urls': 'ldap://host', 'base-dn': 'no dn'}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'filter': '(uid={0}'}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'uid': 'a)(b'}",
                "{'urls': 'ldaps://host', 'base-dn': 'dc=x', 'start-tls': true}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'ca': 'nonsense'}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'admin-group-dn': 'cn=admins'}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'nested-groups': 'in-chain'}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'verifi': false}",
                "{'urls': 'ldap://host', 'base-dn': 'dc=x', 'verify': 'false'}"
            })
    void settingsThatCannotBeAreRefused(String settings) throws Exception {
        var json = Json.MAPPER.readTree(settings.replace('\'', '"'));
        assertThatThrownBy(() -> new LdapKind().check(json))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(400));
    }
}
