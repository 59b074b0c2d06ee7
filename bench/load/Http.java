import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** One keep-alive connection, one request at a time. */
final class Http implements AutoCloseable {
    final SocketChannel channel;
    private final String common;
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 << 10).limit(0);

    Http(int port, String credentials) throws IOException {
        channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        common = "Host: 127.0.0.1:" + port + "\r\n" + credentials;
    }

    Answer exchange(String method, String path, String headers, byte[] body) throws IOException {
        var head = (method + " " + path + " HTTP/1.1\r\n" + common + headers
                + (body == null ? "" : "Content-Length: " + body.length + "\r\n") + "\r\n").getBytes(ISO_8859_1);
        var out = ByteBuffer.allocate(head.length + (body == null ? 0 : body.length)).put(head);
        writeAll(channel, (body == null ? out : out.put(body)).flip());
        return answer(method + " " + path);
    }

    void begin(String method, String path, String headers) throws IOException {
        write(method + " " + path + " HTTP/1.1\r\n" + common + headers + "\r\n");
    }

    void write(String text) throws IOException {
        writeAll(channel, ByteBuffer.wrap(text.getBytes(ISO_8859_1)));
    }

    Answer answer(String request) throws IOException {
        int status = Integer.parseInt(line().substring(9, 12));
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
        }
        var body = new StringBuilder();
        if (headers.containsKey("content-length")) {
            read(Long.parseLong(headers.get("content-length")), body);
        } else if (headers.getOrDefault("transfer-encoding", "").equals("chunked")) {
            for (long size; (size = Long.parseLong(line(), 16)) > 0; line()) {
                read(size, body);
            }
            line();
        }
        return new Answer(request, status, headers, body.toString());
    }

    private void read(long size, StringBuilder head) throws IOException {
        while (size > 0) {
            fill();
            int part = (int) Math.min(size, in.remaining());
            if (head.length() < 300) {
                head.append(ISO_8859_1.decode(in.slice(in.position(), Math.min(part, 300))));
            }
            in.position(in.position() + part);
            size -= part;
        }
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (char c; (c = next()) != '\n'; ) {
            line.append(c);
        }
        return line.substring(0, line.length() - 1);
    }

    private char next() throws IOException {
        fill();
        return (char) in.get();
    }

    private void fill() throws IOException {
        if (!in.hasRemaining()) {
            in.clear();
            int read = channel.read(in);
            in.flip();
            if (read < 0) {
                throw new EOFException("connection closed");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    static void writeAll(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
