package io.berth.server;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** HTTP/1.1 by hand over a socket, for what no decent client would send. Reads wait 20 seconds at most. */
final class RawHttp implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket;
    private InputStream in;
    private final OutputStream out;

    RawHttp(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 1);
        out = socket.getOutputStream();
    }

    static RawHttp connect(int port) throws IOException {
        return new RawHttp(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    /** A connection whose receive buffer is small, so that a reader that stops is noticed soon. */
    static RawHttp connectNarrow(int port) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
        return new RawHttp(socket);
    }

    Socket socket() {
        return socket;
    }

    RawHttp send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
        return this;
    }

    /** Sends text of one byte a character. */
    RawHttp send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends a head: the request line, Host and Authorization, and {@code headers}. */
    RawHttp head(String requestLine, String... headers) throws IOException {
        var head = new StringBuilder(requestLine)
                .append(" HTTP/1.1\r\nHost: localhost\r\nAuthorization: ")
                .append(BerthUnderTest.ADMIN)
                .append("\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return send(head.append("\r\n").toString());
    }

    /** The next answer to a request that was no HEAD. */
    Answer read() throws IOException {
        return read("GET");
    }

    /** The next answer, an interim one (1xx) too. */
    Answer read(String method) throws IOException {
        String statusLine = line();
        if (!statusLine.matches("HTTP/1\\.[01] \\d{3}.*")) {
            throw new IOException("no status line: " + statusLine);
        }
        int status = Integer.parseInt(statusLine.substring(9, 12));
        Map<String, List<String>> headers = new LinkedHashMap<>();
        String line;
        while (!(line = line()).isEmpty()) {
            int colon = line.indexOf(':');
            headers.computeIfAbsent(line.substring(0, colon).toLowerCase(java.util.Locale.ROOT), k -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        }
        return new Answer(method, HttpClient.Version.HTTP_1_1, status, headers, body(method, status, headers));
    }

    private byte[] body(String method, int status, Map<String, List<String>> headers) throws IOException {
        if (method.equals("HEAD") || status < 200 || status == 204 || status == 304) {
            return new byte[0];
        }
        if (headers.containsKey("content-length")) {
            int length = Integer.parseInt(headers.get("content-length").getFirst());
            byte[] body = in.readNBytes(length);
            if (body.length < length) {
                throw new EOFException("%d of %d bytes".formatted(body.length, length));
            }
            return body;
        }
        if (headers.containsKey("transfer-encoding")) {
            var body = new ByteArrayOutputStream();
            int size;
            while ((size = Integer.parseInt(line(), 16)) > 0) {
                body.write(in.readNBytes(size));
                line();
            }
            line();
            return body.toByteArray();
        }
        return in.readAllBytes();
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        int b;
        while ((b = in.read()) != '\n') {
            if (b < 0) {
                throw new EOFException("closed after '" + line.toString(StandardCharsets.ISO_8859_1) + "'");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).stripTrailing();
    }

    /** Puts text that was read before what is still to be read. */
    void unread(String text) {
        in = new SequenceInputStream(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)), in);
    }

    byte[] readBytes(int count) throws IOException {
        return in.readNBytes(count);
    }

    /** Everything until the server closes, which it has to. */
    byte[] readToEnd() throws IOException {
        var all = new ByteArrayOutputStream();
        byte[] buffer = new byte[64 << 10];
        try {
            int count;
            while ((count = in.read(buffer)) >= 0) {
                all.write(buffer, 0, count);
            }
        } catch (SocketException e) {
            // A reset is an end too.
        }
        return all.toByteArray();
    }

    /** Closes with a reset, as a client that crashes. */
    void abort() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
