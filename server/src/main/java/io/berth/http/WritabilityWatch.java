package io.berth.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Sees to it that a stream of HTTP/2 which begins, or gets a wider window, while its connection takes no more is told when
 * the connection does again.
 *
 * <p>Over TLS a channel says a moment late that it is full, and may have room once more by then. Netty's flow controller
 * tells the streams of a change only when it finds the channel other than it last knew it, so it misses this one
 * altogether: a stream that was looked at in between counts as one that cannot be written to for ever, and Vert.x keeps
 * its answer until the connection ends. Streams are looked at while something is read, and whenever something is written to
 * them. So the controller gets to know of a full channel when all that arrived has been read, and after every flush, which
 * makes room, each stream is looked at anew.
 */
final class WritabilityWatch extends ChannelDuplexHandler {
    /** How much of answers may wait for the socket: with Netty's 64 KiB the frames of a layer go out four at a time. */
    private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private final Http2ConnectionHandler http2;
    private boolean looking;
    private boolean again;

    private WritabilityWatch(Http2ConnectionHandler http2) {
        this.http2 = http2;
    }

    /** Begins to watch, when the connection speaks HTTP/2. On its event loop. */
    static void begin(HttpConnection connection) {
        if (!(connection instanceof ConnectionBase base)) {
            return;
        }
        var pipeline = base.channel().pipeline();
        ChannelHandlerContext context = pipeline.context(Http2ConnectionHandler.class);
        if (context != null) {
            base.channel().config().setWriteBufferWaterMark(WAITING);
            var watch = new WritabilityWatch((Http2ConnectionHandler) context.handler());
            pipeline.addBefore(context.name(), "writability", watch);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) throws Exception {
        http2.connection().remote().flowController().channelWritabilityChanged();
        context.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Exception {
        context.fireChannelWritabilityChanged();
        lookAtStreams(context);
    }

    @Override
    public void flush(ChannelHandlerContext context) throws Exception {
        context.flush();
        lookAtStreams(context);
    }

    // A window that grows by nothing makes the controller compare what it knows of a stream with what is. Whoever is
    // told may write and flush, which comes back to here.
    private void lookAtStreams(ChannelHandlerContext context) throws Http2Exception {
        again = true;
        if (looking) {
            return;
        }
        looking = true;
        try {
            while (again && context.channel().isWritable()) {
                again = false;
                var streams = http2.connection().remote().flowController();
                http2.connection().forEachActiveStream(stream -> {
                    streams.incrementWindowSize(stream, 0);
                    return true;
                });
            }
        } finally {
            looking = false;
        }
    }
}
