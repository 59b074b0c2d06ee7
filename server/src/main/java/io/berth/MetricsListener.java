package io.berth;

import io.berth.config.BerthConfig;
import io.berth.http.Authentication;
import io.berth.http.BufferPool;
import io.berth.http.ConnectionGuard;
import io.berth.http.Errors;
import io.berth.http.HttpMetrics;
import io.berth.http.MetricsEndpoint;
import io.berth.http.WebServer;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** The listener of {@code metrics.listen}: whoever reaches it may read, credentials are neither asked for nor looked at. */
final class MetricsListener {
    private MetricsListener() {}

    /** The listener, not started; nothing when none is configured. */
    static Optional<WebServer> of(
            BerthConfig config,
            Vertx vertx,
            ConnectionGuard guard,
            BufferPool buffers,
            Supplier<String> scrape,
            Errors errors,
            HttpMetrics httpMetrics,
            Clock clock,
            RandomGenerator random) {
        return config.metrics().listen().map(address -> {
            var open = new MetricsEndpoint(scrape, new Authentication(OpenListener.INSTANCE, clock), principal -> true);
            var plain = new BerthConfig.Server(
                    address.getHostString(),
                    address.getPort(),
                    Optional.empty(),
                    List.of(),
                    Optional.empty(),
                    config.server().idleTimeout(),
                    config.server().shutdownTimeout());
            return new WebServer(
                    vertx,
                    plain.host(),
                    plain.port(),
                    plain,
                    guard,
                    buffers,
                    List.of(new WebServer.Route("/metrics", open)),
                    errors,
                    httpMetrics,
                    null,
                    clock,
                    random);
        });
    }
}
