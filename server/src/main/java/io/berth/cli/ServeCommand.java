package io.berth.cli;

import io.berth.Berth;
import io.berth.Logging;
import io.berth.config.BerthConfig;
import io.berth.identity.Accounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code berth serve}: runs until it is told to stop. */
@Command(name = "serve", description = "Runs the registry.", mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

    @Mixin
    private ConfigOptions options = new ConfigOptions();

    @Option(names = "--port", paramLabel = "N", description = "The TCP port (default: 5000).")
    private String port;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description = "The address to listen on; without TLS only loopback unless given, 0.0.0.0 opens all.")
    private String listen;

    /**
     * The command, from arguments of the plain form {@code serve --option value ...}. Everything else is null here and goes
     * to the parser of commands, whose own start takes a third of the server's.
     */
    static ServeCommand parsePlain(String[] args) {
        if (args.length % 2 == 0 || !"serve".equals(args[0])) {
            return null;
        }
        var command = new ServeCommand();
        for (int i = 1; i < args.length; i += 2) {
            switch (args[i]) {
                case "--port" -> command.port = args[i + 1];
                case "--listen" -> command.listen = args[i + 1];
                case "--data" -> command.options.data(args[i + 1]);
                case "--config" -> command.options.file(args[i + 1]);
                default -> {
                    return null;
                }
            }
        }
        return command;
    }

    @Override
    public Integer call() throws Exception {
        BerthConfig config = options.load("server.port", port, "server.host", listen);
        Logging.configure(config.logging());
        var stop = new CountDownLatch(1);
        var stopped = new CountDownLatch(1);
        try (Berth berth = new Berth(config, Clock.systemUTC(), new SecureRandom())) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                stop.countDown();
                try {
                    stopped.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                // A stop that was asked for is no failure, which the signal's own status would say.
                Runtime.getRuntime().halt(0);
            }));
            greet(config, berth);
            stop.await();
            LOG.info("stopping");
        } finally {
            stopped.countDown();
        }
        return 0;
    }

    private static void greet(BerthConfig config, Berth berth) throws IOException {
        String scheme = config.server().tls().isPresent() ? "https" : "http";
        LOG.info(
                "Berth serves {}://{}:{}{}, data in {}",
                scheme,
                config.server().host(),
                berth.port(),
                berth.tlsEngine().map(engine -> " with " + engine).orElse(""),
                config.data().toAbsolutePath());
        berth.metricsPort().ifPresent(at -> LOG.info("metrics are on port {}", at));
        Path file = config.data().resolve("admin-password");
        switch (berth.firstStart()) {
            case EXISTED -> {}
            case CONFIGURED -> LOG.info("the account '{}' was made with the configured password", Accounts.ADMIN);
            case GENERATED -> {
                LOG.info("the account '{}' was made; its password is in {}", Accounts.ADMIN, file.toAbsolutePath());
                if (System.console() != null && System.console().isTerminal()) {
                    System.out.println("  user: " + Accounts.ADMIN + "  password: "
                            + Files.readString(file).strip());
                }
            }
        }
    }
}
