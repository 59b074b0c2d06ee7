package io.berth.tracing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Takes what an OpenTelemetry collector takes, OTLP over HTTP, and reads the spans.
 *
 * @see <a href="https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto">
 *     trace.proto</a>
 */
final class Collector implements AutoCloseable {
    record Span(
            String traceId,
            String parentId,
            String name,
            int kind,
            long startNanos,
            long endNanos,
            int statusCode,
            Map<String, Object> attributes,
            Map<String, Object> resource) {}

    private final HttpServer server;
    final List<Span> spans = new CopyOnWriteArrayList<>();
    final List<String> requests = new CopyOnWriteArrayList<>();
    final List<byte[]> bodies = new CopyOnWriteArrayList<>();
    volatile int status = 200;

    Collector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                    + exchange.getRequestHeaders().getFirst("Content-Type"));
            bodies.add(body);
            for (byte[] resourceSpans : all(fields(body), 1)) {
                read(resourceSpans);
            }
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void read(byte[] resourceSpans) {
        var parts = fields(resourceSpans);
        Map<String, Object> resource = attributes(all(fields(all(parts, 1).getFirst()), 1));
        for (byte[] scopeSpans : all(parts, 2)) {
            for (byte[] span : all(fields(scopeSpans), 2)) {
                var values = fields(span);
                List<byte[]> status = all(values, 15);
                spans.add(new Span(
                        HexFormat.of().formatHex(all(values, 1).getFirst()),
                        all(values, 4).isEmpty()
                                ? ""
                                : HexFormat.of().formatHex(all(values, 4).getFirst()),
                        text(all(values, 5).getFirst()),
                        (int) number(values, 6),
                        number(values, 7),
                        number(values, 8),
                        status.isEmpty() ? 0 : (int) number(fields(status.getFirst()), 3),
                        attributes(all(values, 9)),
                        resource));
            }
        }
    }

    private static Map<String, Object> attributes(List<byte[]> pairs) {
        var attributes = new LinkedHashMap<String, Object>();
        for (byte[] pair : pairs) {
            var parts = fields(pair);
            var value = fields(all(parts, 2).getFirst());
            attributes.put(
                    text(all(parts, 1).getFirst()),
                    all(value, 1).isEmpty()
                            ? number(value, 3)
                            : text(all(value, 1).getFirst()));
        }
        return attributes;
    }

    /** A field of a protobuf message: a number, or bytes. */
    private record Field(int number, long value, byte[] bytes) {}

    private static List<Field> fields(byte[] message) {
        var in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        var fields = new ArrayList<Field>();
        while (in.hasRemaining()) {
            long tag = varint(in);
            int number = (int) (tag >>> 3);
            switch ((int) (tag & 7)) {
                case 0 -> fields.add(new Field(number, varint(in), null));
                case 1 -> fields.add(new Field(number, in.getLong(), null));
                case 2 -> {
                    byte[] bytes = new byte[(int) varint(in)];
                    in.get(bytes);
                    fields.add(new Field(number, 0, bytes));
                }
                case 5 -> fields.add(new Field(number, in.getInt(), null));
                default -> throw new IllegalArgumentException("no such wire type: " + (tag & 7));
            }
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    private static List<byte[]> all(List<Field> fields, int number) {
        return fields.stream()
                .filter(field -> field.number() == number && field.bytes() != null)
                .map(Field::bytes)
                .toList();
    }

    private static long number(List<Field> fields, int number) {
        return fields.stream()
                .filter(field -> field.number() == number)
                .mapToLong(Field::value)
                .findFirst()
                .orElse(0);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
