package io.berth.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2Stream;

/**
 * Counts how often a client widens the windows of its streams and of their connection, from when somebody asks: only
 * where an answer stands still. For the connection's event loop.
 */
final class WindowGrants extends Http2FrameListenerDecorator {
    private final Http2Connection connection;
    private final Http2Connection.PropertyKey key;

    private WindowGrants(Http2FrameListener listener, Http2Connection connection) {
        super(listener);
        this.connection = connection;
        this.key = connection.newKey();
    }

    /** The connection's counter, which begins to count when it is asked for the first time. */
    static WindowGrants of(Http2ConnectionHandler handler) {
        if (handler.decoder().frameListener() instanceof WindowGrants counting) {
            return counting;
        }
        var counting = new WindowGrants(handler.decoder().frameListener(), handler.connection());
        handler.decoder().frameListener(counting);
        return counting;
    }

    long count(Http2Stream stream) {
        Long count = stream.getProperty(key);
        return count == null ? 0 : count;
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext context, int streamId, int increment) throws Http2Exception {
        Http2Stream stream = connection.stream(streamId);
        if (stream != null) {
            stream.setProperty(key, count(stream) + 1);
        }
        super.onWindowUpdateRead(context, streamId, increment);
    }
}
