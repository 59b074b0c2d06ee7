import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** HEAD requests over many connections: one thread and a selector, cheap enough to share the machine with the server. */
final class Head {
    private final Options options;
    private final List<byte[]> requests = new ArrayList<>();
    private int next;
    private long done;
    private long failed;
    private String failure = "";

    Head(Options options) {
        this.options = options;
    }

    void run() throws IOException {
        for (String target : Files.readAllLines(Path.of(options.text("targets")))) {
            requests.add(("HEAD " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + options.port() + "\r\n" + options.credentials()
                    + "Accept: " + Load.MANIFEST + "\r\n\r\n").getBytes(ISO_8859_1));
        }
        long start = System.nanoTime();
        long end = options.end(start);
        try (var selector = Selector.open()) {
            for (int i = 0; i < options.number("connections", 64); i++) {
                var channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", options.port()));
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true).configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ, ByteBuffer.allocateDirect(16 << 10));
                send(channel);
            }
            while (!selector.keys().isEmpty()) {
                selector.select(10_000);
                if (selector.selectedKeys().isEmpty()) {
                    throw new IOException("no answer for ten seconds");
                }
                for (SelectionKey key : selector.selectedKeys()) {
                    var channel = (SocketChannel) key.channel();
                    if (received(channel, (ByteBuffer) key.attachment())) {
                        if (System.nanoTime() < end) {
                            send(channel);
                        } else {
                            channel.close();
                        }
                    }
                }
                selector.selectedKeys().clear();
                selector.selectNow(key -> { }); // forgets closed channels
            }
        }
        Options.print("requests", done, "failed", failed, "failure", failure, "seconds", (System.nanoTime() - start) / 1e9);
    }

    private void send(SocketChannel channel) throws IOException {
        channel.write(ByteBuffer.wrap(requests.get(next++ % requests.size())));
    }

    /** Whether an answer is now whole. */
    private boolean received(SocketChannel channel, ByteBuffer buffer) throws IOException {
        if (channel.read(buffer) < 0) {
            failed++;
            failure = "connection closed";
            channel.close();
            return false;
        }
        int end = buffer.position();
        if (end < 13 || buffer.get(end - 1) != '\n' || buffer.get(end - 2) != '\r' || buffer.get(end - 3) != '\n') {
            return false;
        }
        if (buffer.get(9) == '2') {
            done++;
        } else {
            failed++;
            failure = ISO_8859_1.decode(buffer.duplicate().flip()).toString().lines().findFirst().orElse("");
        }
        buffer.clear();
        return true;
    }
}
