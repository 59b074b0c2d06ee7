package io.berth.cli;

import io.berth.oci.Digest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The requests of a day, many times over: pulls of manifests and blobs with and without a credential, pushes small and
 * large. Runs as a process of its own, so that what the server's process records is the server alone.
 */
final class Rehearsal {
    private static final String REPOSITORY = "/v2/library/rehearsal";

    /** Often enough for the JVM to compile what is hot, and to have counted before how it is used. */
    private static final int PULLS = 5_000;

    private static final int PUSHES = 250;
    private static final int LARGE_PULLS = 30;
    private static final int LARGE_PUSHES = 6;
    private static final int LARGE = 9 << 20;

    private final HttpClient client;
    private final String server;
    private final String credential;

    private Rehearsal(HttpClient client, String server, String credential) {
        this.client = client;
        this.server = server;
        this.credential = credential;
    }

    /** Runs and waits for it. */
    static void inAnotherProcess(String server, String user, String password) throws IOException, InterruptedException {
        String credential =
                "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Djdk.internal.httpclient.disableHostnameVerification=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Rehearsal.class.getName(),
                        server,
                        credential)
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("training failed: a request was not answered as it should have been");
        }
    }

    /** The process: the server's address and the Authorization header. */
    public static void main(String[] arguments) throws Exception {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            var builder = HttpClient.newBuilder().version(version);
            if (arguments[0].startsWith("https:")) {
                builder.sslContext(trustingAnything());
            }
            try (HttpClient client = builder.build()) {
                new Rehearsal(client, arguments[0], arguments[1]).run();
            }
        }
    }

    // The server is this program's parent, and its certificate a minute old.
    private static SSLContext trustingAnything() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                null,
                new TrustManager[] {
                    new X509TrustManager() {
                        @Override
                        public void checkClientTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public void checkServerTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public X509Certificate[] getAcceptedIssuers() {
                            return new X509Certificate[0];
                        }
                    }
                },
                null);
        return context;
    }

    private void run() throws IOException, InterruptedException {
        get("/readyz", false);
        get("/v2/", true);
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
            send("PUT", REPOSITORY + "/manifests/tag" + i % 100, true, manifest);
        }
        Digest manifestDigest = Digest.of(Digest.Algorithm.SHA256, manifest);
        String[] paths = {"/manifests/tag1", "/manifests/" + manifestDigest, "/blobs/" + configDigest};
        for (int i = 0; i < PULLS; i++) {
            send(i % 5 == 0 ? "HEAD" : "GET", REPOSITORY + paths[i % paths.length], i % 2 == 0, new byte[0]);
        }
        String large = REPOSITORY + "/blobs/" + Digest.of(Digest.Algorithm.SHA256, layer);
        for (int i = 0; i < LARGE_PULLS; i++) {
            get(large, false);
        }
        for (int i = 0; i < PUSHES; i++) {
            get(REPOSITORY + "/tags/list", true);
            get("/v2/_catalog", true);
        }
    }

    private Digest push(byte[] content) throws IOException, InterruptedException {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        send("POST", REPOSITORY + "/blobs/uploads/?digest=" + digest, true, content);
        return digest;
    }

    private void get(String path, boolean authorized) throws IOException, InterruptedException {
        send("GET", path, authorized, new byte[0]);
    }

    private void send(String method, String path, boolean authorized, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + path))
                .method(
                        method,
                        body.length == 0
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (authorized) {
            request.header("Authorization", credential);
        }
        HttpResponse<Void> answer = client.send(request.build(), HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() / 100 != 2) {
            throw new IOException("training failed: " + method + " " + path + " was answered " + answer.statusCode());
        }
    }
}
