package io.berth.cli;

import io.berth.Berth;
import io.berth.Logging;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/**
 * {@code berth train}: starts, answers a few requests, stops. The launcher runs it once after a build so that the JVM can
 * write its cache of loaded and linked classes, which halves every later start.
 */
@Command(name = "train", hidden = true)
final class TrainCommand implements Callable<Integer> {
    private static final String PASSWORD = "training-only";

    @Override
    public Integer call() throws Exception {
        Path data = Files.createTempDirectory("berth-train");
        try {
            serve(data); // the first start migrates
            serve(data);
        } finally {
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        return 0;
    }

    private static void serve(Path data) throws Exception {
        BerthConfig config = new ConfigLoader()
                .set("data", data.toString(), "training")
                .set("server.port", "0", "training")
                .set("log.access", "false", "training")
                .set("log.level", "error", "training")
                .set("admin.password", PASSWORD, "training")
                .load();
        Logging.configure(config.logging());
        try (Berth berth = new Berth(config, Clock.systemUTC(), new SecureRandom());
                HttpClient client = HttpClient.newHttpClient()) {
            String base = "http://127.0.0.1:" + berth.port();
            byte[] content = "{}".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            String digest = "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            send(client, "GET", base + "/readyz", null, null);
            send(client, "GET", base + "/v2/", null, null);
            send(client, "POST", base + "/v2/train/me/blobs/uploads/?digest=" + digest, content, null);
            String manifest = """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                     "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[]}
                    """.formatted(digest);
            send(
                    client,
                    "PUT",
                    base + "/v2/train/me/manifests/latest",
                    manifest.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    "application/vnd.oci.image.manifest.v1+json");
            send(client, "GET", base + "/v2/train/me/manifests/latest", null, null);
            send(client, "GET", base + "/v2/train/me/blobs/" + digest, null, null);
            send(client, "GET", base + "/v2/train/me/tags/list", null, null);
            send(client, "GET", base + "/metrics", null, null);
        }
    }

    private static void send(HttpClient client, String method, String url, byte[] body, String contentType)
            throws IOException, InterruptedException {
        String credential = Base64.getEncoder()
                .encodeToString(("admin:" + PASSWORD).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(URI.create(url))
                .header("Authorization", "Basic " + credential)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (contentType != null) {
            request.header("Content-Type", contentType);
        }
        int status = client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
        if (status >= 400) {
            throw new IllegalStateException("training failed: " + method + " " + url + " answered " + status);
        }
    }
}
