package io.berth.http;

import io.berth.config.Cidr;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.impl.ConnectionBase;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A request and its answer. What reads the request may be called from any one thread; an answer is given once.
 */
public final class Exchange {
    private static final AsciiString REQUEST_ID = AsciiString.cached("X-Request-Id");
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("Content-Type");
    private static final AsciiString CONTENT_LENGTH = AsciiString.cached("Content-Length");
    private static final List<AsciiString> OF_CONTENT = List.of(
            AsciiString.cached("ETag"),
            AsciiString.cached("Cache-Control"),
            AsciiString.cached("Docker-Content-Digest"),
            AsciiString.cached("Accept-Ranges"),
            AsciiString.cached("Content-Range"));

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final String requestId;
    private final RequestBody body;
    private final ServerContext context;
    private final long startNanos;
    private final String path;
    private Principal principal = Principal.ANONYMOUS;
    private String operation = "other";
    private volatile boolean cutOff;

    Exchange(HttpServerRequest request, String requestId, ServerContext context, long startNanos) {
        this.request = request;
        this.response = request.response();
        this.requestId = requestId;
        this.context = context;
        this.startNanos = startNanos;
        this.path = decode(request.path());
        this.body = hasBody(request) ? new RequestBody(request, context.inbound(), context.idleTimeout()) : null;
        response.putHeader(REQUEST_ID, requestId);
    }

    private static boolean hasBody(HttpServerRequest request) {
        HttpMethod method = request.method();
        return method != HttpMethod.GET && method != HttpMethod.HEAD
                || request.headers().contains(CONTENT_LENGTH)
                || request.headers().contains("Transfer-Encoding");
    }

    // Clients may write the colon of a digest as %3A. A name or digest never needs an escape, so whatever else comes
    // out
    // of decoding (slashes, dots) still has to pass their grammar.
    private static String decode(String raw) {
        if (raw == null) {
            return "";
        }
        if (raw.indexOf('%') < 0) {
            return raw;
        }
        try {
            return URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return raw;
        }
    }

    public HttpMethod method() {
        return request.method();
    }

    /** Whether the method is GET or HEAD. */
    public boolean isRead() {
        HttpMethod method = request.method();
        return method == HttpMethod.GET || method == HttpMethod.HEAD;
    }

    /** The path with escapes resolved, without the query. */
    public String path() {
        return path;
    }

    /** The path as the client wrote it. */
    public String rawPath() {
        return request.path() == null ? "" : request.path();
    }

    /** A header's value, or null. */
    public String header(CharSequence name) {
        return request.getHeader(name);
    }

    /** A cookie's value as it was sent; empty without one, or with an empty one. */
    public Optional<String> cookie(String name) {
        String header = header("Cookie");
        for (String pair : header == null ? new String[0] : header.split(";")) {
            String stripped = pair.strip();
            if (stripped.startsWith(name + "=")) {
                return Optional.of(stripped.substring(name.length() + 1)).filter(value -> !value.isEmpty());
            }
        }
        return Optional.empty();
    }

    /**
     * A query parameter's first value, or null.
     *
     * @throws OciException when the query cannot be decoded
     */
    public String query(String name) {
        List<String> all = queryAll(name);
        return all.isEmpty() ? null : all.getFirst();
    }

