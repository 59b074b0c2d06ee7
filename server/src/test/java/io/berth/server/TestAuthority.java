package io.berth.server;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** A CA that issues and revokes certificates of clients, by openssl. */
final class TestAuthority {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    private final Path directory;
    private int issued;

    private TestAuthority(Path directory) {
        this.directory = directory;
    }

    /** A client's certificate and key. */
    record Issued(Path certificate, Path key) {
        /** A context that presents it to whoever asks, and trusts {@code server}. */
        SSLContext presentedTo(TestCertificate server) {
            try {
                List<X509Certificate> chain;
                try (var in = Files.newInputStream(certificate)) {
                    chain = CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
                }
                String pem = Files.readString(key).replaceAll("-----[^-]+-----|\\s", "");
                PrivateKey secret = KeyFactory.getInstance("EC")
                        .generatePrivate(
                                new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
                KeyStore trusted = KeyStore.getInstance("PKCS12");
                trusted.load(null, null);
                trusted.setCertificateEntry("it", server.x509());
                var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                factory.init(trusted);
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(
                        new KeyManager[] {new Always(secret, chain.toArray(X509Certificate[]::new))},
                        factory.getTrustManagers(),
                        null);
                return context;
            } catch (IOException | GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    // The JDK's own present nothing to a server that has not named the issuer.
    private static final class Always extends X509ExtendedKeyManager {
        private final PrivateKey key;
        private final X509Certificate[] chain;

        Always(PrivateKey key, X509Certificate[] chain) {
            this.key = key;
            this.chain = chain;
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
            return "it";
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return "it";
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {"it"};
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return null;
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return null;
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return chain.clone();
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key;
        }
    }

    static TestAuthority make(Path parent, String name) {
        return make(parent, name, name);
    }

    /** @param commonName which may be another CA's as well */
    static TestAuthority make(Path parent, String name, String commonName) {
        try {
            var authority = new TestAuthority(Files.createDirectory(parent.resolve(name)));
            authority.begin(commonName);
            return authority;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void begin(String commonName) throws IOException {
        Files.writeString(file("index.txt"), "");
        Files.writeString(file("ca.conf"), """
                [ca]
                default_ca = it
                [it]
                database = %1$s/index.txt
                new_certs_dir = %1$s
                certificate = %1$s/ca.crt
                private_key = %1$s/ca.key
                default_md = sha256
                policy = any
                unique_subject = no
                rand_serial = yes
                [any]
                commonName = optional
                [req]
                distinguished_name = name
                [name]
                [authority]
                basicConstraints = critical,CA:true
                keyUsage = critical,keyCertSign,cRLSign
                subjectKeyIdentifier = hash
                """.formatted(directory));
        openssl(
                "req",
                "-x509",
                "-new",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "30",
                "-config",
                "ca.conf",
                "-extensions",
                "authority",
                "-subj",
                "/CN=" + commonName,
                "-keyout",
                "ca.key",
                "-out",
                "ca.crt");
    }

    Path certificate() {
        return file("ca.crt");
    }

    Path crl() {
        return file("ca.crl");
    }

    /**
     * Issues a certificate of a client.
     *
     * @param alternatives such as {@code DNS:a.example.com}
     */
    Issued issue(String commonName, String... alternatives) {
        return issue(commonName, "clientAuth", Instant.now().plus(Duration.ofDays(7)), alternatives);
    }

    Issued issue(String commonName, String use, Instant end, String... alternatives) {
        String name = "client" + ++issued;
        try {
            Files.writeString(
                    file(name + ".ext"),
                    "extendedKeyUsage = " + use + "\n"
                            + (alternatives.length == 0
                                    ? ""
                                    : "subjectAltName = " + (commonName.isEmpty() ? "critical," : "")
                                            + String.join(",", alternatives) + "\n"));
            openssl(
                    "req",
                    "-new",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-nodes",
                    "-config",
                    "ca.conf",
                    "-subj",
                    commonName.isEmpty() ? "/" : "/CN=" + commonName.replace("+", "\\+"),
                    "-keyout",
                    name + ".key",
                    "-out",
                    name + ".csr");
            openssl(
                    "ca",
                    "-batch",
                    "-notext",
                    "-config",
                    "ca.conf",
                    "-in",
                    name + ".csr",
                    "-out",
                    name + ".crt",
                    "-extfile",
                    name + ".ext",
                    "-startdate",
                    TIME.format(end.minus(Duration.ofDays(9))),
                    "-enddate",
                    TIME.format(end));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return new Issued(file(name + ".crt"), file(name + ".key"));
    }

    /** Revokes it; the next list has it. */
    void revoke(Issued certificate) {
        openssl("ca", "-config", "ca.conf", "-revoke", certificate.certificate().toString());
    }

    /** Writes the revocation list. */
    void list(Instant end) {
        openssl(
                "ca",
                "-config",
                "ca.conf",
                "-gencrl",
                "-crl_lastupdate",
                TIME.format(end.minus(Duration.ofDays(9))),
                "-crl_nextupdate",
                TIME.format(end),
                "-out",
                "next.crl");
        try {
            Files.move(file("next.crl"), crl(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private void openssl(String... arguments) {
        var command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Path log = file("openssl.log");
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IllegalStateException(String.join(" ", command) + ": " + Files.readString(log));
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
