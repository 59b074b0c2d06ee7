package io.berth.http;

import io.berth.config.Cidr;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.SocketAddress;
import java.util.List;

/** Who is at the other end of a connection. */
final class PeerAddress {
    private PeerAddress() {}

    /**
     * The address of the other end, or the one that it names by the PROXY protocol when it is a trusted proxy; null where
     * there is none. By headers it may still speak for somebody else.
     */
    static String of(HttpConnection connection, List<Cidr> trusted) {
        SocketAddress named = connection.remoteAddress();
        SocketAddress real = connection.remoteAddress(true);
        if (named == null || real == null) {
            return null;
        }
        String peer = real.hostAddress();
        return named.equals(real) || peer == null || !Exchange.isTrusted(trusted, peer) ? peer : named.hostAddress();
    }
}
