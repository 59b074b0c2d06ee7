package io.berth.cli;

import io.berth.Berth;
import io.berth.Logging;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.oci.Digest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code berth train}: starts, answers a few requests, stops. The build runs it twice: the first run makes the
 * database, the second lets the JVM write its cache of loaded and linked classes, which halves every later start.
 */
@Command(name = "train", hidden = true)
final class TrainCommand implements Callable<Integer> {
    private static final String PASSWORD = "training-only";
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: (\\d+)");

    @Option(names = "--data", required = true, description = "A directory for the data, used once.")
    private Path data;

    @Override
    public Integer call() throws Exception {
        BerthConfig config = new ConfigLoader()
                .set("data", data.toString(), "training")
                .set("server.port", "0", "training")
                .set("log.access", "false", "training")
                .set("log.level", "error", "training")
                .set("admin.password", PASSWORD, "training")
                .load();
        Logging.configure(config.logging());
        try (Berth berth = new Berth(config, Clock.systemUTC(), new SecureRandom());
                var socket = new Socket(InetAddress.getLoopbackAddress(), berth.port())) {
            byte[] content = "{}".getBytes(StandardCharsets.US_ASCII);
            Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
            byte[] manifest = """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                     "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[]}
                    """.formatted(digest).getBytes(StandardCharsets.UTF_8);
            send(socket, "GET /readyz", new byte[0]);
            send(socket, "GET /v2/", new byte[0]);
            send(socket, "POST /v2/train/me/blobs/uploads/?digest=" + digest, content);
            send(socket, "PUT /v2/train/me/manifests/latest", manifest);
            send(socket, "GET /v2/train/me/manifests/latest", new byte[0]);
            send(socket, "GET /v2/train/me/blobs/" + digest, new byte[0]);
            send(socket, "GET /v2/train/me/tags/list", new byte[0]);
        }
        return 0;
    }

    // By hand: a client library's classes would only make the cache, and so each start, larger.
    private static void send(Socket socket, String request, byte[] body) throws IOException {
        String credential = Base64.getEncoder().encodeToString(("admin:" + PASSWORD).getBytes(StandardCharsets.UTF_8));
        var out = socket.getOutputStream();
        out.write((request + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + credential
                        + "\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
        var in = socket.getInputStream();
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("training failed: no answer to " + request);
            }
            head.append((char) next);
        }
        if (!head.toString().startsWith("HTTP/1.1 2")) {
            throw new IOException("training failed: " + request + " was answered " + head);
        }
        Matcher length = LENGTH.matcher(head);
        in.skipNBytes(length.find() ? Long.parseLong(length.group(1)) : 0);
    }
}