    /** All values of a query parameter. */
    public List<String> queryAll(String name) {
        try {
            return request.query() == null ? List.of() : request.params().getAll(name);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.UNSUPPORTED, 400, "the query has a malformed escape");
        }
    }

    /** The names of the query's parameters, each once. */
    public Set<String> queryNames() {
        query(""); // a query that cannot be decoded is refused here
        return request.query() == null ? Set.of() : request.params().names();
    }

    /** The id that the answer and the logs carry. */
    public String requestId() {
        return requestId;
    }

    /** The body; a request that announces none has an empty one. */
    public RequestBody body() {
        return body == null ? new RequestBody(request, context.inbound(), context.idleTimeout()) : body;
    }

    /** The announced length of the body in bytes, or -1. A malformed length never gets here. */
    public long contentLength() {
        String length = request.getHeader(CONTENT_LENGTH);
        try {
            return length == null ? -1 : Long.parseLong(length);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** The client's address: the peer's, or what a trusted proxy says. */
    public String client() {
        List<Cidr> trusted = context.trustedProxies();
        String peer = PeerAddress.of(request.connection(), trusted);
        if (trusted.isEmpty() || peer == null || !isTrusted(trusted, peer)) {
            return peer == null ? "local" : peer;
        }
        // The last address that is not itself a trusted proxy: everything left of it can be invented. Some proxies add
        // a line
        // of their own below the client's, so all of them are one list.
        String[] hops =
                String.join(",", request.headers().getAll("X-Forwarded-For")).split(",");
        for (int i = hops.length - 1; i >= 0; i--) {
            String hop = hops[i].strip();
            if (!hop.isEmpty() && !isTrusted(trusted, hop)) {
                return hop.length() > 64 ? peer : hop;
            }
        }
        return peer;
    }

    /** Where it comes from. */
    public RequestSource source() {
        return new RequestSource(client(), requestId);
    }

    /** How clients reach this server, without a slash at the end: as configured, else as this one asked. */
    public String baseUrl(Optional<URI> externalUrl) {
        return externalUrl.map(url -> url.toString().replaceAll("/+$", "")).orElseGet(this::askedUrl);
    }

    /** The scheme and authority that the client asked, by a trusted proxy's word where there is one. */
    public String askedUrl() {
        String scheme = request.isSSL() ? "https" : "http";
        String peer = PeerAddress.of(request.connection(), context.trustedProxies());
        String forwarded = request.getHeader("X-Forwarded-Proto");
        if (forwarded != null && peer != null && isTrusted(context.trustedProxies(), peer)) {
            scheme = forwarded.strip().equalsIgnoreCase("https") ? "https" : "http";
        }
        HostAndPort authority = request.authority();
        return scheme + "://" + (authority == null ? "localhost" : authority.toString());
    }

    /** The certificate that the client has presented, or null. */
    ClientCertificate certificate() {
        return context.certificates().of(request);
    }

    /** Whether a browser says that a page of another site has made this request. Other clients say nothing of it. */
    public boolean isCrossSite() {
        String origin = header("Origin");
        String site = header("Sec-Fetch-Site");
        return site != null
                ? !site.equals("same-origin") && !site.equals("none")
                : origin != null && !origin.equals(askedUrl());
    }

    static boolean isTrusted(List<Cidr> trusted, String address) {
        try {
            InetAddress parsed = Cidr.parse(address).address();
            return trusted.stream().anyMatch(network -> network.contains(parsed));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    public Principal principal() {
        return principal;
    }

    /** Names the principal for logs; whoever has authenticated does. */
    public void principal(Principal who) {
        principal = who;
    }

    /** What this request does, for metrics and logs: one of a few fixed names. */
    public String operation() {
        return operation;
    }

    public void operation(String name) {
        operation = name;
    }

    long startNanos() {
        return startNanos;
    }

    HttpServerRequest request() {
        return request;
    }

    HttpServerResponse response() {
        return response;
    }

    ServerContext context() {
        return context;
    }

    /** Whether a file may be handed to the kernel: over TLS and HTTP/2 that is five times dearer than copying. */
    boolean canSendFile() {
        return !request.isSSL() && request.version() != HttpVersion.HTTP_2;
    }

    /** Whether the answer has a header already. */
    public boolean has(CharSequence name) {
        return response.headers().contains(name);
    }

    /** Adds a header to the answer; returns this. */
    public Exchange set(CharSequence name, CharSequence value) {
        response.putHeader(name, value);
        return this;
    }

    /** Adds a header beside those of the same name. */
    public Exchange add(CharSequence name, CharSequence value) {
        response.headers().add(name, value);
        return this;
    }

    /** Takes back what was said of content that is not sent after all: no cache may keep an error in its place. */
    void describeNothing() {
        for (CharSequence name : OF_CONTENT) {
            response.headers().remove(name);
        }
    }

    /** Answers without a body. */
    public void answer(int status) {
        response.setStatusCode(status);
        if (status != 204 && status != 304 && status >= 200) {
            if (!response.headers().contains(CONTENT_LENGTH)) {
                response.putHeader(CONTENT_LENGTH, "0");
            }
        }
        settle();
        response.end();
    }

    /** Answers with a small body; for HEAD with its length alone. Never blocks. */
    public void answer(int status, CharSequence contentType, byte[] content) {
        response.setStatusCode(status)
                .putHeader(CONTENT_TYPE, contentType)
                .putHeader(CONTENT_LENGTH, Integer.toString(content.length));
        settle();
        if (request.method() == HttpMethod.HEAD) {
            response.end();
        } else {
            response.end(BufferInternal.buffer(io.netty.buffer.Unpooled.wrappedBuffer(content)));
        }
    }

    /** What answers with long bodies. */
    public BodySender sender() {
        return new BodySender(this);
    }

    /** Whether an answer has begun. */
    public boolean isAnswered() {
        return response.headWritten() || response.ended();
    }

    /** Whether the answer was cut off. */
    boolean isCutOff() {
        return cutOff;
    }

    /** Cuts the answer off, so that the client sees that it is not whole. */
    void reset() {
        if (!response.ended() || request.version() == HttpVersion.HTTP_2) {
            abort();
        }
    }

    /** Cuts the answer off though all of it may have been written, as long as not all of it has been taken. */
    void abort() {
        cutOff = true;
        if (request.version() != HttpVersion.HTTP_2 && request.connection() instanceof ConnectionBase base) {
            // A polite close waits for what has been written, which a client that takes nothing would never let end. At
            // the head of the pipeline nobody waits: what is pending fails, and its buffers come back.
            var channel = base.channel();
            channel.eventLoop().execute(() -> {
                var head = channel.pipeline().firstContext();
                if (head != null) {
                    head.close();
                }
            });
        } else {
            response.reset();
        }
    }

    /** How far the answer has come; nothing when its connection is closed. */
    Optional<SendingProgress> sendingProgress() {
        return SendingProgress.of(request);
    }

    /** Everything is over: what the body still holds is given up. */
    void close() {
        if (body != null) {
            body.close();
        }
    }

    // A body that nobody has read: the client gets to see the answer before the connection is used again or closed.
    void settle() {
        if (body == null || body.ended()) {
            return;
        }
        boolean waits = "100-continue".equalsIgnoreCase(request.getHeader("Expect")) && !body.started();
        if (waits && request.version() != HttpVersion.HTTP_2) {
            // The client may send the body or not, so the connection cannot be used for another request.
            response.putHeader("Connection", "close");
        }
        body.discard(context.vertx(), context.lingerBytes(), context.lingerTime());
    }
}
