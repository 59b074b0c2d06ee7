package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logins by certificates of clients, through either TLS implementation. */
class MutualTlsTest {
    private static final String WHO = "/api/v2.0/users/current";
    private static final String PASSWORD = "Abcd12345";

    @TempDir
    static Path directory;

    private static TestCertificate server;
    private static TestAuthority people;
    private static TestAuthority hosts;
    private static TestAuthority mail;
    private static TestAuthority mesh;
    private static TestAuthority machines;
    private static TestAuthority.Issued alice;
    private static final Map<String, BerthUnderTest> RUNNING = new HashMap<>();

    @BeforeAll
    static void authorities() {
        server = TestCertificate.make(directory, "server");
        people = TestAuthority.make(directory, "people");
        people.list(Instant.now().plus(Duration.ofDays(3)));
        hosts = TestAuthority.make(directory, "hosts");
        mail = TestAuthority.make(directory, "mail");
        mesh = TestAuthority.make(directory, "mesh");
        machines = TestAuthority.make(directory, "machines");
        alice = people.issue("alice");
    }

    @AfterAll
    static void stop() {
        RUNNING.values().forEach(BerthUnderTest::close);
        RUNNING.clear();
    }

    private static String authorities(Path crl) {
        return """
                server.tls.client-authorities=[
                {"name": "people", "ca": "%s", "crl": "%s", "user": "cn"},
                {"name": "hosts", "ca": "%s", "user": "dns", "pattern": "*.hosts.example.com"},
                {"name": "mail", "ca": "%s", "user": "email", "pattern": "*@example.com",
                 "accounts": {"the.boss@example.org": "bob"}},
                {"name": "mesh", "ca": "%s", "user": "spiffe", "trust-domain": "mesh.example",
                 "accounts": {"spiffe://mesh.example/ns/a/sa/alice": "alice", "spiffe://mesh.example/ci": "robot$mutual+ci"}},
                {"name": "machines", "ca": "%s", "user": "nobody"}]""".formatted(
                        people.certificate(),
                        crl,
                        hosts.certificate(),
                        mail.certificate(),
                        mesh.certificate(),
                        machines.certificate());
    }

    private static BerthUnderTest start(Path data, Path crl, String... settings) {
        var all = new java.util.ArrayList<>(List.of(settings));
        all.add(authorities(crl));
        BerthUnderTest berth = BerthUnderTest.startTls(data, server, all.toArray(String[]::new));
        for (String name : List.of("alice", "bob")) {
            user(berth, name);
        }
        berth.api("POST", "/projects", "{\"project_name\":\"mutual\"}", BerthUnderTest.ADMIN)
                .isStatus(201);
        berth.api(
                        "POST",
                        "/robots",
                        "{\"name\":\"ci\",\"level\":\"project\",\"duration\":1,\"permissions\":[{\"kind\":\"project\","
                                + "\"namespace\":\"mutual\",\"access\":[{\"resource\":\"repository\",\"action\":\"push\"},"
                                + "{\"resource\":\"repository\",\"action\":\"pull\"}]}]}",
                        BerthUnderTest.ADMIN)
                .isStatus(201);
        return berth;
    }

    private static void user(BerthUnderTest berth, String name) {
        berth.makeUser(name, PASSWORD);
    }

    private static BerthUnderTest berth(String engine) {
        return RUNNING.computeIfAbsent(
                engine, name -> start(directory.resolve("data-" + name), people.crl(), "server.tls.engine=" + name));
    }

    private static BerthUnderTest with(BerthUnderTest berth, TestAuthority.Issued certificate) {
        return berth.askedBy(certificate.presentedTo(server), HttpClient.Version.HTTP_2);
    }

    private static Answer ask(BerthUnderTest berth, String path) {
        return berth.call("GET", path).anonymous().send();
    }

    private static void is(String user, BerthUnderTest berth) {
        assertThat(ask(berth, WHO).isStatus(200).json().path("username").asText())
                .isEqualTo(user);
        ask(berth, "/v2/").isStatus(200);
    }

    private static void isNobody(BerthUnderTest berth) {
        ask(berth, "/v2/").isError(401, "UNAUTHORIZED");
        ask(berth, WHO).isStatus(401);
        ask(berth, "/v2/mutual/x/manifests/latest").isError(401, "UNAUTHORIZED");
        ask(berth, "/service/token?scope=repository:mutual/x:pull").isError(401, "UNAUTHORIZED");
    }

