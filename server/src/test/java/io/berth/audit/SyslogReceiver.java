package io.berth.audit;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ServerSocketFactory;

/** A receiver of syslog that counts octets. */
public final class SyslogReceiver implements AutoCloseable {
    private final ServerSocketFactory factory;
    private final int port;
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    private final List<Socket> connections = new ArrayList<>();
    private volatile int connected;
    private volatile int cutAfter = Integer.MAX_VALUE;
    private ServerSocket server;

    public SyslogReceiver(ServerSocketFactory factory) throws IOException {
        this.factory = factory;
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
    }

    public int port() {
        return port;
    }

    public SyslogReceiver up() throws IOException {
        server = factory.createServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        ServerSocket mine = server;
        Thread.ofPlatform().daemon().start(() -> accept(mine));
        return this;
    }

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                Socket socket = from.accept();
                synchronized (connections) {
                    connections.add(socket);
                }
                connected++;
                Thread.ofPlatform().daemon().start(() -> read(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void read(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            for (int i = 0; i < cutAfter; i++) {
                int length = 0;
                int c;
                while ((c = in.read()) != ' ') {
                    if (c < '0' || c > '9') {
                        return; // also the end
                    }
                    length = length * 10 + c - '0';
                }
                messages.add(new String(in.readNBytes(length), StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            // cut off
        }
    }

    /** Ends each connection after that many messages, with what comes after them unread. */
    public void cutAfter(int count) {
        cutAfter = count;
    }

    /** How many connections there have been. */
    public int connected() {
        return connected;
    }

    /** The next message; waits for it. */
    public String next() throws InterruptedException {
        String message = messages.poll(30, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("no message came");
        }
        return message;
    }

    /** What has come and was not taken. */
    public List<String> rest() {
        List<String> rest = new ArrayList<>();
        messages.drainTo(rest);
        return rest;
    }

    public void down() throws IOException {
        server.close();
        cut();
    }

    public void cut() throws IOException {
        synchronized (connections) {
            for (Socket socket : connections) {
                socket.close();
            }
            connections.clear();
        }
    }

    @Override
    public void close() throws IOException {
        if (server != null) {
            down();
        }
    }
}
