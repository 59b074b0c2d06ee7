package io.berth.http;

import io.netty.buffer.ByteBuf;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * Answers with bodies that do not lie in memory. Each method blocks its virtual thread until the client has taken
 * everything; status and headers except lengths are set before.
 */
public final class BodySender {
    private final Exchange exchange;

    BodySender(Exchange exchange) {
        this.exchange = exchange;
    }

    /** Whether the request wants no body. */
    private boolean isHead() {
        return exchange.method() == HttpMethod.HEAD;
    }

    /** Sends a region of a file: by the kernel where that is cheaper, else by copying. */
    public void region(int status, FileChannel file, long offset, long length) throws IOException {
        exchange.response().setStatusCode(status).putHeader("Content-Length", Long.toString(length));
        exchange.settle();
        if (isHead() || length == 0) {
            await(exchange.response().end());
        } else if (exchange.canSendFile()) {
            try {
                awaitProgress(exchange.response().sendFile(file, offset, length));
            } catch (IOException e) {
                exchange.abort();
                throw e;
            }
        } else {
            try (Pump pump = pump()) {
                pump.write(new RegionFiller(file, offset, length));
                pump.finish(exchange.response().end());
            } catch (IOException e) {
                exchange.abort();
                throw e;
            }
        }
    }

    /** Sends a large piece of memory through pooled buffers, so that slow clients do not each hold a copy. */
    public void bytes(int status, CharSequence contentType, byte[] content) throws IOException {
        exchange.response()
                .setStatusCode(status)
                .putHeader("Content-Type", contentType)
                .putHeader("Content-Length", Integer.toString(content.length));
        exchange.settle();
        if (isHead()) {
            await(exchange.response().end());
            return;
        }
        int[] position = {0};
        pumped(buffer -> {
            int count = Math.min(buffer.capacity(), content.length - position[0]);
            buffer.writeBytes(content, position[0], count);
            position[0] += count;
            return count > 0;
        });
    }

    /** Sends pieces of text as they are made, without knowing the length. Null is the end. */
    public void stream(int status, CharSequence contentType, TextSource source) throws IOException {
        exchange.response().setStatusCode(status).putHeader("Content-Type", contentType);
        exchange.settle();
        if (isHead()) {
            await(exchange.response().end());
            return;
        }
        exchange.response().setChunked(true);
        byte[][] rest = {new byte[0]};
        int[] position = {0};
        pumped(buffer -> {
            while (position[0] == rest[0].length) {
                String piece = source.next();
                if (piece == null) {
                    return buffer.isReadable();
                }
                rest[0] = piece.getBytes(StandardCharsets.UTF_8);
                position[0] = 0;
            }
            int count = Math.min(buffer.writableBytes(), rest[0].length - position[0]);
            buffer.writeBytes(rest[0], position[0], count);
            position[0] += count;
            return true;
        });
    }

    /** Text by pieces. */
    @FunctionalInterface
    public interface TextSource {
        /** The next piece, or null at the end. */
        String next() throws IOException;
    }

    /** Sends {@code length} bytes as they come. A source that ends before or fails breaks the answer off. */
    public void stream(int status, long length, ByteSource source) throws IOException {
        exchange.response().setStatusCode(status).putHeader("Content-Length", Long.toString(length));
        exchange.settle();
        if (isHead() || length == 0) {
            await(exchange.response().end());
        } else {
            pumped(new StreamFiller(source, length));
        }
    }

    /** Bytes by pieces. */
    @FunctionalInterface
    public interface ByteSource {
        /** The next piece, which is the caller's until the next call, or null at the end. */
        ByteBuffer next() throws IOException;
    }

    /** Writes the bytes of one range by the method of {@link PartWriter} that suits where they lie. */
    @FunctionalInterface
    public interface Part {
        void write(ByteRanges.Range range, PartWriter to) throws IOException;
    }

    /** Where the bytes of a range go. */
    public static final class PartWriter {
        private final Pump pump;

        private PartWriter(Pump pump) {
            this.pump = pump;
        }

        public void region(FileChannel file, long offset, long length) throws IOException {
            pump.write(new RegionFiller(file, offset, length));
        }

