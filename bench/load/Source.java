import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A file whose first bytes are replaced by a stamp while it is sent. */
final class Source implements AutoCloseable {
    private final FileChannel file;
    private final byte[] stamp;
    private final long size;

    Source(Path path, long size, String stamp) throws IOException {
        this.file = FileChannel.open(path);
        this.size = size;
        this.stamp = stamp.isEmpty() ? new byte[0] : String.format("%-64s", stamp).getBytes(UTF_8);
    }

    String digest() throws Exception {
        var sha = MessageDigest.getInstance("SHA-256");
        sha.update(stamp);
        var buffer = ByteBuffer.allocateDirect(1 << 20);
        for (long at = stamp.length; at < size; at += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), size - at));
            file.read(buffer, at);
            sha.update(buffer.flip());
        }
        return "sha256:" + HexFormat.of().formatHex(sha.digest());
    }

    void send(SocketChannel to, long from, long length) throws IOException {
        long at = from;
        if (from < stamp.length) {
            int part = (int) Math.min(length, stamp.length - from);
            Http.writeAll(to, ByteBuffer.wrap(stamp, (int) from, part));
            at += part;
        }
        while (at < from + length) {
            at += file.transferTo(at, from + length - at, to);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
