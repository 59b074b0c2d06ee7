package io.berth.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code berth serve} as a process of its own: for what only its output, its environment and its end can tell. */
final class ServedProcess implements AutoCloseable {
    private static final Pattern SERVES = Pattern.compile("Berth serves https?://[^ ]*:(\\d+)");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Output out;
    private final Output err;

    /** Lines as they come, and those who wait for one. */
    private static final class Output {
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final Map<Predicate<String>, CompletableFuture<String>> waiting =
                new java.util.concurrent.ConcurrentHashMap<>();
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        Output(java.io.InputStream in) {
            Thread.startVirtualThread(() -> {
                try (var reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                    String line;
                    while ((line = reader.readLine()) != null) {
                        lines.add(line);
                        String arrived = line;
                        waiting.forEach((wanted, found) -> {
                            if (wanted.test(arrived)) {
                                found.complete(arrived);
                            }
                        });
                    }
                    end.complete(null);
                } catch (IOException e) {
                    end.completeExceptionally(e);
                }
            });
        }

        String await(Predicate<String> wanted) throws IOException {
            var found = new CompletableFuture<String>();
            waiting.put(wanted, found);
            lines.stream().filter(wanted).findFirst().ifPresent(found::complete);
            try {
                CompletableFuture.anyOf(found, end).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                lines.stream().filter(wanted).findFirst().ifPresent(found::complete);
                return found.get(0, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
                throw new IOException("no such line among " + lines, e);
            }
        }
    }

    private ServedProcess(Process process, boolean terminal) {
        this.process = process;
        out = new Output(process.getInputStream());
        err = terminal ? out : new Output(process.getErrorStream());
    }

    /** @param environment {@code BERTH_*} variables */
    static ServedProcess start(Path data, Map<String, String> environment) throws IOException {
        return new ServedProcess(process(List.of(), data, environment), false);
    }

    /** The same with a terminal before it, where both outputs come together. */
    static ServedProcess startOnTerminal(Path data, Map<String, String> environment) throws IOException {
        var terminal = List.of("python3", "-c", "import pty, sys; pty.spawn(sys.argv[1:])");
        return new ServedProcess(process(terminal, data, environment), true);
    }

    private static Process process(List<String> before, Path data, Map<String, String> environment) throws IOException {
        var command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.berth.cli.Main",
                "serve",
                "--data",
                data.toString(),
                "--port",
                "0"));
        var builder = new ProcessBuilder(command);
        builder.environment().keySet().removeIf(name -> name.startsWith("BERTH_"));
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** The port, once it serves. */
    int port() throws IOException {
        Matcher matcher = SERVES.matcher(err.await(line -> SERVES.matcher(line).find()));
        if (!matcher.find()) {
            throw new IllegalStateException();
        }
        return Integer.parseInt(matcher.group(1));
    }

    /** The line of standard error that has {@code text}. */
    String said(String text) throws IOException {
        return err.await(line -> line.contains(text));
    }

    /** Everything that it has written so far, of both kinds. */
    String everything() {
        return String.join("\n", out.lines) + "\n" + String.join("\n", err.lines);
    }

    /** Status of a request with this Authorization, or none. */
    int status(String path, String authorization) throws IOException {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path))
                .timeout(PATIENCE);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try (var client = HttpClient.newHttpClient()) {
            return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Waits for its end by itself; returns its exit code. */
    int exit() throws IOException {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("it still runs");
            }
            out.end.get(10, TimeUnit.SECONDS);
            err.end.get(10, TimeUnit.SECONDS);
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new IOException(e);
        }
    }

    /** Asks it to stop by SIGTERM; returns its exit code. */
    int stop() throws IOException {
        ProcessHandle server = process.children().findFirst().orElse(process.toHandle()); // below its terminal, if any
        server.destroy(); // the process's own way would close its output unread
        return exit();
    }

    @Override
    public void close() {
        process.children().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