        public void stream(ByteSource source, long length) throws IOException {
            pump.write(new StreamFiller(source, length));
        }
    }

    /**
     * Sends several ranges as {@code multipart/byteranges}.
     *
     * @param part is asked for each range in turn
     * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-14.6">RFC 9110, Media Type multipart/byteranges</a>
     */
    public void multipart(long size, String contentType, List<ByteRanges.Range> ranges, Part part) throws IOException {
        String boundary = "berth-" + exchange.requestId();
        List<byte[]> heads = ranges.stream()
                .map(range -> ("\r\n--" + boundary + "\r\nContent-Type: " + contentType + "\r\nContent-Range: bytes "
                                + range.first() + "-" + range.last() + "/" + size + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII))
                .toList();
        byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII);
        long length = tail.length;
        for (int i = 0; i < ranges.size(); i++) {
            length += heads.get(i).length + ranges.get(i).length();
        }
        exchange.response()
                .setStatusCode(206)
                .putHeader("Content-Type", "multipart/byteranges; boundary=" + boundary)
                .putHeader("Content-Length", Long.toString(length));
        exchange.settle();
        if (isHead()) {
            await(exchange.response().end());
            return;
        }
        try (Pump pump = pump()) {
            var to = new PartWriter(pump);
            for (int i = 0; i < ranges.size(); i++) {
                exchange.response().write(Buffer.buffer(heads.get(i)));
                part.write(ranges.get(i), to);
            }
            pump.finish(exchange.response().end(Buffer.buffer(tail)));
        } catch (IOException | RuntimeException e) {
            exchange.abort();
            throw e;
        }
    }

    private void pumped(Pump.Filler filler) throws IOException {
        try (Pump pump = pump()) {
            pump.write(filler);
            pump.finish(exchange.response().end());
        } catch (IOException | RuntimeException e) {
            exchange.abort();
            throw e;
        }
    }

    private Pump pump() {
        ServerContext context = exchange.context();
        return new Pump(
                exchange.response(),
                context.buffers(),
                new PatientWait(exchange::sendingProgress, context.buffers()::contended, context.idleTimeout()),
                context.idleTimeout());
    }

    // The kernel needs nothing that others wait for.
    private void awaitProgress(Future<Void> done) throws IOException {
        new PatientWait(
                        exchange::sendingProgress,
                        () -> false,
                        exchange.context().idleTimeout())
                .await(done);
    }

    private static void await(Future<Void> done) throws IOException {
        try {
            done.toCompletionStage().toCompletableFuture().join();
        } catch (CompletionException e) {
            throw new IOException("the client went away", e.getCause());
        }
    }

    private static final class RegionFiller implements Pump.Filler {
        private final FileChannel file;
        private long position;
        private long left;

        RegionFiller(FileChannel file, long offset, long length) {
            this.file = file;
            this.position = offset;
            this.left = length;
        }

        @Override
        public boolean fill(ByteBuf buffer) throws IOException {
            if (left == 0) {
                return false;
            }
            int count = buffer.writeBytes(file, position, (int) Math.min(left, buffer.writableBytes()));
            if (count <= 0) {
                throw new IOException("the stored file is shorter than its blob");
            }
            position += count;
            left -= count;
            return true;
        }
    }

    private static final class StreamFiller implements Pump.Filler {
        private final ByteSource source;
        private ByteBuffer piece = ByteBuffer.allocate(0);
        private long left;

        StreamFiller(ByteSource source, long length) {
            this.source = source;
            this.left = length;
        }

        @Override
        public boolean fill(ByteBuf buffer) throws IOException {
            while (left > 0 && buffer.isWritable()) {
                if (!piece.hasRemaining()) {
                    piece = source.next();
                    if (piece == null) {
                        throw new IOException("the stored object is shorter than its blob");
                    }
                }
                int count = (int) Math.min(left, Math.min(piece.remaining(), buffer.writableBytes()));
                buffer.writeBytes(piece.slice(piece.position(), count));
                piece.position(piece.position() + count);
                left -= count;
            }
            return buffer.isReadable();
        }
    }
}