    private static void failsTheHandshake(BerthUnderTest berth) {
        assertThatThrownBy(() -> ask(berth, "/v2/")).isInstanceOf(UncheckedIOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aCertificateIsItsUserOverBothProtocolsAndAfterTlsIsResumed(String engine) {
        BerthUnderTest berth = berth(engine);
        var context = alice.presentedTo(server);
        for (var version : List.of(HttpClient.Version.HTTP_2, HttpClient.Version.HTTP_1_1)) {
            for (int i = 0; i < 3; i++) {
                BerthUnderTest asked = berth.askedBy(context, version);
                assertThat(ask(asked, "/v2/").isStatus(200).version()).isEqualTo(version);
                is("alice", asked);
            }
        }
        // Who presents nothing is asked, and nothing has changed for them.
        berth.call("GET", "/v2/").anonymous().send().isError(401, "UNAUTHORIZED");
        berth.get("/v2/").isStatus(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void eachCaNamesItsUsersInItsOwnWay(String engine) {
        BerthUnderTest berth = berth(engine);
        is("alice", with(berth, hosts.issue("bob", "DNS:alice.hosts.example.com", "DNS:localhost")));
        isNobody(with(berth, hosts.issue("alice", "DNS:alice.example.com")));
        isNobody(with(berth, hosts.issue("x", "DNS:alice.hosts.example.com", "DNS:bob.hosts.example.com")));
        is("alice", with(berth, mail.issue("x", "email:alice@example.com")));
        is("bob", with(berth, mail.issue("x", "email:the.boss@example.org")));
        isNobody(with(berth, mail.issue("x", "email:alice@example.org")));
        is("alice", with(berth, mesh.issue("", "URI:spiffe://mesh.example/ns/a/sa/alice")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aSpiffeIdIsARobotWhereTheListSaysSo(String engine) {
        BerthUnderTest berth = berth(engine);
        BerthUnderTest robot = with(berth, mesh.issue("", "URI:spiffe://mesh.example/ci"));
        byte[] blob = Content.random(100);
        robot.call("POST", "/v2/mutual/app/blobs/uploads/?digest=" + Content.sha256(blob))
                .anonymous()
                .body(blob)
                .send()
                .isStatus(201);
        for (int i = 0; i < 2; i++) {
            assertThat(ask(robot, "/v2/mutual/app/blobs/" + Content.sha256(blob))
                            .isStatus(200)
                            .body())
                    .isEqualTo(blob);
        }
        // Nobody else's certificate is a robot, whatever it is called.
        isNobody(with(berth, people.issue("robot$mutual+ci")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aSpiffeDomainIsOneCasAlone(String engine) {
        BerthUnderTest berth = berth(engine);
        isNobody(with(berth, mesh.issue("", "URI:spiffe://other.example/ns/a/sa/alice")));
        isNobody(with(berth, mesh.issue("", "URI:spiffe://mesh.example/unlisted")));
        isNobody(
                with(berth, mesh.issue("", "URI:spiffe://mesh.example/ci", "URI:spiffe://mesh.example/ns/a/sa/alice")));
        isNobody(with(berth, people.issue("nobody.here", "URI:spiffe://mesh.example/ns/a/sa/alice")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void whoeverIsNoClientOfAKnownCaFailsTheHandshake(String engine) {
        BerthUnderTest berth = berth(engine);
        failsTheHandshake(with(
                berth,
                TestAuthority.make(directory, "other-" + engine, "people").issue("alice")));
        Instant yesterday = Instant.now().minus(Duration.ofDays(1));
        failsTheHandshake(with(berth, people.issue("alice", "clientAuth", yesterday)));
        failsTheHandshake(
                with(berth, people.issue("alice", "clientAuth", Instant.now().plus(Duration.ofDays(20)))));
        failsTheHandshake(
                with(berth, people.issue("alice", "serverAuth", Instant.now().plus(Duration.ofDays(2)))));
        is("alice", with(berth, alice));
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aPasswordBesideACertificateIsOfTheSameUserAndATokenDecidesAlone(String engine) {
        BerthUnderTest asked = with(berth(engine), alice);
        String own = BerthUnderTest.basic("alice", PASSWORD);
        String other = BerthUnderTest.basic("bob", PASSWORD);
        for (int i = 0; i < 2; i++) { // the second time from memory
            for (String path : List.of("/v2/", WHO, "/service/token?scope=repository:mutual/x:pull")) {
                asked.call("GET", path).as(own).send().isStatus(200);
                asked.call("GET", path).as(other).send().isStatus(401);
                asked.call("GET", path)
                        .as(BerthUnderTest.basic("alice", "wrong"))
                        .send()
                        .isStatus(401);
            }
            asked.call("GET", "/v2/mutual/x/manifests/a").as(other).send().isError(401, "UNAUTHORIZED");
            asked.call("GET", "/v2/mutual/x/manifests/a").as(own).send().isError(403, "DENIED");
        }
        String form = "grant_type=password&service=berth&username=%s&password=" + PASSWORD;
        for (var expected : Map.of("alice", 200, "bob", 401).entrySet()) {
            asked.call("POST", "/service/token")
                    .anonymous()
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body(form.formatted(expected.getKey()))
                    .send()
                    .isStatus(expected.getValue());
        }
        String token = berth(engine)
                .get("/service/token?service=berth")
                .json()
                .path("token")
                .asText();
        asked.call("GET", "/v2/mutual/x/manifests/a")
                .as("Bearer " + token)
                .send()
                .isError(401, "UNAUTHORIZED");
        asked.call("GET", "/v2/").as("Bearer " + token).send().isStatus(200);
        // What podman and skopeo send when they have no password
        asked.call("GET", "/v2/").as("Basic Og==").send().isStatus(200);
    }

    @Test
    void aCertificateBesideAnotherUserIsNoRequestWithoutACredential() {
        BerthUnderTest berth = berth("boringssl");
        long anonymous = Gauges.refused(berth, "anonymous");
        long wrong = Gauges.refused(berth, "credential");
        with(berth, alice)
                .call("GET", "/v2/")
                .as(BerthUnderTest.basic("bob", PASSWORD))
                .send()
                .isStatus(401);
        with(berth, people.issue("nobody here"))
                .call("GET", "/v2/")
                .anonymous()
                .send()
                .isStatus(401);
        assertThat(Gauges.refused(berth, "anonymous")).isEqualTo(anonymous);
        assertThat(Gauges.refused(berth, "credential")).isEqualTo(wrong + 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aCertificateThatNamesNobodyOpensTheConnectionAndNoMore(String engine) {
        BerthUnderTest asked = with(berth(engine), machines.issue("admin"));
        ask(asked, "/v2/").isError(401, "UNAUTHORIZED");
        asked.call("GET", "/v2/")
                .as(BerthUnderTest.basic("bob", PASSWORD))
                .send()
                .isStatus(200);
        is("bob", berthAs(asked, "bob"));
    }

    private static BerthUnderTest berthAs(BerthUnderTest berth, String user) {
        berth.call("GET", WHO).as(BerthUnderTest.basic(user, PASSWORD)).send().isStatus(200);
        return with(berth, mail.issue("x", "email:" + user + "@example.com"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aDisabledOrDeletedUserEndsWithTheNextRequest(String engine) {
        BerthUnderTest berth = berth(engine);
        user(berth, "leaver");
        BerthUnderTest asked = with(berth, people.issue("leaver"));
        is("leaver", asked);
        String id = ask(asked, WHO).json().path("user_id").asText();
        String token = ask(asked, "/service/token?service=berth&scope=repository:mutual/x:pull")
                .isStatus(200)
                .json()
                .path("token")
                .asText();
        asked.call("GET", "/v2/").as("Bearer " + token).send().isStatus(200);
        berth.api("DELETE", "/users/" + id, "", BerthUnderTest.ADMIN).isStatus(200);
        isNobody(asked);
        asked.call("GET", "/v2/").as("Bearer " + token).send().isStatus(401);
        asked.call("GET", "/v2/")
                .as(BerthUnderTest.basic("bob", PASSWORD))
                .send()
                .isStatus(401);
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void whatABrowserAddsByItselfChangesNothing(String engine) {
        BerthUnderTest asked = with(berth(engine), alice);
        String body = "{\"email\":\"alice@example.net\",\"realname\":\"new\"}";
        Answer me = ask(asked, WHO).isStatus(200);
        String path = "/api/v2.0/users/" + me.json().path("user_id").asText();
        change(asked, path, body, null).isStatus(403);
        change(asked, path, body, "wrong").isStatus(403);
        change(asked, path, body, me.header("X-Harbor-CSRF-Token")).isStatus(200);
        String bobs = ask(with(berth(engine), mail.issue("x", "email:bob@example.com")), WHO)
                .header("X-Harbor-CSRF-Token");
        change(asked, path, body, bobs).isStatus(403);
        // Who says who they are is no victim of another page.
        asked.api("PUT", path.substring("/api/v2.0".length()), body, BerthUnderTest.basic("alice", PASSWORD))
                .isStatus(200);
        for (var header : Map.of("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
                .entrySet()) {
            asked.call("POST", "/v2/mutual/x/blobs/uploads/")
                    .anonymous()
                    .header(header.getKey(), header.getValue())
                    .send()
                    .isStatus(403);
        }
    }

    private static Answer change(BerthUnderTest berth, String path, String body, String token) {
        var call = berth.call("PUT", path)
                .anonymous()
                .header("Content-Type", "application/json")
                .body(body);
        if (token != null) {
            call.header("X-Harbor-CSRF-Token", token);
        }
        return call.send();
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void aRevokedCertificateEndsOnItsOpenConnectionAndABadListLetsNobodyIn(String engine) throws Exception {
        TestAuthority own = TestAuthority.make(directory, "revoking-" + engine);
        own.list(Instant.now().plus(Duration.ofDays(1)));
        String list = "server.tls.client-authorities=[{name: own, ca: %s, crl: [%s], user: cn}]"
                .formatted(own.certificate(), own.crl());
        try (var berth = BerthUnderTest.startTls(
                directory.resolve("revoking-data-" + engine), server, "server.tls.engine=" + engine, list)) {
            user(berth, "alice");
            user(berth, "bob");
            TestAuthority.Issued leaked = own.issue("alice");
            BerthUnderTest connected = with(berth, leaked);
            BerthUnderTest bob = with(berth, own.issue("bob"));
            is("alice", connected);
            is("bob", bob);
            own.revoke(leaked);
            own.list(Instant.now().plus(Duration.ofDays(1)));
            Gauges.eventually(
                    "the new list counts", () -> ask(connected, "/v2/").status() == 401);
            failsTheHandshake(with(berth, leaked));
            is("bob", bob);
            own.list(Instant.now().minusSeconds(60));
            Gauges.eventually(
                    "a list that is over counts for nothing",
                    () -> ask(bob, "/v2/").status() == 401);
            failsTheHandshake(with(berth, own.issue("bob")));
            own.list(Instant.now().plus(Duration.ofDays(1)));
            Gauges.eventually("a good list again", () -> ask(bob, "/v2/").status() == 200);
            Files.writeString(own.crl(), "no list");
            Gauges.eventually(
                    "what is no list counts for nothing", () -> ask(bob, "/v2/").status() == 401);
            berth.get("/v2/").isStatus(200);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"boringssl", "jdk"})
    void withoutACertificateThereIsNoConnectionWhereOneIsRequired(String engine) {
        String list = "server.tls.client-authorities=[{name: people, ca: %s, crl: %s, user: cn}]"
                .formatted(people.certificate(), people.crl());
        try (var berth = BerthUnderTest.startTls(
                directory.resolve("required-" + engine),
                server,
                "server.tls.engine=" + engine,
                "server.tls.client-certificates=require",
                list)) {
            failsTheHandshake(berth);
            BerthUnderTest asked = with(berth, people.issue("admin"));
            is("admin", asked);
        }
    }

    @Test
    void aCertificateInAHeaderCountsFromATrustedProxyAlone() throws Exception {
        String pem = java.net.URLEncoder.encode(
                        Files.readString(alice.certificate()), java.nio.charset.StandardCharsets.UTF_8)
                .replace("+", "%20");
        String revoked = pem.replaceFirst("%2F", "A");
        for (String proxies : List.of("127.0.0.0/8,::1", "192.0.2.0/24")) {
            boolean trusted = proxies.startsWith("127");
            try (var berth = BerthUnderTest.start(
                    directory.resolve("proxied-" + trusted),
                    "server.trusted-proxies=" + proxies,
                    "server.tls.client-certificate-header=X-Client-Cert",
                    authorities(people.crl()))) {
                user(berth, "alice");
                for (int i = 0; i < 2; i++) {
                    Answer answer = berth.call("GET", WHO)
                            .anonymous()
                            .header("X-Client-Cert", pem)
                            .send();
                    assertThat(answer.json().path("username").asText()).isEqualTo(trusted ? "alice" : "");
                }
                for (String wrong : List.of("nonsense", revoked, "%zz")) {
                    berth.call("GET", "/v2/")
                            .header("X-Client-Cert", wrong)
                            .send()
                            .isStatus(trusted ? 401 : 200);
                }
                berth.call("GET", "/v2/").header("X-Client-Cert", "").send().isStatus(200);
                berth.call("GET", "/v2/")
                        .header("X-Client-Cert", pem)
                        .header("X-Client-Cert", pem)
                        .send()
                        .isStatus(trusted ? 401 : 200);
                berth.call("GET", "/v2/").anonymous().send().isStatus(401);
            }
        }
    }

    @Test
    void loginsByCertificatesAreCountedAndAudited() {
        BerthUnderTest berth = berth("jdk");
        is("alice", with(berth, people.issue("alice")));
        isNobody(with(berth, people.issue("stranger")));
        Gauges.eventually(
                "both are in the audit",
                () -> berth.api("GET", "/auditlog-exts?q=operation=login&page_size=100", "", BerthUnderTest.ADMIN)
                        .text()
                        .contains("\"stranger\""));
        String metrics = berth.get("/metrics").text();
        assertThat(metrics).contains("source=\"certificate\"");
    }
}
