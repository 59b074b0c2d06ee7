package io.berth.cli;

import io.berth.Berth;
import io.berth.Logging;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.identity.Accounts;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code berth train}: starts, answers requests, stops. The build runs it twice: the first run makes the database, the
 * second lets the JVM write its cache of loaded and linked classes. That halves every later start.
 */
@Command(name = "train", hidden = true)
final class TrainCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(TrainCommand.class);
    private static final String ORIGIN = "training";
    private static final String PASSWORD = "training-only";

    @Option(names = "--data", required = true, description = "A directory for the data, used once.")
    private Path data;

    @Option(names = "--rehearse", description = "Answer requests of all kinds.")
    private boolean rehearse;

    @Override
    public Integer call() throws Exception {
        serve(settings(), "http");
        if (rehearse) {
            var certificate = TrainingCertificate.make(data);
            serve(
                    settings()
                            .set("server.tls.certificate", certificate.chain().toString(), ORIGIN)
                            .set("server.tls.key", certificate.key().toString(), ORIGIN),
                    "https");
        }
        return 0;
    }

    // By the ways that a start of the server takes, which are in the cache then: variables here, a line of the log
    // below.
    private ConfigLoader settings() {
        return new ConfigLoader()
                .set("data", data.toString(), ORIGIN)
                .environment(Map.of("BERTH_SERVER_PORT", "0"))
                .set("admin.password", PASSWORD, ORIGIN)
                .set("registry.anonymous-pull", "true", ORIGIN);
    }

    private void serve(ConfigLoader settings, String scheme) throws IOException, InterruptedException {
        BerthConfig config = settings.load();
        Logging.configure(config.logging());
        try (Berth berth = new Berth(config, Clock.systemUTC(), new SecureRandom())) {
            LOG.info("training on port {}", berth.port());
            if (rehearse) {
                Rehearsal.inAnotherProcess(scheme + "://127.0.0.1:" + berth.port(), Accounts.ADMIN, PASSWORD);
            }
        }
    }
}
