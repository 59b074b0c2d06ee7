package io.berth.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Every setting there is, in the order of the reference. */
final class Keys {
    private static final List<Key<?>> ALL = new ArrayList<>();

    private static final String BYTES = "a number of bytes such as 8MiB or 20GiB";
    private static final String DURATION = "a duration such as 30s, 5m or 7d";
    private static final String BOOL = "true or false";

    static final Key<Path> DATA = key(
            "data",
            "data",
            "a directory",
            "Where Berth keeps everything that is not configured to lie elsewhere. Created when absent.",
            Path::of);
    static final Key<String> ADMIN_PASSWORD = secret(
            "admin.password",
            "8 characters or more",
            "The password of `admin`, counted at the first start only. Without it a random one is written to the file"
                    + " `admin-password` in the data directory, readable by its owner alone.",
            Keys::password);

    static final Key<String> MASTER_KEY = secret(
            "master-key",
            "one or more keys of 32 bytes in base64, separated by commas",
            "What reversible secrets in the database are encrypted under: the first key encrypts, all decrypt. Without it"
                    + " the keys are read from a file.",
            Function.identity());
    static final Key<java.util.Optional<Path>> MASTER_KEY_FILE = key(
            "secrets.master-key-file",
            "",
            "a file",
            "Where the master keys lie, one a line, `master-key` in the data directory when empty. Made at the first start,"
                    + " readable by its owner alone.",
            Forms::path);

    static final Key<String> HOST = key(
            "server.host",
            "",
            "an IP address or host name",
            "The address to listen on. Without TLS it is loopback (127.0.0.1) unless set; with TLS every address.",
            Function.identity());
    static final Key<Integer> PORT = key(
            "server.port",
            "5000",
            "a number from 0 to 65535",
            "The TCP port; 0 lets the system choose.",
            Forms.number(0, 65_535));
    static final Key<java.util.Optional<java.net.URI>> EXTERNAL_URL = key(
            "server.external-url",
            "",
            "an http or https URL without query",
            "How clients reach Berth, where that differs from what they send: feeds token realms and login redirects.",
            Forms::httpUrl);
    static final Key<List<Cidr>> TRUSTED_PROXIES = key(
            "server.trusted-proxies",
            "",
            "IP addresses or networks, separated by commas",
            "Proxies whose X-Forwarded-For and X-Forwarded-Proto headers count. Nobody else's do.",
            Forms::networks);
    static final Key<Boolean> PROXY_PROTOCOL = key(
            "server.proxy-protocol",
            "false",
            BOOL,
            "Whether every connection begins with a PROXY protocol header (version 1 or 2). Whom it names counts from"
                    + " trusted-proxies alone.",
            Forms::bool);
    static final Key<java.util.Optional<Path>> TLS_CERTIFICATE = key(
            "server.tls.certificate",
            "",
            "a PEM file",
            "The server's certificate followed by its intermediates. Turns TLS on; read again when it changes.",
            Forms::path);
    static final Key<java.util.Optional<Path>> TLS_KEY = key(
            "server.tls.key", "", "a PEM file", "The private key of the certificate, PKCS#8 or PKCS#1.", Forms::path);
    static final Key<BerthConfig.TlsEngine> TLS_ENGINE = key(
            "server.tls.engine",
            "auto",
            "auto, boringssl or jdk",
            "The TLS implementation. `auto` takes BoringSSL where its native library loads.",
            Forms.oneOf(BerthConfig.TlsEngine.class));
    static final Key<List<ClientCertificates.Authority>> CLIENT_AUTHORITIES = key(
            "server.tls.client-authorities",
            "",
            "a list of CAs, each with `name`, `ca`, `user` and more",
            "Whose certificates clients may log in with, and whom they stand for: see [identity.md](identity.md). In the"
                    + " environment the same list as JSON.",
            AuthorityForm::parse);
    static final Key<ClientCertificates.Mode> CLIENT_CERTIFICATES = key(
            "server.tls.client-certificates",
            "request",
            "request or require",
            "Whether a client may or must present a certificate, once there are client-authorities.",
            Forms.oneOf(ClientCertificates.Mode.class));
    static final Key<java.util.Optional<String>> CLIENT_CERTIFICATE_HEADER = key(
            "server.tls.client-certificate-header",
            "",
            "the name of a header",
            "Where a trusted proxy passes on its client's certificate as URL-encoded PEM, as nginx's"
                    + " `$ssl_client_escaped_cert`. Counts from trusted-proxies alone.",
            Forms::headerName);
    static final Key<java.time.Duration> IDLE_TIMEOUT = key(
            "server.idle-timeout",
            "75s",
            DURATION,
            "How long a connection may stay without a request, and a request without progress.",
            Forms::duration);
    static final Key<java.time.Duration> SHUTDOWN_TIMEOUT = key(
            "server.shutdown-timeout",
            "30s",
            DURATION,
            "How long a stop waits for requests that are under way. Unfinished uploads can be resumed afterwards.",
            Forms::duration);

