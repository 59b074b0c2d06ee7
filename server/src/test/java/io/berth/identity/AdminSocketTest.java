package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.http.RequestSource;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AdminSocketTest {
    @TempDir
    Path data;

    private final Random random = new Random(2);
    private final AtomicBoolean broken = new AtomicBoolean();
    private SqliteDatabase database;
    private Accounts accounts;
    private CredentialAuthenticator authenticator;
    private AdminSocket socket;

    @BeforeEach
    void open() throws IOException {
        database = SqliteDatabase.open(data, 1, Clock.systemUTC(), random, DatabaseMetrics.NONE);
        var identity = new TestIdentity(database, Clock.systemUTC());
        accounts = identity.accounts;
        accounts.ensureAdministrator(Optional.of("the first one"), data.resolve("admin-password"));
        authenticator = identity.authenticator;
        socket = listen(data, Duration.ofSeconds(1));
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        database.close();
    }

    private AdminSocket listen(Path directory, Duration patience) throws IOException {
        return new AdminSocket(
                directory,
                accounts,
                () -> {
                    if (broken.get()) {
                        throw new IllegalStateException("no status today");
                    }
                    return Map.of("uptimeSeconds", 7);
                },
                Map.of("echo", request -> Map.of("said", request.path("say").asText())),
                patience);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(data.resolve(AdminSocket.NAME)));
        return channel;
    }

    private String raw(String request) throws IOException {
        try (SocketChannel channel = connect()) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            return readAll(channel);
        }
    }

    private static String readAll(SocketChannel channel) throws IOException {
        var buffer = ByteBuffer.allocate(1 << 16);
        while (channel.read(buffer) >= 0) {
            // until the other side closes
        }
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
    }

    @Test
    void nobodyElseMayUseIt() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve(AdminSocket.NAME))))
                .isEqualTo("rw-------");
        assertThat(data.resolve(".admin")).doesNotExist();
    }

    @Test
    void whereItCannotBeMadeTheServerGoesOnWithoutIt(@TempDir Path directory) throws IOException {
        // Stands for a full disk: what is made on the way cannot be.
        Files.createDirectories(directory.resolve(".admin/s/in-the-way"));
        try (var without = listen(directory, Duration.ofSeconds(1))) {
            assertThat(AdminSocket.request(directory, Map.of("do", "status"))).isNull();
        }
    }

    @Test
    void itTellsTheStatus() throws IOException {
        JsonNode answer = AdminSocket.request(data, Map.of("do", "status"));
        assertThat(answer.path("uptimeSeconds").asInt()).isEqualTo(7);
    }

    @Test
    void aNewPasswordCountsAtOnceAndTheOldOneNoLonger() throws IOException {
        String before = basic("the first one");
        assertThat(authenticator.authenticate(before, new RequestSource("here", "")))
                .isPresent();
        assertThat(authenticator.cached(before)).isPresent();
        JsonNode answer = AdminSocket.request(
                data, Map.of("do", "reset-password", "user", "admin", "password", "the second one"));
        assertThat(answer.path("ok").asBoolean()).isTrue();
        assertThat(authenticator.cached(before)).isEmpty();
        assertThat(authenticator.authenticate(before, new RequestSource("here", "")))
                .isEmpty();
        assertThat(authenticator.authenticate(basic("the second one"), new RequestSource("here", "")))
                .isPresent();
    }

    private static String basic(String password) {
        return "Basic "
                + java.util.Base64.getEncoder().encodeToString(("admin:" + password).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void passwordsThatAreTooShortAndUnknownAccountsAreRefused() throws IOException {
        assertThat(raw("{\"do\":\"reset-password\",\"user\":\"admin\"}\n")).contains("8 characters");
        assertThat(raw("{\"do\":\"reset-password\",\"user\":\"eve\",\"password\":\"long enough\"}\n"))
                .contains("no local account 'eve'");
        assertThat(accounts.administratorHas("the first one")).isTrue();
    }

    @Test
    void whatOthersAnswerIsTheirs() throws IOException {
        assertThat(AdminSocket.request(data, Map.of("do", "echo", "say", "hello"))
                        .path("said")
                        .asText())
                .isEqualTo("hello");
    }

    @Test
    void whatItDoesNotUnderstandIsSaidSo() throws IOException {
        assertThat(raw("{\"do\":\"dance\"}\n")).contains("there is no such request");
        assertThat(raw("hello\n")).contains("is not understood");
        assertThat(raw("\n")).contains("there is no such request");
        assertThat(raw("x".repeat((1 << 20) + 1))).contains("is not understood"); // and never ends
        broken.set(true);
        assertThat(raw("{\"do\":\"status\"}\n")).contains("no status today");
        broken.set(false);
        assertThat(raw("{\"do\":\"status\"}\n")).contains("uptimeSeconds");
    }

    @Test
    void silentClientsKeepNobodyWaitingAndAreCutOff() throws IOException {
        List<SocketChannel> silent = new ArrayList<>();
        for (int i = 0; i < 40; i++) { // more than are served at once
            silent.add(connect());
        }
        long start = System.nanoTime();
        assertThat(AdminSocket.request(data, Map.of("do", "status")).has("uptimeSeconds"))
                .isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        for (SocketChannel channel : silent) {
            readAll(channel);
            channel.close();
        }
    }

    @Test
    void theSocketOfAKilledServerIsReplaced() throws IOException {
        socket.close();
        Path path = data.resolve(AdminSocket.NAME);
        try (var killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            killed.bind(UnixDomainSocketAddress.of(path)); // closing it leaves the file
        }
        Files.createDirectory(data.resolve(".admin"));
        Files.createFile(data.resolve(".admin/s"));
        assertThat(AdminSocket.request(data, Map.of("do", "status")))
                .as("nobody listens")
                .isNull();
        socket = listen(data, Duration.ofSeconds(1));
        assertThat(AdminSocket.request(data, Map.of("do", "status")).has("uptimeSeconds"))
                .isTrue();
    }

    @Test
    void itIsGoneAfterTheEnd() throws IOException {
        socket.close();
        assertThat(data.resolve(AdminSocket.NAME)).doesNotExist();
        assertThat(AdminSocket.request(data, Map.of("do", "status"))).isNull();
    }

    @Test
    void aPathThatIsTooLongIsDoneWithout() throws IOException {
        Path deep = Files.createDirectories(data.resolve("d".repeat(120)));
        try (AdminSocket without = listen(deep, Duration.ofSeconds(1))) {
            assertThat(without).isNotNull();
            assertThat(AdminSocket.request(deep, Map.of("do", "status"))).isNull();
        }
    }

    @Test
    void aServerThatSaysNothingIsAFailure() throws IOException {
        socket.close();
        try (var mute = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            mute.bind(UnixDomainSocketAddress.of(data.resolve(AdminSocket.NAME)));
            Thread.startVirtualThread(() -> {
                try {
                    mute.accept().close();
                } catch (IOException e) {
                    // the test is over
                }
            });
            assertThatThrownBy(() -> AdminSocket.request(data, Map.of("do", "status")))
                    .isInstanceOf(IOException.class);
        }
    }
}
