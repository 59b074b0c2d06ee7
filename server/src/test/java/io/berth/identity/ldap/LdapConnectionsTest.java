package io.berth.identity.ldap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.unboundid.ldap.listener.InMemoryDirectoryServer;
import com.unboundid.ldap.listener.InMemoryDirectoryServerConfig;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSearchRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryInterceptedSimpleBindRequest;
import com.unboundid.ldap.listener.interceptor.InMemoryOperationInterceptor;
import com.unboundid.ldap.sdk.OperationType;
import io.berth.identity.Source;
import io.berth.oci.Json;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a directory sees of the connections to it: a directory in memory, which tells. */
class LdapConnectionsTest {
    private static final String BASE = "dc=example,dc=org";
    private static final String ADMIN = "cn=admin," + BASE;
    private static final String PASSWORD = "of the directory";

    private final Set<Long> connections = ConcurrentHashMap.newKeySet();
    private final List<String> filters = new CopyOnWriteArrayList<>();
    private final List<String> binds = new CopyOnWriteArrayList<>();
    private InMemoryDirectoryServer directory;

    @BeforeEach
    void start() throws Exception {
        var config = new InMemoryDirectoryServerConfig(BASE);
        config.addAdditionalBindCredentials(ADMIN, PASSWORD);
        config.setAuthenticationRequiredOperationTypes(OperationType.SEARCH);
        config.addInMemoryOperationInterceptor(new InMemoryOperationInterceptor() {
            @Override
            public void processSimpleBindRequest(InMemoryInterceptedSimpleBindRequest request) {
                binds.add(request.getRequest().getBindDN());
            }

            @Override
            public void processSearchRequest(InMemoryInterceptedSearchRequest request) {
                connections.add(request.getConnectionID());
                filters.add(request.getRequest().getFilter().toString());
            }
        });
        directory = new InMemoryDirectoryServer(config);
        directory.add("dn: " + BASE, "objectClass: top", "objectClass: domain", "dc: example");
        directory.add(
                "dn: uid=alice," + BASE,
                "objectClass: inetOrgPerson",
                "uid: alice",
                "cn: Alice",
                "sn: A",
                "userPassword: alice password");
        directory.startListening();
    }

    @AfterEach
    void stop() {
        directory.shutDown(true);
    }

    private static LdapSource source(int port, Consumer<ObjectNode> change) {
        ObjectNode settings = Json.MAPPER
                .createObjectNode()
                .put("bind-dn", ADMIN)
                .put("base-dn", BASE)
                .put("connections", 2)
                .put("timeout-seconds", 1);
        settings.putArray("urls").add("ldap://127.0.0.1:" + port);
        change.accept(settings);
        return new LdapKind().open("corp", settings, secret -> Optional.of(PASSWORD));
    }

    @Test
    void connectionsAreUsedAgain() {
        try (var source = source(directory.getListenPort(), settings -> {})) {
            for (int i = 0; i < 20; i++) {
                assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Verified.class);
            }
        }
        assertThat(filters).hasSizeGreaterThanOrEqualTo(20);
        assertThat(connections).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void afterAPasswordWasTriedTheConnectionIsBerthsAgain() {
        try (var source = source(directory.getListenPort(), settings -> settings.put("connections", 1))) {
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Verified.class);
            assertThat(source.authenticate("alice", "wrong")).isInstanceOf(Source.Outcome.Refused.class);
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Verified.class);
        }
        String alice = "uid=alice," + BASE;
        assertThat(binds).containsExactly(ADMIN, alice, ADMIN, alice, ADMIN, alice, ADMIN);
        assertThat(connections).hasSize(1);
    }

    @Test
    void whatTheDirectoryHasClosedIsMadeAnew() throws Exception {
        try (var source = source(directory.getListenPort(), settings -> settings.put("connections", 1))) {
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Verified.class);
            directory.closeAllConnections(false);
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Verified.class);
        }
        assertThat(connections).hasSize(2);
    }

    @Test
    void nestedGroupsOfActiveDirectoryAreOneSearchByItsOwnRule() {
        try (var source = source(
                directory.getListenPort(),
                settings -> settings.put("group-base-dn", BASE)
                        .put("group-filter", "(objectClass=group)")
                        .put("nested-groups", "in-chain"))) {
            source.authenticate("alice", "alice password");
        }
        assertThat(filters).contains("(&(objectClass=group)(member:1.2.840.113556.1.4.1941:=uid=alice," + BASE + "))");
    }

    @Test
    void aDirectoryThatTakesTheConnectionAndSaysNothingIsAwayAfterItsTimeout() throws Exception {
        try (var silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                var source = source(silent.getLocalPort(), settings -> settings.put("connect-timeout-seconds", 1))) {
            long start = System.nanoTime();
            assertThat(source.authenticate("alice", "alice password")).isInstanceOf(Source.Outcome.Unavailable.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
        }
    }
}
