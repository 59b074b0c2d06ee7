package io.berth.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Sees to it that a stream of HTTP/2 which begins, or gets a wider window, while its connection takes no more is told when
 * the connection does again.
 *
 * <p>Over TLS a channel says a moment late that it is full, and may have room once more by then. Netty's flow controller
 * tells the streams of a change only when it finds the channel other than it last knew it, so it misses this one
 * altogether: a stream that was looked at in between counts as one that cannot be written to for ever, and Vert.x keeps
 * its answer until the connection ends. Streams are looked at while something is read; so the controller gets to know of a
 * full channel when all that arrived has been read, before the flush that makes room.
 */
final class WritabilityWatch extends ChannelInboundHandlerAdapter {
    /** How much of answers may wait for the socket: with Netty's 64 KiB the frames of a layer go out four at a time. */
    private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(128 << 10, 256 << 10);

    private final Http2ConnectionHandler http2;

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
}
