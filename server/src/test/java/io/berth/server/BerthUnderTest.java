package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.Berth;
import io.berth.BerthOnStore;
import io.berth.config.BerthConfig;
import io.berth.config.ConfigLoader;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;

/** A Berth on a free port, and a client of it. */
final class BerthUnderTest implements AutoCloseable {
    static final String PASSWORD = "correct horse battery";
    static final String ADMIN = basic("admin", PASSWORD);
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path data;
    private final Berth berth;
    private final HttpClient client;
    private final String scheme;

    private BerthUnderTest(Path data, Berth berth, HttpClient client, String scheme) {
        this.data = data;
        this.berth = berth;
        this.client = client;
        this.scheme = scheme;
    }

    /** @param settings each {@code key=value} */
    static BerthUnderTest start(Path data, String... settings) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build();
        return new BerthUnderTest(data, berth(data, settings), client, "http");
    }

    private static BerthUnderTest plain(Path data, Berth berth) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build();
        return new BerthUnderTest(data, berth, client, "http");
    }

    /** The same at the time of {@code clock}. */
    static BerthUnderTest startAt(Clock clock, Path data, String... settings) {
        try {
            Berth berth = new Berth(config(data, settings), clock, new Randomness());
            return plain(data, berth);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same with something between the registry and its store. */
    static BerthUnderTest startOn(UnaryOperator<BlobStore> between, Path data, String... settings) {
        try {
            Berth berth = BerthOnStore.start(config(data, settings), Clock.systemUTC(), new Randomness(), between);
            return plain(data, berth);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same with TLS from {@code certificate}. */
    static BerthUnderTest startTls(Path data, TestCertificate certificate, String... settings) {
        var all = new ArrayList<>(List.of(settings));
        all.add("server.tls.certificate=" + certificate.certificate());
        all.add("server.tls.key=" + certificate.key());
        all.add("server.host=127.0.0.1");
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .connectTimeout(PATIENCE)
                .sslContext(certificate.trusting())
                .build();
        return new BerthUnderTest(data, berth(data, all.toArray(String[]::new)), client, "https");
    }

    /** The same Berth, asked by another client. */
    BerthUnderTest askedBy(SSLContext trust, HttpClient.Version version) {
        HttpClient.Builder builder = HttpClient.newBuilder().version(version).connectTimeout(PATIENCE);
        if (trust != null) {
            builder.sslContext(trust);
        }
        return new BerthUnderTest(data, berth, builder.build(), scheme);
    }

    private static Berth berth(Path data, String... settings) {
        try {
            return new Berth(config(data, settings), Clock.systemUTC(), new Randomness());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static BerthConfig config(Path data, String... settings) {
        ConfigLoader loader = new ConfigLoader()
                .set("data", data.toString(), "test")
                .set("server.port", "0", "test")
                .set("admin.password", PASSWORD, "test")
                .set("log.access", "false", "test")
                .set("server.shutdown-timeout", "2s", "test");
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            loader.set(setting.substring(0, equals), setting.substring(equals + 1), "test");
        }
        return loader.load();
    }

    /** Sends JSON, where {@code body} is not empty; without a credential where {@code authorization} is null. */
    Answer send(String method, String path, String body, String authorization) {
        Call call = call(method, path);
        if (authorization == null) {
            call.anonymous();
        } else {
            call.as(authorization);
        }
        if (!body.isEmpty()) {
            call.header("Content-Type", "application/json").body(body.getBytes(StandardCharsets.UTF_8));
        }
        return call.send();
    }

    /** The same to Harbor's API. */
    Answer api(String method, String path, String body, String authorization) {
        return send(method, "/api/v2.0" + path, body, authorization);
    }

    /** Makes a local account. */
    void makeUser(String name, String password) {
        api(
                        "POST",
                        "/users",
                        "{\"username\":\"%1$s\",\"password\":\"%2$s\",\"email\":\"%1$s@example.com\",\"realname\":\"x\"}"
                                .formatted(name, password),
                        ADMIN)
                .isStatus(201);
    }

    /** The form by which a browser logs in. */
    Call loginForm(String name, String password) {
        return call("POST", "/c/login")
                .anonymous()
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body("principal=" + name + "&password=" + password.replace(" ", "+"));
    }

    /** Randomness that is quick to get; nobody attacks a test. Thread-safe, as a SecureRandom is. */
    private static final class Randomness implements java.util.random.RandomGenerator {
        private final SplittableRandom random = new SplittableRandom(System.nanoTime());

        @Override
        public synchronized long nextLong() {
            return random.nextLong();
        }
    }

    int port() {
        return berth.port();
    }

    int metricsPort() {
        return berth.metricsPort().orElseThrow();
    }

    Berth berth() {
        return berth;
    }

    Path data() {
        return data;
    }

    /** A connection to the database, beside Berth's own. */
    Connection database() throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("berth.db"));
        try (var statement = connection.createStatement()) {
            statement.execute("PRAGMA busy_timeout=10000");
        }
        return connection;
    }

    RawHttp raw() throws IOException {
        return RawHttp.connect(port());
    }

    static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /** A request, as the administrator unless said otherwise. */
    Call call(String method, String path) {
        return new Call(method, URI.create(scheme + "://localhost:" + port() + path));
    }

    Answer get(String path) {
        return call("GET", path).send();
    }

    Answer head(String path) {
        return call("HEAD", path).send();
    }

    Answer delete(String path) {
        return call("DELETE", path).send();
    }

    /** Pushes a blob by POST and PUT; returns its digest. */
    String pushBlob(String repository, byte[] content) {
        String digest = Content.sha256(content);
        call("POST", "/v2/" + repository + "/blobs/uploads/?digest=" + digest)
                .body(content)
                .send()
                .isStatus(201);
        return digest;
    }

    /** Pushes an image of some layers; returns its manifest's digest. */
    String pushImage(String repository, String reference, byte[]... layers) {
        return pushManifest(repository, reference, Content.image(this, repository, layers));
    }

    String pushManifest(String repository, String reference, Content manifest) {
        call("PUT", "/v2/" + repository + "/manifests/" + reference)
                .header("Content-Type", manifest.type())
                .body(manifest.bytes())
                .send()
                .isStatus(201);
        return manifest.digest();
    }

    /** Opens an upload; returns its path. */
    String openUpload(String repository) {
        return call("POST", "/v2/" + repository + "/blobs/uploads/")
                .send()
                .isStatus(202)
                .header("Location");
    }

    /** The server is alive and well, whatever has been done to it. */
    void stillServes() {
        String repository = "proof/alive";
        byte[] layer = Content.random(20_000);
        String digest = pushImage(repository, "latest", layer);
        assertThat(get("/v2/" + repository + "/manifests/latest").isStatus(200).header("Docker-Content-Digest"))
                .isEqualTo(digest);
        assertThat(get("/v2/" + repository + "/blobs/" + Content.sha256(layer))
                        .isStatus(200)
                        .body())
                .isEqualTo(layer);
    }

    @Override
    public void close() {
        client.shutdownNow();
        berth.close();
    }

    final class Call {
        private final HttpRequest.Builder builder;
        private final String method;
        private String authorization = ADMIN;
        private HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.noBody();

        private Call(String method, URI uri) {
            this.method = method;
            this.builder = HttpRequest.newBuilder(uri).timeout(PATIENCE);
        }

        Call header(String name, String value) {
            builder.header(name, value);
            return this;
        }

        Call anonymous() {
            authorization = null;
            return this;
        }

        Call as(String credential) {
            authorization = credential;
            return this;
        }

        Call body(byte[] content) {
            body = HttpRequest.BodyPublishers.ofByteArray(content);
            return this;
        }

        Call body(String content) {
            return body(content.getBytes(StandardCharsets.UTF_8));
        }

        /** A body whose length is not announced. */
        Call streamed(byte[] content) {
            body = HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofByteArray(content));
            return this;
        }

        Answer send() {
            if (authorization != null) {
                builder.header("Authorization", authorization);
            }
            try {
                HttpResponse<byte[]> response =
                        client.send(builder.method(method, body).build(), HttpResponse.BodyHandlers.ofByteArray());
                return new Answer(
                        method,
                        response.version(),
                        response.statusCode(),
                        response.headers().map(),
                        response.body());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }
}