    static final Key<Boolean> ANONYMOUS_PULL = key(
            "registry.anonymous-pull",
            "true",
            BOOL,
            "Whether public projects can be pulled from without a credential.",
            Forms::bool);
    static final Key<BerthConfig.Challenge> CHALLENGE = key(
            "registry.challenge",
            "token",
            "token or basic",
            "Whether clients without a credential are sent to the token service or asked for name and password. Both are"
                    + " accepted either way.",
            Forms.oneOf(BerthConfig.Challenge.class));
    static final Key<Boolean> READ_ONLY =
            key("registry.read-only", "false", BOOL, "Refuses everything that would change the registry.", Forms::bool);
    static final Key<BerthConfig.MissingReferences> MISSING_REFERENCES = key(
            "registry.missing-references",
            "refuse",
            "refuse or accept",
            "Whether a manifest may be pushed whose layers, configuration or children are absent (sparse images and"
                    + " indexes). What is absent stays unreadable until it is pushed.",
            Forms.oneOf(BerthConfig.MissingReferences.class));
    static final Key<Long> MAX_MANIFEST_SIZE =
            key("registry.max-manifest-size", "8MiB", BYTES, "Larger manifests are refused with 413.", Forms::bytes);
    static final Key<Long> MAX_BLOB_SIZE = key(
            "registry.max-blob-size", "0", BYTES, "Larger blobs are refused with 413; 0 is no limit.", Forms::bytes);
    static final Key<java.time.Duration> UPLOAD_EXPIRY = key(
            "registry.upload-expiry",
            "24h",
            DURATION,
            "How long an unfinished upload is kept after its last byte; twice as long, or 48 hours when that is more, after"
                    + " its beginning.",
            Forms::duration);
    static final Key<Long> MAX_OPEN_UPLOAD_BYTES = key(
            "registry.max-open-upload-bytes",
            "0",
            BYTES,
            "How many bytes one user may hold in unfinished uploads of one project; 0 is no limit.",
            Forms::bytes);

    static final Key<BerthConfig.CreatedByPush> CREATED_BY_PUSH = key(
            "projects.created-by-push",
            "administrators",
            "never, administrators or creators",
            "Whose pushes make the project that they name, where it does not exist: nobody's, administrators', or those of"
                    + " all who may make projects.",
            Forms.oneOf(BerthConfig.CreatedByPush.class));
    static final Key<Boolean> PUSHED_ARE_PUBLIC = key(
            "projects.pushed-are-public", "false", BOOL, "Whether projects that a push makes are public.", Forms::bool);

    static final Key<java.util.Optional<Path>> BLOBS = key(
            "storage.blobs",
            "",
            "a directory",
            "Where blobs lie, `blobs` in the data directory when empty. May be on NFS. Locked, as the data and database"
                    + " directories are: no two Berths share one.",
            Forms::path);
    static final Key<Long> MIN_FREE = key(
            "storage.min-free",
            "64MiB",
            BYTES,
            "Below this much free space, for blobs or for the database, uploads are refused; deletes and pulls go on.",
            Forms::bytes);
    static final Key<Long> INLINE_LIMIT = key(
            "storage.inline-limit",
            "16KiB",
            BYTES,
            "Blobs up to this size lie in the database, which makes small pushes cheap; at most 1MiB.",
            Keys::inlineLimit);
    static final Key<BerthConfig.DirectIo> DIRECT_IO = key(
            "storage.direct-io",
            "auto",
            "auto, on or off",
            "Whether large uploads are written past the page cache, where the file system can.",
            Forms.oneOf(BerthConfig.DirectIo.class));

