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
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The requests of a day: pulls of manifests and blobs with and without a credential, by an administrator and by people whose
 * grants have patterns, with passwords and with tokens; pushes small and large. Runs as a process of its own, so that what
 * the server's process records is the server alone.
 */
final class Rehearsal {
    private static final String REPOSITORY = "/v2/library/rehearsal";

    private static final int PULLS = 200;
    private static final int PUSHES = 20;
    private static final int LARGE_PULLS = 3;
    private static final int LARGE_PUSHES = 3;
    private static final int LARGE = 9 << 20;
    private static final int PEOPLE = 8;
    private static final int PULLS_PER_TOKEN = 5;
    private static final String TENANT = "rehearsal";
    private static final String PASSWORD = "Rehearsal-1";
    private static final Pattern TOKEN = Pattern.compile("\"token\":\"([^\"]+)\"");

    private final HttpClient client;
    private final String server;
    private final String administrator;

    private Rehearsal(HttpClient client, String server, String administrator) {
        this.client = client;
        this.server = server;
        this.administrator = administrator;
    }

    /** Runs and waits for it. */
    static void inAnotherProcess(String server, String user, String password) throws IOException, InterruptedException {
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Djdk.internal.httpclient.disableHostnameVerification=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Rehearsal.class.getName(),
                        server,
                        basic(user, password))
                .inheritIO()
                .start();
        if (process.waitFor() != 0) {
            throw new IOException("training failed: a request was not answered as it should have been");
        }
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
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
        get("/readyz", null);
        get("/v2/", administrator);
        byte[] layer = new byte[LARGE];
        for (int i = 0; i < LARGE_PUSHES; i++) {
            layer[0] = (byte) i;
            push(REPOSITORY, layer);
        }
        byte[] config = "{}".getBytes(StandardCharsets.US_ASCII);
        Digest configDigest = push(REPOSITORY, config);
        byte[] manifest = """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
                 "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[]}
                """.formatted(configDigest).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < PUSHES; i++) {
            push(REPOSITORY, ("small " + i).getBytes(StandardCharsets.US_ASCII));
            send("PUT", REPOSITORY + "/manifests/tag" + i % 100, administrator, manifest);
        }
        Digest manifestDigest = Digest.of(Digest.Algorithm.SHA256, manifest);
        String[] paths = {"/manifests/tag1", "/manifests/" + manifestDigest, "/blobs/" + configDigest};
        for (int i = 0; i < PULLS; i++) {
            send(
                    i % 5 == 0 ? "HEAD" : "GET",
                    REPOSITORY + paths[i % paths.length],
                    i % 2 == 0 ? administrator : null,
                    new byte[0]);
        }
        String large = REPOSITORY + "/blobs/" + Digest.of(Digest.Algorithm.SHA256, layer);
        for (int i = 0; i < LARGE_PULLS; i++) {
            get(large, null);
        }
        for (int i = 0; i < PUSHES; i++) {
            get(REPOSITORY + "/tags/list", administrator);
            get("/v2/_catalog", administrator);
        }
        pullAsTenants(config, manifest);
    }

    private void pullAsTenants(byte[] config, byte[] manifest) throws IOException, InterruptedException {
        List<String> people = people();
        for (int i = 0; i < PEOPLE; i++) {
            push("/v2/" + TENANT + "/app-" + i, config);
            send("PUT", "/v2/" + TENANT + "/app-" + i + "/manifests/latest", administrator, manifest);
        }
        for (int i = 0; i < PULLS; i += PULLS_PER_TOKEN) {
            String person = people.get(i % people.size());
            String repository = TENANT + "/app-" + i / PULLS_PER_TOKEN % PEOPLE;
            String answer = get("/service/token?service=berth&scope=repository:" + repository + ":pull", person);
            Matcher token = TOKEN.matcher(answer);
            if (!token.find()) {
                throw new IOException("training failed: no token in " + answer);
            }
            for (int pull = 0; pull < PULLS_PER_TOKEN; pull++) {
                get("/v2/" + repository + "/manifests/latest", "Bearer " + token.group(1));
                get("/v2/" + repository + "/manifests/latest", person);
            }
        }
        for (int i = 0; i < PUSHES; i++) {
            get("/v2/_catalog", people.get(i % people.size()));
        }
    }

    // New ones for each protocol, since a name can be given once.
    private List<String> people() throws IOException, InterruptedException {
        List<String> names = IntStream.range(0, PEOPLE)
                .mapToObj(
                        number -> "rehearsal-" + ProcessHandle.current().pid() + "-" + client.version() + "-" + number)
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        var members = new StringBuilder();
        for (String name : names) {
            String user = """
                    {"username":"%1$s","realname":"%1$s","email":"%1$s@example.com","password":"%2$s"}
                    """.formatted(name, PASSWORD);
            send("POST", "/api/v2.0/users", administrator, user.getBytes(StandardCharsets.UTF_8));
            members.append("""
                    {user: %1$s, role: developer, repositories: "app-*", tags: "lat*"},
                    {user: %1$s, role: guest, repositories: "lib-*", tags: "v[0-9]*"},
                    """.formatted(name));
        }
        String tenant = "{projects: [{name: %s, public: false, members: [%s]}]}".formatted(TENANT, members);
        send("PUT", "/api/v1/access", administrator, tenant.getBytes(StandardCharsets.UTF_8));
        return names.stream().map(name -> basic(name, PASSWORD)).toList();
    }

    private Digest push(String repository, byte[] content) throws IOException, InterruptedException {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        send("POST", repository + "/blobs/uploads/?digest=" + digest, administrator, content);
        return digest;
    }

    private String get(String path, String credential) throws IOException, InterruptedException {
        return send("GET", path, credential, new byte[0]);
    }

    private String send(String method, String path, String credential, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + path))
                .method(
                        method,
                        body.length == 0
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        if (credential != null) {
            request.header("Authorization", credential);
        }
        if (path.startsWith("/api/")) {
            request.header("Content-Type", "application/json");
        }
        HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() / 100 != 2) {
            throw new IOException("training failed: " + method + " " + path + " was answered " + answer.statusCode()
                    + " " + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer.body().length < LARGE ? new String(answer.body(), StandardCharsets.UTF_8) : "";
    }
}
