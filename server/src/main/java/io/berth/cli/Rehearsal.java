package io.berth.cli;

import io.berth.oci.Digest;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The requests of a day, many times over: pulls of manifests and blobs with and without a credential, pushes small and
 * large. By hand, since a client library's classes would only make the cache that is recorded, and so each start, larger.
 */
final class Rehearsal implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: (\\d+)");
    private static final String REPOSITORY = "/v2/library/rehearsal";

    /** Often enough for the JVM to compile what is hot, and to have counted before how it is used. */
    private static final int PULLS = 15_000;

    private static final int PUSHES = 1_000;
    private static final int LARGE_PULLS = 200;
    private static final int LARGE_PUSHES = 12;
    private static final int LARGE = 9 << 20;

    private final Socket socket;
    private final InputStream in;
    private final String credential;

    Rehearsal(int port, String user, String password) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
        credential = "Authorization: Basic "
                + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8))
                + "\r\n";
    }

    void run() throws IOException {
        get("/readyz", "");
        get("/v2/", credential);
        byte[] layer = new byte[LARGE];
        for (int i = 0; i < LARGE_PUSHES; i++) {
            layer[0] = (byte) i;
            push(layer);
        }
        byte[] config = "{}".getBytes(StandardCharsets.US_ASCII);
        Digest configDigest = push(config);
        byte[] manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                 "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[]}
                """.formatted(configDigest).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < PUSHES; i++) {
            push(("small " + i).getBytes(StandardCharsets.US_ASCII));
            exchange("PUT " + REPOSITORY + "/manifests/tag" + i % 100, credential, manifest);
        }
        Digest manifestDigest = Digest.of(Digest.Algorithm.SHA256, manifest);
        String[] paths = {"/manifests/tag1", "/manifests/" + manifestDigest, "/blobs/" + configDigest};
        for (int i = 0; i < PULLS; i++) {
            String path = REPOSITORY + paths[i % paths.length];
            String headers = i % 2 == 0 ? credential : "";
            if (i % 5 == 0) {
                exchange("HEAD " + path, headers, new byte[0]);
            } else {
                get(path, headers);
            }
        }
        String large = REPOSITORY + "/blobs/" + Digest.of(Digest.Algorithm.SHA256, layer);
        for (int i = 0; i < LARGE_PULLS; i++) {
            // Several ranges are copied through buffers, as everything is over TLS and HTTP/2; the rest by the kernel.
            get(large, credential + (i % 2 == 0 ? "" : "Range: bytes=0-1000000,2000000-8000000\r\n"));
        }
        for (int i = 0; i < PUSHES; i++) {
            get(REPOSITORY + "/tags/list", credential);
            get("/v2/_catalog", credential);
        }
    }

    private Digest push(byte[] content) throws IOException {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        exchange("POST " + REPOSITORY + "/blobs/uploads/?digest=" + digest, credential, content);
        return digest;
    }

    private void get(String path, String headers) throws IOException {
        exchange("GET " + path, headers, new byte[0]);
    }

    private void exchange(String request, String headers, byte[] body) throws IOException {
        byte[] head = (request + " HTTP/1.1\r\nHost: localhost\r\n" + headers
                        + (body.length == 0 ? "" : "Content-Length: " + body.length + "\r\n") + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, whole, head.length, body.length);
        socket.getOutputStream().write(whole);
        String answer = readHead(request);
        if (!answer.startsWith("HTTP/1.1 2")) {
            throw new IOException("training failed: " + request + " was answered " + answer);
        }
        Matcher length = LENGTH.matcher(answer);
        if (!request.startsWith("HEAD") && length.find()) {
            in.skipNBytes(Long.parseLong(length.group(1)));
        }
    }

    private String readHead(String request) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("training failed: no answer to " + request);
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
