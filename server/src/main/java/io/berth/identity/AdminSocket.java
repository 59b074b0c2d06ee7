package io.berth.identity;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.db.Change;
import io.berth.oci.Json;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
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
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
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
    private static final int MAX_LINE = 1 << 20; // a file of `berth apply`
    private static final int MAX_CONNECTIONS = 16;
    private static final int MAX_PATH = 107; // sun_path, less its final zero
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Path path;
    private final ServerSocketChannel server;
    private final Accounts accounts;
    private final Supplier<Map<String, Object>> status;
    private final Map<String, Function<JsonNode, Map<String, Object>>> others;
    private final Duration patience;
    private final Semaphore connections = new Semaphore(MAX_CONNECTIONS);

    /**
     * Listens. Where the path of the directory is too long for a socket, or the disk has no room for one, it warns, and does
     * without.
     *
     * @param directory locked by this process
     * @param status what {@code {"do":"status"}} is answered
     * @param others what else there is to do, by its name, and what answers it; a long answer comes page by page
     */
    public AdminSocket(
            Path directory,
            Accounts accounts,
            Supplier<Map<String, Object>> status,
            Map<String, Function<JsonNode, Map<String, Object>>> others)
            throws IOException {
        this(directory, accounts, status, others, PATIENCE);
    }

    AdminSocket(
            Path directory,
            Accounts accounts,
            Supplier<Map<String, Object>> status,
            Map<String, Function<JsonNode, Map<String, Object>>> others,
            Duration patience)
            throws IOException {
        this.others = Map.copyOf(others);
        this.accounts = accounts;
        this.status = status;
        this.patience = patience;
        path = directory.resolve(NAME);
        Files.deleteIfExists(path); // of a process that was killed: the directory's lock is ours
        if (isTooLong(path)) {
            LOG.warn(
                    "the path {} is longer than the {} bytes that a socket may have: `berth admin` works only while"
                            + " this server is stopped. A shorter data directory, or a relative one, helps",
                    path,
                    MAX_PATH);
            server = null;
            return;
        }
        server = listenOrWarn(directory, path);
        if (server == null) {
            return;
        }
        Thread.ofPlatform().name("admin-socket").daemon().start(this::run);
    }

    private static boolean isTooLong(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH;
    }

    // A full disk must not keep anybody from pulling.
    private static ServerSocketChannel listenOrWarn(Path directory, Path path) {
        try {
            return listen(directory, path);
        } catch (IOException e) {
            LOG.warn(
                    "{} cannot be made ({}): `berth admin` works only while this server is stopped",
                    path,
                    e.toString());
            return null;
        }
    }

    // A socket can be connected to as soon as it is bound, so it is bound where nobody else gets in, and moved when it
    // has its mode.
    private static ServerSocketChannel listen(Path directory, Path path) throws IOException {
        Path cell = directory.resolve(".admin");
        Path unready = cell.resolve("s");
        Files.deleteIfExists(unready);
        Files.deleteIfExists(cell);
        Files.createDirectory(cell, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(unready));
            Files.setPosixFilePermissions(unready, PosixFilePermissions.fromString("rw-------"));
            Files.move(unready, path);
            Files.delete(cell);
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            Files.deleteIfExists(unready);
            Files.deleteIfExists(cell);
            throw e;
        }
    }

    private void run() {
        while (server.isOpen()) {
            try {
                SocketChannel channel = server.accept();
                connections.acquireUninterruptibly();
                Thread.startVirtualThread(() -> serve(channel));
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException | RuntimeException e) {
                LOG.warn("the admin socket failed: {}", e.toString());
            }
        }
    }

    private void serve(SocketChannel channel) {
        // These channels know no timeout: whoever says nothing is cut off from outside.
        Thread watch = Thread.startVirtualThread(() -> {
            try {
                Thread.sleep(patience);
                channel.close();
            } catch (InterruptedException | IOException e) {
                // answered in time, or closed already
            }
        });
        try (channel) {
            Map<String, Object> answer;
            try {
                answer = answer(
                        Json.MAPPER.readTree(readLine(new BufferedInputStream(Channels.newInputStream(channel)))));
            } catch (IOException | IllegalArgumentException e) {
                answer = error("the request is not understood");
            } catch (RuntimeException e) {
                LOG.warn("a request to the admin socket failed", e);
                answer = error("the request failed: " + e.getMessage());
            }
            write(channel, answer);
        } catch (IOException e) {
            LOG.debug("a client of the admin socket went away: {}", e.toString());
        } finally {
            watch.interrupt();
            connections.release();
        }
    }

    private static void write(SocketChannel channel, Map<String, ?> message) throws IOException {
        Channels.newOutputStream(channel)
                .write((Json.MAPPER.writeValueAsString(message) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] readLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        int next;
        while ((next = in.read()) >= 0 && next != '\n') {
            if (line.size() == MAX_LINE) {
                throw new IOException("the line is too long");
            }
            line.write(next);
        }
        return line.toByteArray();
    }

    private Map<String, Object> answer(JsonNode request) {
        return switch (request.path("do").asText()) {
            case "status" -> status.get();
            case "reset-password" -> {
                String user = request.path("user").asText();
                String password = request.path("password").asText();
                if (password.length() < Accounts.MIN_PASSWORD) {
                    yield error("a password has " + Accounts.MIN_PASSWORD + " characters or more");
                }
                boolean found = accounts.setPassword(user, password, Change.Origin.by("admin-socket"));
                if (found) {
                    LOG.info("the password of '{}' was changed through the admin socket", user);
                }
                yield found ? Map.of("ok", true) : error("there is no local account '" + user + "'");
            }
            case String other
            when others.containsKey(other) -> others.get(other).apply(request);
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
     * @throws IOException when one does and this process may not talk to it, or it gives no answer
     */
    public static JsonNode request(Path directory, Map<String, ?> request) throws IOException {
        Path path = directory.resolve(NAME);
        if (isTooLong(path) || !Files.exists(path)) {
            return null;
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            try {
                channel.connect(UnixDomainSocketAddress.of(path));
            } catch (ConnectException e) {
                return null; // left over by a process that was killed
            } catch (IOException e) {
                throw new IOException(
                        path + " cannot be used (" + e.getMessage() + "): run this as the user that Berth runs as", e);
            }
            write(channel, request);
            byte[] answer = Channels.newInputStream(channel).readAllBytes();
            if (answer.length == 0) {
                throw new IOException("the server gave no answer, see its log");
            }
            return Json.MAPPER.readTree(answer);
        }
    }

    @Override
    public void close() throws IOException {
        if (server != null) {
            server.close();
            Files.deleteIfExists(path);
        }
    }
}
