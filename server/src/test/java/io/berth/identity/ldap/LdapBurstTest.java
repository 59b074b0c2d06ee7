package io.berth.identity.ldap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.identity.Source;
import io.berth.oci.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many logins at once at a directory that is slow. */
class LdapBurstTest {
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

    /** Stands before the directory, counts the connections that it took and lets each answer wait. */
    private static final class SlowRoad implements AutoCloseable {
        final List<Socket> taken = new CopyOnWriteArrayList<>();
        private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final long delayMillis;

        SlowRoad(Duration delay) throws IOException {
            delayMillis = delay.toMillis();
            Thread.ofVirtual().start(this::accept);
        }

        private void accept() {
            try {
                while (true) {
                    Socket client = listener.accept();
                    taken.add(client);
                    Socket server = new Socket(
                            InetAddress.getLoopbackAddress(),
                            URI.create(slapd.url()).getPort());
                    Thread.ofVirtual().start(() -> carry(client, server, 0));
                    Thread.ofVirtual().start(() -> carry(server, client, delayMillis));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void carry(Socket from, Socket to, long delayMillis) {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                var buffer = new byte[8192];
                for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                    Thread.sleep(delayMillis);
                    out.write(buffer, 0, n);
                }
            } catch (IOException | InterruptedException e) {
                // closed
            }
        }

        LdapSource source(int connections, int timeoutSeconds) {
            ObjectNode settings = Json.MAPPER
                    .createObjectNode()
                    .put("bind-dn", Slapd.ADMIN)
                    .put("base-dn", Slapd.BASE)
                    .put("connections", connections)
                    .put("timeout-seconds", timeoutSeconds);
            settings.putArray("urls").add("ldap://127.0.0.1:" + listener.getLocalPort());
            return new LdapKind().open("corp", settings, secret -> Optional.of(Slapd.PASSWORD));
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static List<Source.Outcome> logins(LdapSource source, int count) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var outcomes = new ArrayList<Source.Outcome>();
            Callable<Source.Outcome> login = () -> source.authenticate("alice", "alice password");
            for (Future<Source.Outcome> one : threads.invokeAll(Collections.nCopies(count, login))) {
                outcomes.add(one.get());
            }
            return outcomes;
        }
    }

    @Test
    void aBurstOfLoginsSharesTheConnections() throws Exception {
        try (var road = new SlowRoad(Duration.ofMillis(20));
                var source = road.source(3, 60)) {
            assertThat(logins(source, 30)).hasSize(30).allMatch(Source.Outcome.Verified.class::isInstance);
            assertThat(road.taken).hasSizeBetween(1, 3);
        }
    }

    @Test
    void whoeverFindsNoneFreeInTimeIsToldThatTheDirectoryIsAway() throws Exception {
        // One login is four answers and lasts longer than the others wait; no answer does.
        try (var road = new SlowRoad(Duration.ofMillis(600));
                var source = road.source(1, 1)) {
            assertThat(logins(source, 6))
                    .filteredOn(Source.Outcome.Verified.class::isInstance)
                    .hasSize(1);
            assertThat(road.taken).hasSize(1);
            assertThat(logins(source, 1)).as("one after the burst").allMatch(Source.Outcome.Verified.class::isInstance);
            assertThat(road.taken).hasSize(1);
        }
    }
}
