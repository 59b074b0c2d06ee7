package io.berth.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Everything that can be configured. Made by {@link ConfigLoader}. */
public record BerthConfig(
        Path data,
        Optional<String> adminPassword,
        Server server,
        Registry registry,
        Projects projects,
        Storage storage,
        DatabaseConfig database,
        Limits limits,
        Metrics metrics,
        Logging logging,
        Tracing tracing,
        MasterKeys masterKeys,
        Audit audit) {

    /**
     * How Berth is reached.
     *
     * @param host the address to bind, loopback unless opened
     * @param port the TCP port, 0 to let the system choose
     * @param externalUrl how clients reach it, when it differs from what they ask
     * @param trustedProxies whose forwarding headers count
     * @param tls certificate and key, when TLS is on
     * @param idleTimeout how long a connection may do nothing
     * @param shutdownTimeout how long a stop waits for running requests
     * @param clientCertificates whose certificates count, and for whom
     * @param proxyProtocol whether every connection begins with a header of the PROXY protocol
     */
    public record Server(
            String host,
            int port,
            Optional<URI> externalUrl,
            List<Cidr> trustedProxies,
            Optional<Tls> tls,
            Duration idleTimeout,
            Duration shutdownTimeout,
            ClientCertificates clientCertificates,
            boolean proxyProtocol) {

        /** One that asks nobody for a certificate. */
        public Server(
                String host,
                int port,
                Optional<URI> externalUrl,
                List<Cidr> trustedProxies,
                Optional<Tls> tls,
                Duration idleTimeout,
                Duration shutdownTimeout) {
            this(
                    host,
                    port,
                    externalUrl,
                    trustedProxies,
                    tls,
                    idleTimeout,
                    shutdownTimeout,
                    ClientCertificates.NONE,
                    false);
        }
    }

    /** Which TLS implementation serves. */
    public enum TlsEngine {
        /** BoringSSL where its native library loads, else the JDK's. */
        AUTO,
        BORINGSSL,
        JDK
    }

    /** PEM files, read again when they change. */
    public record Tls(Path certificate, Path key, TlsEngine engine) {}

    /** What is done with a manifest whose layers, configuration or children are absent. */
    public enum MissingReferences {
        REFUSE,
        ACCEPT
    }

    /**
     * The rules of {@code /v2/}.
     *
     * @param maxManifestSize bytes
     * @param maxBlobSize bytes, 0 for no limit
     * @param uploadExpiry how long an upload may lie idle
     * @param maxOpenUploadBytes bytes that one principal may hold in unfinished uploads of one project, 0 for no limit
     */
    public record Registry(
            boolean anonymousPull,
            Challenge challenge,
            boolean readOnly,
            MissingReferences missingReferences,
            long maxManifestSize,
            long maxBlobSize,
            Duration uploadExpiry,
            long maxOpenUploadBytes) {}

    /** Whose pushes make the project that they name. */
    public enum CreatedByPush {
        NEVER,
        ADMINISTRATORS,
        /** Of all who may make projects. */
        CREATORS
    }

    /**
     * How projects come to be.
     *
     * @param pushedArePublic whether projects that a push makes are public
     */
    public record Projects(CreatedByPush createdByPush, boolean pushedArePublic) {}

    /** How a client without a credential is asked for one. */
    public enum Challenge {
        /** It is sent to the token service. */
        TOKEN,
        /** It is asked for name and password. */
        BASIC
    }

    /** Whether large uploads go past the page cache. */
    public enum DirectIo {
        AUTO,
        ON,
        OFF
    }

    /**
     * Where blobs lie.
     *
     * @param blobs their directory, which may be on NFS
     * @param minFree bytes that stay free: below this uploads are refused
     * @param inlineLimit blobs up to this many bytes are kept in the database
     */
    public record Storage(Path blobs, long minFree, int inlineLimit, DirectIo directIo) {}

    /**
     * Where metadata lies.
     *
     * @param directory of the SQLite file, on a local disk
     * @param readers threads that read
     */
    public record DatabaseConfig(Path directory, int readers) {}

    /**
     * What one client may ask for.
     *
     * @param requestsPerSecond for each identity, or for each address when anonymous; 0 for no limit
     * @param bodyMemory bytes of request and answer bodies held in memory at once
     */
    public record Limits(int requestsPerSecond, long bodyMemory) {}

    /** @param listen a listener of its own for {@code /metrics}, which then needs no credential */
    public record Metrics(Optional<InetSocketAddress> listen) {}

    /** The form of log lines. */
    public enum LogFormat {
        TEXT,
        JSON
    }

    public record Logging(LogFormat format, boolean access, String level) {}

    /** @param endpoint the OTLP/HTTP collector; tracing is off without one */
    public record Tracing(Optional<URI> endpoint, double ratio) {}

    /**
     * What secrets in the database are encrypted under.
     *
     * @param given the keys themselves, which count in place of the file
     * @param file where they lie otherwise, made at the first start
     */
    public record MasterKeys(Optional<String> given, Path file) {}

    /** @param syslog where entries of the audit are forwarded to */
    public record Audit(Optional<Syslog> syslog) {}

    /**
     * A receiver of syslog.
     *
     * @param ca PEM of whoever may have signed its certificate, the system's choice when empty
     */
    public record Syslog(String host, int port, boolean tls, Optional<Path> ca) {}
}
