package io.berth.server;

import io.berth.Berth;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.oci.Digest;
import io.berth.oci.MediaType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;

/** A Berth in this process, and a client that talks to it over a real socket. */
final class RunningBerth implements AutoCloseable {
    static final String PASSWORD = "correct horse";
    static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString(("admin:" + PASSWORD).getBytes(StandardCharsets.UTF_8));

    private final Berth berth;
    private final HttpClient client;

    /** @param settings keys and values of the configuration */
    RunningBerth(Path data, String... settings) throws IOException {
        this(data, Clock.systemUTC(), settings);
    }

    RunningBerth(Path data, Clock clock, String... settings) throws IOException {
        var loader = new ConfigLoader()
                .set("data", data.toString(), "test")
                .set("server.port", "0", "test")
                .set("log.access", "false", "test")
                .set("storage.min-free", "0", "test")
                .set("admin.password", PASSWORD, "test");
        for (int i = 0; i < settings.length; i += 2) {
            loader.set(settings[i], settings[i + 1], "test");
        }
        BerthConfig config = loader.load();
        berth = new Berth(config, clock, new SecureRandom());
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    int port() {
        return berth.port();
    }

    /** Sends a request as admin. Headers are names and values that take turns. */
    HttpResponse<byte[]> send(String method, String path, byte[] body, String... headers) {
        return sendAs(BASIC, method, path, body, headers);
    }

    HttpResponse<byte[]> get(String path, String... headers) {
        return send("GET", path, null, headers);
    }

    /** The same with another Authorization header, or without one when it is null. */
    HttpResponse<byte[]> sendAs(String authorization, String method, String path, byte[] body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                .timeout(Duration.ofSeconds(30))
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new AssertionError(method + " " + path + " failed", e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Pushes a blob and returns its digest. */
    Digest blob(String repository, byte[] content) {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        expect(201, send("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + digest, content));
        return digest;
    }

    /** Begins an upload and returns its path. */
    String upload(String repository) {
        return header(expect(202, send("POST", "/v2/" + repository + "/blobs/uploads/", null)), "Location");
    }

    /** An image of a configuration and layers that are all there. */
    byte[] image(String repository, byte[]... layers) {
        byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
        blob(repository, config);
        var descriptors = new StringBuilder();
        for (byte[] layer : layers) {
            descriptors
                    .append(descriptors.isEmpty() ? "" : ",")
                    .append(descriptor(
                            "application/vnd.oci.image.layer.v1.tar", blob(repository, layer), layer.length));
        }
        return image(Digest.of(Digest.Algorithm.SHA256, config), descriptors.toString(), "");
    }

    static byte[] image(Digest config, String layers, String more) {
        return ("{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.OCI_MANIFEST + "\",\"config\":"
                        + descriptor("application/vnd.oci.image.config.v1+json", config, 2) + ",\"layers\":[" + layers
                        + "]" + more + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    static byte[] index(String manifests, String more) {
        return ("{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.OCI_INDEX + "\",\"manifests\":[" + manifests + "]"
                        + more + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    static String descriptor(String mediaType, Digest digest, long size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest, size);
    }

    /** Pushes a manifest under a tag or digest and returns its digest. */
    Digest manifest(String repository, String reference, byte[] content) {
        expect(201, put(repository, reference, content));
        return Digest.of(Digest.Algorithm.SHA256, content);
    }

    HttpResponse<byte[]> put(String repository, String reference, byte[] content, String... headers) {
        return send("PUT", "/v2/" + repository + "/manifests/" + reference, content, headers);
    }

    static HttpResponse<byte[]> expect(int status, HttpResponse<byte[]> answer) {
        if (answer.statusCode() != status) {
            throw new AssertionError("expected " + status + " and got " + answer.statusCode() + " from "
                    + answer.request().method() + " " + answer.uri() + ": " + text(answer));
        }
        return answer;
    }

    static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse(null);
    }

    static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    /** Sends bytes as they are over a connection of their own and returns what comes back until it closes or is silent. */
    String raw(String request) throws IOException {
        return raw(request.getBytes(StandardCharsets.ISO_8859_1));
    }

    String raw(byte[] request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            return answer(socket);
        }
    }

    /** The head of the next answer on a connection, with as much of its body as it announces. */
    static String answer(Socket socket) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var in = socket.getInputStream();
        while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                return bytes.toString(StandardCharsets.ISO_8859_1);
            }
            bytes.write(next);
        }
        String head = bytes.toString(StandardCharsets.ISO_8859_1);
        var length =
                java.util.regex.Pattern.compile("(?i)content-length: (\\d+)").matcher(head);
        return head
                + (length.find()
                        ? new String(in.readNBytes(Integer.parseInt(length.group(1))), StandardCharsets.ISO_8859_1)
                        : "");
    }

    @Override
    public void close() {
        client.close();
        berth.close();
    }
}
