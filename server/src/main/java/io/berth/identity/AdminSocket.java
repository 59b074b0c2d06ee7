package io.berth.identity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.berth.db.Change;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door for whoever may read the data directory: a Unix socket of mode 0600 in it. Each connection carries one JSON
 * object on a line and gets one back. Commands of the command line that change a running server come in here.
 */
public final class AdminSocket implements AutoCloseable {
    /** The socket's name within the data directory. */
    public static final String NAME = "admin.sock";

    private static final Logger LOG = LoggerFactory.getLogger(AdminSocket.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final int MAX_LINE = 16 << 10;

    private final Path path;
    private final ServerSocketChannel server;
    private final Accounts accounts;
    private final BasicAuthenticator authenticator;
    private final Supplier<Map<String, Object>> status;

    /**
     * Listens.
     *
     * @param status what {@code {"do":"status"}} is answered
     */
    public AdminSocket(
            Path directory, Accounts accounts, BasicAuthenticator authenticator, Supplier<Map<String, Object>> status)
            throws IOException {
        this.accounts = accounts;
        this.authenticator = authenticator;
        this.status = status;
        path = directory.resolve(NAME);
        Files.deleteIfExists(path); // of a process that was killed: the directory's lock is ours
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        // Bound under another name first: it must not be reachable before its mode is set.
        Path unready = directory.resolve(NAME + ".new");
        Files.deleteIfExists(unready);
        server.bind(UnixDomainSocketAddress.of(unready));
        Files.setPosixFilePermissions(unready, PosixFilePermissions.fromString("rw-------"));
        Files.move(unready, path);
        Thread.ofPlatform().name("admin-socket").daemon().start(this::run);
    }

    private void run() {
        while (true) {
            try (SocketChannel channel = server.accept()) {
                serve(channel);
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn("a request to the admin socket failed: {}", e.toString());
            }
        }
    }

    private void serve(SocketChannel channel) throws IOException {
        var reader = new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8), MAX_LINE);
        Map<String, Object> answer;
        try {
            String line = reader.readLine();
            answer = line == null || line.length() > MAX_LINE ? error("no request") : answer(JSON.readTree(line));
        } catch (IOException | IllegalArgumentException e) {
            answer = error("the request is not understood");
        }
        Channels.newOutputStream(channel)
                .write((JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private Map<String, Object> answer(JsonNode request) {
        return switch (request.path("do").asText()) {
            case "status" -> status.get();
            case "reset-password" -> {
                String user = request.path("user").asText();
                boolean found = accounts.setPassword(
                        user, request.path("password").asText(), new Change.Origin("admin-socket", null, null, null));
                authenticator.forgetAll();
                yield found ? Map.of("ok", true) : error("there is no local account '" + user + "'");
            }
            default -> error("there is no such request");
        };
    }

    private static Map<String, Object> error(String message) {
        return Map.of("error", message);
    }

    /**
     * Sends one request to a running server.
     *
     * @return its answer, or null when no server listens in {@code directory}
     */
    public static JsonNode request(Path directory, Map<String, ?> request) throws IOException {
        Path path = directory.resolve(NAME);
        if (!Files.exists(path)) {
            return null;
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            try {
                channel.connect(UnixDomainSocketAddress.of(path));
            } catch (java.net.ConnectException e) {
                return null; // left over by a process that was killed
            }
            Channels.newOutputStream(channel)
                    .write((JSON.writeValueAsString(request) + "\n").getBytes(StandardCharsets.UTF_8));
            var reader =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
            return JSON.readTree(reader.readLine());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
