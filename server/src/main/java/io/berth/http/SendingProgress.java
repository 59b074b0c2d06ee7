package io.berth.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Stream;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * How far an answer has come on its way to the client. Two that are equal, one taken after the other, mean that the client
 * took nothing in between; how little it took does not matter.
 *
 * <p>The end of a write says too little about a slow client: the kernel takes megabytes before it takes no more, and asks
 * for more only when a third of them is gone. So what the peer has not acknowledged counts too. A stream of HTTP/2 that
 * waits for a window is moved by what the client grants, and by nothing that is sent for other streams meanwhile.
 *
 * @param message what the connection writes at the moment, by its identity
 * @param unacknowledged bytes of the socket's send queue
 * @param grants how often the client has widened the windows that the answer waits for
 */
record SendingProgress(int message, long sentOfIt, long pendingBytes, int unacknowledged, long grants) {

    /** Where the answer to {@code request} is; nothing when its connection is closed. Waits for the event loop. */
    static Optional<SendingProgress> of(HttpServerRequest request) {
        if (!(request.connection() instanceof ConnectionBase connection)) {
            return Optional.empty();
        }
        Channel channel = connection.channel();
        int stream = request.version() == HttpVersion.HTTP_2 ? request.streamId() : 0;
        var progress = new CompletableFuture<Optional<SendingProgress>>();
        try {
            channel.eventLoop().execute(() -> {
                try {
                    progress.complete(look(channel, stream));
                } catch (RuntimeException e) {
                    progress.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            return Optional.empty(); // the server stops
        }
        return progress.join();
    }

    private static Optional<SendingProgress> look(Channel channel, int streamId) {
        ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
        if (pending == null) {
            return Optional.empty();
        }
        long grants = 0;
        var http2 = streamId == 0 ? null : channel.pipeline().get(Http2ConnectionHandler.class);
        if (http2 != null) {
            Http2Stream stream = http2.connection().stream(streamId);
            if (stream == null) {
                return Optional.empty();
            }
            var flow = http2.connection().remote().flowController();
            Http2Stream whole = http2.connection().connectionStream();
            var counted = WindowGrants.of(http2);
            grants = counted.count(stream) + counted.count(whole);
            if (flow.windowSize(stream) <= 0) {
                return Optional.of(new SendingProgress(0, 0, 0, 0, counted.count(stream)));
            }
            if (flow.windowSize(whole) <= 0) {
                return Optional.of(new SendingProgress(0, 0, 0, 0, grants));
            }
        }
        return Optional.of(new SendingProgress(
                System.identityHashCode(pending.current()),
                pending.currentProgress(),
                pending.totalPendingWriteBytes(),
                SendQueue.bytes(channel),
                grants));
    }
}
