package io.berth.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The npm package oidc-provider in a process of its own. */
final class OpenIdProvider implements AutoCloseable {
    private static final String PACKAGE = "oidc-provider@8.8.1";

    private final int port;
    private Process process;

    OpenIdProvider() throws IOException {
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
    }

    String issuer() {
        return "http://localhost:" + port;
    }

    /** Starts it, with new keys each time. */
    void start(String redirectUri) throws Exception {
        Path modules = modules();
        Path script =
                Path.of(OpenIdProvider.class.getResource("/oidc/provider.mjs").toURI());
        process = new ProcessBuilder("node", script.toString(), modules.toString(), Integer.toString(port), redirectUri)
                .redirectErrorStream(true)
                .start();
        var said = new StringBuilder();
        var reader = process.inputReader();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            said.append(line).append('\n');
            if (line.equals("listening")) {
                Thread.ofVirtual().start(() -> reader.lines().forEach(ignored -> {}));
                return;
            }
        }
        throw new AssertionError("the OpenID provider did not start: " + said);
    }

    // Outside of the repository, and kept between runs.
    private static Path modules() throws Exception {
        String cache = Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .orElse(System.getProperty("user.home") + "/.cache");
        Path directory = Files.createDirectories(Path.of(cache, "berth", "oidc-provider"));
        Path modules = directory.resolve("node_modules");
        if (!Files.exists(modules.resolve("oidc-provider"))) {
            run(directory, "npm", "install", "--no-audit", "--no-fund", "--prefix", directory.toString(), PACKAGE);
        }
        return modules;
    }

    private static void run(Path directory, String... command) throws InterruptedException {
        Path log = directory.resolve("install.log");
        try {
            Process npm = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (npm.waitFor(5, TimeUnit.MINUTES) && npm.exitValue() == 0) {
                return;
            }
            npm.destroyForcibly();
        } catch (IOException e) {
            // said below
        }
        throw new AssertionError("this test asks a real OpenID provider: it needs node 20, npm and the package "
                + PACKAGE + " (" + log + ")");
    }

    /** Has it do something to a user: {@code disable}, {@code enable}, {@code revoke}, {@code regroup}. */
    void does(String what, String user) throws Exception {
        ask(what + "?user=" + user);
    }

    /** How often it was asked to renew a login. */
    int renewals() throws Exception {
        return Integer.parseInt(ask("renewals"));
    }

    private String ask(String what) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create(issuer() + "/test/" + what))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroyForcibly().onExit().join();
        }
    }
}
