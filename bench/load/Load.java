import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * The load generator of {@code bin/bench} for what wrk and curl cannot do: pushes, HEAD requests and seeding. It speaks
 * HTTP/1.1 over plain sockets, sends bodies by {@code sendfile}, and prints one JSON object.
 *
 * <p>{@code java Load COMMAND key=value ...}; the commands are the cases of {@link #main}.
 */
public final class Load {
    static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
    private static final String OCTETS = "application/octet-stream";

    private final Options options;
    private final AtomicLong sequence = new AtomicLong();

    private Load(Options options) {
        this.options = options;
    }

    public static void main(String[] args) throws Exception {
        var options = new Options(args);
        var load = new Load(options);
        switch (args[0]) {
            case "make" -> load.make();
            case "hash" -> load.hash();
            case "head" -> new Head(options).run();
            case "get" -> load.get();
            case "push" -> load.push();
            case "blobs" -> load.blobs();
            case "manifests" -> load.manifests();
            case "repositories" -> load.repositories();
            case "tags" -> load.tags();
            default -> throw new IllegalArgumentException("unknown command " + args[0]);
        }
    }

    // ---- data

    /** {@code make file= size= seed=}: writes bytes that neither compress nor repeat, the same for the same seed. */
    private void make() throws Exception {
        long left = options.number("size", 0);
        var random = new SplittableRandom(options.number("seed", 1));
        var buffer = ByteBuffer.allocateDirect(1 << 20);
        var sha = MessageDigest.getInstance("SHA-256");
        try (var file = FileChannel.open(Path.of(options.text("file")), StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            while (left > 0) {
                buffer.clear();
                while (buffer.hasRemaining()) {
                    buffer.putLong(random.nextLong());
                }
                buffer.flip().limit((int) Math.min(buffer.limit(), left));
                left -= buffer.limit();
                sha.update(buffer.duplicate());
                while (buffer.hasRemaining()) {
                    file.write(buffer);
                }
            }
        }
        Options.print("digest", "sha256:" + HexFormat.of().formatHex(sha.digest()));
    }

    /** {@code hash seconds=}: the floor under every push, SHA-256 alone over memory that is already warm. */
    private void hash() throws Exception {
        var buffer = ByteBuffer.allocateDirect(1 << 20);
        var sha = MessageDigest.getInstance("SHA-256");
        for (long warmUp = System.nanoTime() + 500_000_000L; System.nanoTime() < warmUp; ) {
            sha.update(buffer.clear());
        }
        long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        long start = System.nanoTime();
        long end = start + options.number("seconds", 1) * 1_000_000_000L;
        long bytes = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 64; i++) {
                sha.update(buffer.clear());
            }
            bytes += 64L << 20;
        }
        cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu;
        Options.print("bytes", bytes, "seconds", (System.nanoTime() - start) / 1e9, "cpu", cpu / 1e9);
    }

    // ---- reading

    /**
     * {@code get port= targets=FILE connections= seconds= count=}: whole answers only, for requests that may take long. A
     * target may be followed by a tab and its credentials.
     */
    private void get() throws Exception {
        List<String[]> targets = Files.readAllLines(Path.of(options.text("targets"))).stream()
                .map(line -> line.split("\t"))
                .toList();
        repeat(options.number("count", Long.MAX_VALUE), (http, number) -> {
            String[] target = targets.get((int) (number % targets.size()));
            String credentials = target.length > 1 ? "Authorization: " + target[1] + "\r\n" : "";
            http.exchange("GET", target[0], credentials, null).expect(200);
        });
    }

    // ---- pushes

    /**
     * {@code push port= repository= file= size= mode=monolithic|chunked|streamed chunk= stamp=}: one large blob. A stamp
     * replaces the first 64 bytes, so that each push is a blob of its own; its digest is computed before the clock starts.
     */
    private void push() throws Exception {
        long size = options.number("size", 0);
        try (var source = new Source(Path.of(options.text("file")), size, options.text("stamp", ""))) {
            String digest = source.digest();
            push(source, size, digest);
        }
    }

    // Connected only now: some servers close a connection on which nothing is asked for some seconds.
    private void push(Source source, long size, String digest) throws Exception {
        try (var http = new Http(options.port(), options.credentials())) {
            long start = System.nanoTime();
            String location = http.exchange("POST", uploads(options.text("repository")), "", new byte[0]).expect(202).location();
            switch (options.text("mode", "monolithic")) {
                case "monolithic" -> {
                    http.begin("PUT", withDigest(location, digest),
                            "Content-Type: " + OCTETS + "\r\nContent-Length: " + size + "\r\n");
                    source.send(http.channel, 0, size);
                    http.answer("PUT").expect(201);
                }
                case "chunked" -> {
                    long chunk = options.number("chunk", 16 << 20);
                    for (long from = 0; from < size; from += chunk) {
                        long length = Math.min(chunk, size - from);
                        http.begin("PATCH", location, "Content-Type: " + OCTETS + "\r\nContent-Length: " + length
                                + "\r\nContent-Range: " + from + "-" + (from + length - 1) + "\r\n");
                        source.send(http.channel, from, length);
                        location = http.answer("PATCH").expect(202).location();
                    }
                    http.exchange("PUT", withDigest(location, digest), "", new byte[0]).expect(201);
                }
                case "streamed" -> {
                    http.begin("PATCH", location, "Content-Type: " + OCTETS + "\r\nTransfer-Encoding: chunked\r\n");
                    for (long from = 0; from < size; from += 1 << 20) {
                        long length = Math.min(1 << 20, size - from);
                        http.write(Long.toHexString(length) + "\r\n");
                        source.send(http.channel, from, length);
                        http.write("\r\n");
                    }
                    http.write("0\r\n\r\n");
                    location = http.answer("PATCH").expect(202).location();
                    http.exchange("PUT", withDigest(location, digest), "", new byte[0]).expect(201);
                }
                default -> throw new IllegalArgumentException("unknown mode");
            }
            Options.print("requests", 1, "failed", 0, "seconds", (System.nanoTime() - start) / 1e9, "digest", digest);
        }
    }

    /** {@code blobs port= repository= connections= seconds= size=}: every blob is new; POST, then PUT. */
    private void blobs() throws Exception {
        int size = (int) options.number("size", 1024);
        long nonce = System.nanoTime();
        repeat((http, number) -> {
            var body = new byte[size];
            var random = new SplittableRandom(nonce + number);
            for (int i = 0; i < size; i++) {
                body[i] = (byte) random.nextInt();
            }
            upload(http, options.text("repository"), body);
        });
    }

    /** {@code manifests port= repository= connections= seconds=}: every manifest is new and gets a new tag. */
    private void manifests() throws Exception {
        var content = pushContent(options.text("repository"));
        String nonce = Long.toString(System.nanoTime(), 36);
        repeat((http, number) -> http.exchange("PUT", "/v2/" + options.text("repository") + "/manifests/" + nonce + "-" + number,
                "Content-Type: " + MANIFEST + "\r\n", content.manifest(nonce + "-" + number)).expect(201));
    }

    // ---- seeding

    /**
     * {@code repositories port= repository=PREFIX/r count= out=FILE}: PREFIX/r00000, ..., each with config, layer and a
     * manifest of its own, whose digests are written to the file. {@code names=FILE}: those, one a line, instead.
     */
    private void repositories() throws Exception {
        List<String> names = options.has("names") ? Files.readAllLines(Path.of(options.text("names"))) : null;
        String first = names == null ? repository(0) : names.getFirst();
        var content = pushContent(first);
        long count = names == null ? options.number("count", 1) : names.size();
        var lines = new String[(int) count];
        repeat(count, (http, number) -> {
            String name = names == null ? repository(number) : names.get((int) number);
            for (byte[] blob : List.of(content.config, content.layer)) {
                var mounted = http.exchange("POST", "/v2/" + name + "/blobs/uploads/?mount=" + sha256(blob) + "&from="
                        + first, "", new byte[0]);
                if (mounted.status() != 201) {
                    finish(http, mounted.expect(202).location(), blob);
                }
            }
            byte[] manifest = content.manifest(name);
            http.exchange("PUT", "/v2/" + name + "/manifests/latest", "Content-Type: " + MANIFEST + "\r\n", manifest).expect(201);
            lines[(int) number] = name + " " + sha256(manifest);
        });
        if (options.has("out")) {
            Files.write(Path.of(options.text("out")), List.of(lines));
        }
    }

    /** {@code tags port= repository= count=}: tags t00000, t00001, ... over one hundred manifests. */
    private void tags() throws Exception {
        var content = pushContent(options.text("repository"));
        repeat(options.number("count", 1), (http, number) -> http.exchange("PUT",
                String.format(Locale.ROOT, "/v2/%s/manifests/t%05d", options.text("repository"), number),
                "Content-Type: " + MANIFEST + "\r\n", content.manifest("m" + number % 100)).expect(201));
    }

    /** A config, a layer and manifests that name them: the layer five times, which gives a manifest of the usual size. */
    private record Content(byte[] config, byte[] layer) {
        byte[] manifest(String title) {
            String layers = String.join(",", Collections.nCopies(5, descriptor(LAYER, layer)));
            return ("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":" + descriptor(CONFIG, config)
                    + ",\"layers\":[" + layers + "],\"annotations\":{\"org.opencontainers.image.title\":\"" + title + "\"}}")
                    .getBytes(UTF_8);
        }

        private static String descriptor(String type, byte[] bytes) {
            return "{\"mediaType\":\"" + type + "\",\"size\":" + bytes.length + ",\"digest\":\"" + sha256(bytes) + "\"}";
        }
    }

    private Content pushContent(String repository) throws IOException {
        var content = new Content("{\"architecture\":\"amd64\",\"os\":\"linux\"}".getBytes(UTF_8), "a layer".getBytes(UTF_8));
        try (var http = new Http(options.port(), options.credentials())) {
            upload(http, repository, content.config);
            upload(http, repository, content.layer);
        }
        return content;
    }

    private static void upload(Http http, String repository, byte[] body) throws IOException {
        finish(http, http.exchange("POST", uploads(repository), "", new byte[0]).expect(202).location(), body);
    }

    private static void finish(Http http, String location, byte[] body) throws IOException {
        http.exchange("PUT", withDigest(location, sha256(body)), "Content-Type: " + OCTETS + "\r\n", body).expect(201);
    }

    // ---- the loop

    @FunctionalInterface
    private interface Step {
        void run(Http http, long number) throws IOException;
    }

    private void repeat(Step step) throws Exception {
        repeat(Long.MAX_VALUE, step);
    }

    /** Runs the step on every connection until {@code seconds} are over or {@code limit} steps are done; all end whole. */
    private void repeat(long limit, Step step) throws Exception {
        long start = System.nanoTime();
        long end = options.end(start);
        var failed = new AtomicLong();
        var done = new AtomicLong();
        var failure = new AtomicReference<>("");
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < options.number("connections", 32); i++) {
                workers.add(executor.submit(() -> {
                    try (var http = new Http(options.port(), options.credentials())) {
                        for (long n; System.nanoTime() < end && (n = sequence.getAndIncrement()) < limit; done.incrementAndGet()) {
                            step.run(http, n);
                        }
                    } catch (IOException | RuntimeException e) {
                        failed.incrementAndGet();
                        failure.compareAndSet("", e.toString());
                    }
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Options.print("requests", done.get(), "failed", failed.get(), "failure", failure.get(), "seconds", seconds);
    }

    private static String withDigest(String location, String digest) {
        return location + (location.contains("?") ? "&" : "?") + "digest=" + digest;
    }

    private static String sha256(byte[] bytes) {
        try {
            return "sha256:" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String uploads(String repository) {
        return "/v2/" + repository + "/blobs/uploads/";
    }

    private String repository(long number) {
        return String.format(Locale.ROOT, "%s%05d", options.text("repository"), number);
    }
}
