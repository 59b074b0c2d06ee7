package io.berth.http;

import io.berth.config.BerthConfig;
import io.berth.config.ClientCertificates;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener: HTTP/1.1 and HTTP/2 (by ALPN over TLS, by prior knowledge without), on every event loop.
 *
 * <p>Requests go to the endpoint whose path prefix is the longest that fits.
 */
public final class WebServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);
    private static final Duration TLS_RELOAD = Duration.ofSeconds(5);
    private static final long LINGER_BYTES = 64 << 20;
    private static final Duration REFUSED_LINGER = Duration.ofSeconds(1);
    private static final Duration LINGER_TIME = Duration.ofSeconds(10);

    /** An endpoint and the paths it answers. */
    public record Route(String prefix, Endpoint endpoint) {}

    private final Vertx vertx;
    private final String host;
    private final int port;
    private final ClientAuthorities clients;
    private final Optional<Tls> tls;
    private final ServerContext context;
    private final List<Route> routes;
    private final Errors errors;
    private final HttpMetrics metrics;
    private final AccessLog accessLog;
    private final Tracing tracing;
    private final Clock clock;
    private final ConnectionGuard guard;
    private final BerthConfig.Server config;
    private final List<HttpServer> servers = new ArrayList<>();
    private final String requestIdPrefix;
    private final AtomicLong requestNumber = new AtomicLong();

    /** A server without traces. */
    public WebServer(
            Vertx vertx,
            String host,
            int port,
            BerthConfig.Server config,
            ConnectionGuard guard,
            BufferPool buffers,
            List<Route> routes,
            Errors errors,
            HttpMetrics metrics,
            AccessLog accessLog,
            Clock clock,
            RandomGenerator random) {
        this(vertx, host, port, config, guard, buffers, routes, errors, metrics, accessLog, Tracing.OFF, clock, random);
    }

    /** @param accessLog null for no log */
    public WebServer(
            Vertx vertx,
            String host,
            int port,
            BerthConfig.Server config,
            ConnectionGuard guard,
            BufferPool buffers,
            List<Route> routes,
            Errors errors,
            HttpMetrics metrics,
            AccessLog accessLog,
            Tracing tracing,
            Clock clock,
            RandomGenerator random) {
        this.vertx = vertx;
        this.host = host;
        this.port = port;
        var certificates = config.clientCertificates();
        this.clients =
                certificates.authorities().isEmpty() ? null : new ClientAuthorities(certificates.authorities(), clock);
        boolean required = certificates.mode() == ClientCertificates.Mode.REQUIRE;
        this.tls = config.tls().map(files -> new Tls(files, clients, required));
        this.context = new ServerContext(
                vertx,
                config.trustedProxies(),
                new PresentedCertificates(clients, config.trustedProxies(), certificates.header()),
                buffers,
                new InboundMemory(buffers.limitBytes()),
                config.idleTimeout(),
                LINGER_BYTES,
                LINGER_TIME);
        this.routes = routes.stream()
                .sorted((a, b) -> b.prefix().length() - a.prefix().length())
                .toList();
        this.errors = errors;
        this.metrics = metrics;
        this.accessLog = accessLog;
        this.tracing = tracing;
        this.clock = clock;
        this.guard = guard;
        this.config = config;
        this.requestIdPrefix = "%08x".formatted(random.nextInt());
    }

    /** Listens. Returns the port. */
    public int start() throws IOException {
        HttpServerOptions options = options();
        int loops = Math.max(1, Runtime.getRuntime().availableProcessors());
        int actual = port == 0 ? freePort() : port;
        for (int i = 0; i < loops; i++) {
            servers.add(listen(options, actual));
        }
        tls.ifPresent(metrics::certificate);
        if (tls.isPresent() || clients != null) {
            vertx.setPeriodic(TLS_RELOAD.toMillis(), id -> Thread.startVirtualThread(this::reloadTls));
        }
        return actual;
    }

    // The event loops share a port by its number, so the system cannot choose one for each.
    private int freePort() throws IOException {
        try (var probe = new ServerSocket(0, 1, InetAddress.getByName(host))) {
            return probe.getLocalPort();
        }
    }

    /** How TLS is done, or nothing without it. */
    public Optional<String> tlsEngine() {
        return tls.map(Tls::engineName);
    }

    private HttpServer listen(HttpServerOptions options, int atPort) throws IOException {
        var listening = new java.util.concurrent.CompletableFuture<HttpServer>();
        // Each server made on a context of its own gets an event loop of its own; they share the port.
        ((io.vertx.core.internal.VertxInternal) vertx).createEventLoopContext().runOnContext(nothing -> {
            HttpServer server =
                    vertx.createHttpServer(options).requestHandler(this::accept).invalidRequestHandler(this::refuse);
            server.connectionHandler(connection -> {
                WritabilityWatch.begin(connection);
                context.certificates().connected(connection);
            });
            server.exceptionHandler(e -> LOG.debug("connection failed: {}", e.toString()));
            server.listen(atPort, host).onSuccess(listening::complete).onFailure(listening::completeExceptionally);
        });
        try {
            return listening.join();
        } catch (CompletionException e) {
            throw new IOException(
                    "cannot listen on " + host + ":" + atPort + ": "
                            + e.getCause().getMessage() + ". Is another process using the port? Set another by --port",
                    e.getCause());
        }
    }

    private HttpServerOptions options() throws IOException {
        var options = new HttpServerOptions()
                .setTcpNoDelay(true)
                .setMaxInitialLineLength(16 << 10)
                .setMaxHeaderSize(32 << 10)
                .setMaxChunkSize(ConnectionGuard.PIECE)
                .setAcceptBacklog(4096)
                .setHttp2ClearTextEnabled(true)
                .setHttp2ConnectionWindowSize(4 << 20)
                .setInitialSettings(new Http2Settings()
                        .setInitialWindowSize(1 << 20)
                        .setMaxConcurrentStreams(128)
                        .setMaxHeaderListSize(32 << 10))
                .setUseProxyProtocol(config.proxyProtocol())
                .setHandle100ContinueAutomatically(false);
        if (clients != null) {
            clients.reload();
        }
        if (tls.isPresent()) {
            tls.get().apply(options);
        }
        return options;
    }

    private void reloadTls() {
        boolean changed = false;
        try {
            changed = clients != null && clients.reload();
        } catch (IOException e) {
            LOG.error("the client CAs could not be read again, the old ones stay in use: {}", e.toString());
        }
        boolean clientsChanged = changed;
        tls.ifPresent(files -> files.reloadInto(servers, clientsChanged));
    }

    // What is no HTTP never becomes an exchange. Nobody knows where the next request would begin, so the connection
    // ends.
    private void refuse(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        int status = cause instanceof TooLongHttpLineException
                ? 414
                : cause instanceof TooLongHttpHeaderException ? 431 : 400;
        String message = switch (status) {
            case 414 -> "the request line is too long";
            case 431 -> "the request's headers are too long";
            default -> "the request is not valid HTTP";
        };
        byte[] body = Errors.body(new OciException(ErrorCode.UNSUPPORTED, status, message));
        String id = nextId();
        if (accessLog != null) {
            String peer = PeerAddress.of(request.connection(), context.trustedProxies());
            accessLog.add(new AccessLog.Entry(
                    clock.millis(),
                    peer == null ? "local" : peer,
                    Principal.ANONYMOUS.name(),
                    "-",
                    "-",
                    status,
                    0,
                    body.length,
                    0,
                    "refused",
                    id,
                    "-"));
        }
        sendRefusal(request, status, id, body);
    }

    // Past Vert.x, which would close the connection as soon as this is written: with bytes of the client's unread that
    // ends in a reset, and the client may never see the answer.
    private void sendRefusal(HttpServerRequest request, int status, String id, byte[] body) {
        if (status == 400 || !(request.connection() instanceof ConnectionBase connection)) {
            // Most of all a client that tries TLS first: it goes on as soon as the connection ends.
            request.response()
                    .setStatusCode(status)
                    .putHeader("X-Request-Id", id)
                    .putHeader("Content-Type", "application/json")
                    .putHeader("Connection", "close")
                    .end(Buffer.buffer(body))
                    .onComplete(sent -> request.connection().close());
            return;
        }
        var answer = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body));
        answer.headers()
                .set("X-Request-Id", id)
                .set("Content-Type", "application/json")
                .set("Content-Length", body.length)
                .set("Connection", "close");
        connection.channel().writeAndFlush(answer);
        vertx.setTimer(REFUSED_LINGER.toMillis(), timer -> request.connection().close());
    }

    private String nextId() {
        return requestIdPrefix + "-" + Long.toHexString(requestNumber.incrementAndGet());
    }

    private void accept(HttpServerRequest request) {
        metrics.begin();
        guard.begin(request.connection());
        var exchange = new Exchange(request, nextId(), context, System.nanoTime());
        var end = new EndOnce(exchange);
        // A stream of HTTP/2 closes when its answer has been written, and how much that was is known only then.
        boolean closes = request.version() == io.vertx.core.http.HttpVersion.HTTP_2;
        exchange.response().endHandler(closes ? nothing -> end.answered() : nothing -> end.run());
        exchange.response().closeHandler(nothing -> end.run());
        Endpoint endpoint = endpoint(exchange.path());
        try {
            if (endpoint.answerAtOnce(exchange)) {
                return;
            }
        } catch (RuntimeException e) {
            errors.answer(exchange, e);
            return;
        }
        guard.begin(request.connection()); // for as long as somebody waits for the client to take the answer
        Thread.startVirtualThread(() -> {
            try {
                endpoint.answer(exchange);
            } catch (Throwable e) {
                errors.answer(exchange, e);
                if (exchange.isCutOff()) {
                    // To Vert.x a file is written as soon as the kernel has it, and what happens later ends nothing.
                    end.run();
                }
            } finally {
                guard.end(request.connection());
            }
        });
    }

    private Endpoint endpoint(String path) {
        for (Route route : routes) {
            int end = route.prefix().length();
            if (path.startsWith(route.prefix()) && (path.length() == end || path.charAt(end) == '/')) {
                return route.endpoint();
            }
        }
        return NotFoundEndpoint.INSTANCE;
    }

    private final class EndOnce implements Runnable {
        private final Exchange exchange;
        private final AtomicBoolean answered = new AtomicBoolean();
        private final AtomicBoolean done = new AtomicBoolean();

        EndOnce(Exchange exchange) {
            this.exchange = exchange;
        }

        /** Nothing more is to come of this request, and a client that does not take the answer is idle. */
        void answered() {
            if (!answered.getAndSet(true)) {
                guard.end(exchange.request().connection());
            }
        }

        @Override
        public void run() {
            if (done.getAndSet(true)) {
                return;
            }
            answered();
            exchange.close();
            long nanos = System.nanoTime() - exchange.startNanos();
            int status = exchange.response().getStatusCode();
            long in = exchange.request().bytesRead();
            long out = exchange.response().bytesWritten();
            metrics.end(exchange.operation(), status, nanos, in, out);
            if (tracing != Tracing.OFF) {
                trace(status, nanos);
            }
            if (accessLog != null) {
                String agent = exchange.header("User-Agent");
                accessLog.add(new AccessLog.Entry(
                        clock.millis(),
                        exchange.client(),
                        exchange.principal().name(),
                        exchange.method().name(),
                        exchange.rawPath(),
                        status,
                        in,
                        out,
                        nanos / 1000,
                        exchange.operation(),
                        exchange.requestId(),
                        agent == null ? "-" : agent));
            }
        }

        private void trace(int status, long nanos) {
            tracing.answered(new Tracing.Answered(
                    exchange.method().name(),
                    exchange.operation(),
                    status,
                    clock.millis() - nanos / 1_000_000,
                    nanos,
                    exchange.requestId(),
                    exchange.header("traceparent"),
                    exchange.header("tracestate")));
        }
    }

    /** Stops accepting, waits for what is under way, closes. */
    @Override
    public void close() {
        var closing = servers.stream()
                .map(server -> server.shutdown(config.shutdownTimeout().toMillis(), TimeUnit.MILLISECONDS))
                .toList();
        try {
            Future.join(new ArrayList<>(closing))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            LOG.warn("the server did not close cleanly: {}", e.getCause().toString());
        }
    }
}
