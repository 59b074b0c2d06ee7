package io.berth.db;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * A PostgreSQL server for all tests of this JVM, of the binaries on the class path. PostgreSQL refuses to run as root, so
 * root runs it as {@code nobody}. Whatever goes wrong fails the test that asked; nothing is skipped.
 */
final class TestPostgres {
    private static final Map<String, String> BUNDLES =
            Map.of("amd64", "/postgres-linux-x86_64.txz", "aarch64", "/postgres-linux-arm_64.txz");

    private static TestPostgres running;

    private final AtomicInteger databases = new AtomicInteger();
    private final Path home;
    private final List<String> asWhom;
    private final int port;

    private TestPostgres() throws IOException {
        home = Files.createTempDirectory(
                "berth-postgres", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(home)));
        Path state = Files.createDirectory(home.resolve("state"));
        if ("root".equals(System.getProperty("user.name"))) {
            asWhom = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--");
            Files.setOwner(
                    state, state.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
        } else {
            asWhom = List.of();
        }
        unpack(home);
        Path data = state.resolve("data");
        finish(command("initdb", "-D", data.toString(), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"));
        port = freePort();
        start(command(
                "postgres",
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "max_connections=300",
                "-c",
                "fsync=off"));
    }

    /** The JDBC URL of a new database, whose own order of text is as unlike that of bytes as it gets. */
    static String newDatabase() throws IOException, SQLException {
        TestPostgres server = running();
        String name = "t" + server.databases.incrementAndGet();
        try (var connection = DriverManager.getConnection(server.url("postgres"));
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name
                    + " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' STRATEGY file_copy");
        }
        return server.url(name);
    }

    private static synchronized TestPostgres running() throws IOException {
        if (running == null) {
            running = new TestPostgres();
        }
        return running;
    }

    private String url(String name) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + name + "?user=postgres";
    }

    private static void unpack(Path home) throws IOException {
        String bundle = BUNDLES.get(System.getProperty("os.arch"));
        try (InputStream resource = TestPostgres.class.getResourceAsStream(String.valueOf(bundle))) {
            if (resource == null) {
                throw new IOException("no PostgreSQL for " + System.getProperty("os.arch") + " is on the class path");
            }
            var tar = new TarArchiveInputStream(new XZCompressorInputStream(resource));
            TarArchiveEntry entry;
            while ((entry = tar.getNextEntry()) != null) {
                Path target = home.resolve(entry.getName()).normalize();
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(target.getParent());
                    Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(tar, target, StandardCopyOption.REPLACE_EXISTING);
                    boolean program = target.startsWith(home.resolve("bin"));
                    Files.setPosixFilePermissions(
                            target, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
                }
            }
        }
    }

    private ProcessBuilder command(String program, String... arguments) {
        var command = new ArrayList<>(asWhom);
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command)
                .directory(home.resolve("state").toFile())
                .redirectErrorStream(true);
    }

    private static void finish(ProcessBuilder command) throws IOException {
        Process process = command.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command.command()) + " failed: " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static void start(ProcessBuilder command) throws IOException {
        Process process = command.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        BufferedReader output = process.inputReader();
        var said = new StringBuilder();
        String line;
        do {
            line = output.readLine();
            if (line == null) {
                throw new IOException("PostgreSQL did not start: " + said);
            }
            said.append(line).append('\n');
        } while (!line.contains("ready to accept connections"));
        Thread.ofPlatform()
                .daemon()
                .name("postgres-output")
                .start(() -> output.lines().forEach(ignored -> {}));
    }

    private static int freePort() throws IOException {
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            // The server may still be removing files of its own; the system's temporary directory is emptied anyway.
        }
    }
}