    static final Key<java.util.Optional<Path>> DATABASE = key(
            "database.directory",
            "",
            "a directory on a local disk",
            "Where the SQLite database lies, the data directory when empty. Never on NFS or CIFS.",
            Forms::path);
    static final Key<Integer> READERS = key(
            "database.readers", "4", "a number from 1 to 64", "Threads that read the database.", Forms.number(1, 64));

    static final Key<Integer> REQUESTS_PER_SECOND = key(
            "limits.requests-per-second",
            "0",
            "a number from 0 to 1000000",
            "Requests a second for each user, or each address when anonymous, answered 429 above it; 0 is no limit.",
            Forms.number(0, 1_000_000));
    static final Key<Long> BODY_MEMORY = key(
            "limits.body-memory",
            "64MiB",
            BYTES,
            "Memory for manifest bodies and for buffers of downloads, shared by all requests; further ones wait.",
            Keys::bodyMemory);

    static final Key<java.util.Optional<java.net.InetSocketAddress>> METRICS_LISTEN = key(
            "metrics.listen",
            "",
            "host:port",
            "A listener of its own for `/metrics`, without credentials. The main port's needs a credential with `metrics:read`.",
            Forms::hostPort);

    static final Key<BerthConfig.LogFormat> LOG_FORMAT = key(
            "log.format", "text", "text or json", "The form of log lines.", Forms.oneOf(BerthConfig.LogFormat.class));
    static final Key<Boolean> LOG_ACCESS =
            key("log.access", "true", BOOL, "Whether each request is logged.", Forms::bool);
    static final Key<String> LOG_LEVEL = key(
            "log.level", "info", "error, warn, info or debug", "What Berth's own messages are logged.", Keys::level);

    static final Key<java.util.Optional<java.net.URI>> TRACING_ENDPOINT = key(
            "tracing.endpoint",
            "",
            "an http or https URL",
            "The OpenTelemetry collector (OTLP over HTTP) that traces go to. Tracing is off without one.",
            Forms::httpUrl);
    static final Key<Double> TRACING_RATIO =
            key("tracing.ratio", "0.1", "a number from 0 to 1", "The share of requests that is traced.", Keys::ratio);

    static final Key<java.util.Optional<java.net.URI>> AUDIT_SYSLOG = key(
            "audit.syslog.endpoint",
            "",
            "tcp://host:port or tls://host:port",
            "The syslog receiver (RFC 5424) that the audit is forwarded to. Nothing is forwarded without one.",
            Forms::syslogUrl);
    static final Key<java.util.Optional<Path>> AUDIT_SYSLOG_CA = key(
            "audit.syslog.ca",
            "",
            "a PEM file",
            "Certificates of those who may have signed the receiver's; the Java runtime's own when empty.",
            Forms::path);

    private Keys() {}

    static List<Key<?>> all() {
        return List.copyOf(ALL);
    }

    private static <T> Key<T> key(
            String path, String fallback, String form, String description, Function<String, T> parser) {
        var key = new Key<>(path, fallback, form, description, false, parser);
        ALL.add(key);
        return key;
    }

    private static Key<String> secret(String path, String form, String description, Function<String, String> parser) {
        var key = new Key<>(path, "", form, description, true, parser);
        ALL.add(key);
        return key;
    }

    private static String password(String text) {
        if (!text.isEmpty() && text.length() < 8) {
            throw new IllegalArgumentException("too short");
        }
        return text;
    }

    private static long inlineLimit(String text) {
        long bytes = Forms.bytes(text);
        if (bytes > 1 << 20) {
            throw new IllegalArgumentException("more than 1MiB");
        }
        return bytes;
    }

    private static long bodyMemory(String text) {
        long bytes = Forms.bytes(text);
        if (bytes < 16 << 20) {
            throw new IllegalArgumentException("less than 16MiB");
        }
        return bytes;
    }

    private static String level(String text) {
        if (!List.of("error", "warn", "info", "debug").contains(text)) {
            throw new IllegalArgumentException("not a level");
        }
        return text;
    }

    private static double ratio(String text) {
        double ratio = Double.parseDouble(text);
        if (!(ratio >= 0 && ratio <= 1)) {
            throw new IllegalArgumentException("out of range");
        }
        return ratio;
    }
}
