package io.berth.server;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLSocket;

/** HTTP/2 by prior knowledge, frame by frame, with windows that are never opened further. */
final class RawH2 implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;

    private final Socket socket;
    private final DataInputStream in;
    private ByteArrayOutputStream held;

    private RawH2(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
    }

    static RawH2 connect(int port) throws IOException {
        return begin(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    static RawH2 connectTls(int port, TestCertificate trusted) throws IOException {
        var socket = (SSLSocket) trusted.trusting().getSocketFactory().createSocket("localhost", port);
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        return begin(socket);
    }

    private static RawH2 begin(Socket socket) throws IOException {
        var h2 = new RawH2(socket);
        h2.socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        h2.frame(SETTINGS, 0, 0, new byte[0]);
        return h2;
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        var frame = new ByteArrayOutputStream();
        frame.write(payload.length >> 16);
        frame.write(payload.length >> 8);
        frame.write(payload.length);
        frame.write(type);
        frame.write(flags);
        frame.writeBytes(java.nio.ByteBuffer.allocate(4).putInt(stream).array());
        frame.writeBytes(payload);
        if (held != null) {
            held.writeBytes(frame.toByteArray());
        } else {
            socket.getOutputStream().write(frame.toByteArray());
        }
    }

    /** Keeps what is asked and granted from now on, for {@link #release}. */
    void hold() {
        held = new ByteArrayOutputStream();
    }

    /** Sends what was held in one piece, which the server reads at once. */
    void release() throws IOException {
        byte[] all = held.toByteArray();
        held = null;
        socket.getOutputStream().write(all);
    }

    // Literals without indexing, RFC 7541, 6.2.2
    private static void literal(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        for (String text : new String[] {name, value}) {
            if (text.length() < 127) {
                block.write(text.length());
            } else {
                block.write(127);
                int rest = text.length() - 127;
                while (rest >= 128) {
                    block.write(rest % 128 + 128);
                    rest /= 128;
                }
                block.write(rest);
            }
            block.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    /** Asks for {@code path} on {@code stream}, an odd number that grows. */
    void get(int stream, String path) throws IOException {
        var block = new ByteArrayOutputStream();
        literal(block, ":method", "GET");
        literal(block, ":scheme", "http");
        literal(block, ":authority", "localhost");
        literal(block, ":path", path);
        literal(block, "authorization", BerthUnderTest.ADMIN);
        frame(HEADERS, 0x5, stream, block.toByteArray());
    }

    /** Begins a head on {@code stream} that {@link #goOn} continues. */
    void begin(int stream) throws IOException {
        var block = new ByteArrayOutputStream();
        literal(block, ":method", "GET");
        literal(block, ":scheme", "http");
        literal(block, ":authority", "localhost");
        literal(block, ":path", "/v2/");
        frame(HEADERS, 0x1, stream, block.toByteArray());
    }

    /** A field more, in a frame of its own. */
    void goOn(int stream, String name, String value, boolean last) throws IOException {
        var block = new ByteArrayOutputStream();
        literal(block, name, value);
        frame(CONTINUATION, last ? 0x4 : 0, stream, block.toByteArray());
    }

    /** Lets the server send {@code bytes} more on the stream and on the connection. */
    void grant(int stream, int bytes) throws IOException {
        widen(0, bytes);
        widen(stream, bytes);
    }

    /** Lets the server send {@code bytes} more on the stream alone, or with 0 on the connection alone. */
    void widen(int stream, int bytes) throws IOException {
        frame(
                WINDOW_UPDATE,
                0,
                stream,
                java.nio.ByteBuffer.allocate(4).putInt(bytes).array());
    }

    /** Reads {@code count} bytes of the stream's body, and says whether they were the last. */
    boolean readData(int stream, int count) throws IOException {
        int left = count;
        while (left > 0) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int id = in.readInt();
            in.skipNBytes(length);
            if (type == GOAWAY || type == RST_STREAM && id == stream) {
                throw new EOFException("the stream was cut off with " + left + " of " + count + " bytes missing");
            }
            if (type == DATA && id == stream) {
                left -= length;
                if ((flags & 1) != 0) {
                    return left == 0;
                }
            }
        }
        return false;
    }

    void reset(int stream) throws IOException {
        frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8});
    }

    void awaitHeaders(int stream) throws IOException {
        await(HEADERS, stream);
    }

    /** Whether the server ends the connection, by GOAWAY or by closing. */
    boolean isSentAway() {
        try {
            await(GOAWAY, 0);
            return true;
        } catch (EOFException | java.net.SocketException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void await(int wanted, int stream) throws IOException {
        while (true) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int id = in.readInt();
            in.skipNBytes(length);
            if (type == SETTINGS && (flags & 1) == 0) {
                frame(SETTINGS, 1, 0, new byte[0]);
            }
            if (type == wanted && id == stream) {
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
