package io.berth.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A self-signed certificate for localhost in PEM files, made by keytool. */
public record TestCertificate(Path certificate, Path key, SSLContext trusting, java.security.cert.Certificate x509) {

    public static TestCertificate make(Path directory, String name) {
        return make(directory, name, "EC", "-groupname", "secp256r1");
    }

    /** The same with an RSA key, for programs that do not read what the JDK writes of others. */
    public static TestCertificate makeRsa(Path directory, String name) {
        return make(directory, name, "RSA", "-keysize", "2048");
    }

    private static TestCertificate make(Path directory, String name, String algorithm, String option, String value) {
        try {
            Path store = directory.resolve(name + ".p12");
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-alias",
                            "it",
                            "-keyalg",
                            algorithm,
                            option,
                            value,
                            "-dname",
                            "CN=" + name,
                            "-ext",
                            "san=dns:localhost,ip:127.0.0.1",
                            "-storetype",
                            "PKCS12",
                            "-keystore",
                            store.toString(),
                            "-storepass",
                            "changeit")
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve(name + ".log").toFile())
                    .start();
            if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                keytool.destroyForcibly();
                throw new IOException(Files.readString(directory.resolve(name + ".log")));
            }
            KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
            Path certificate = pem(
                    directory.resolve(name + ".crt"),
                    "CERTIFICATE",
                    keys.getCertificate("it").getEncoded());
            Path key = pem(
                    directory.resolve(name + ".key"),
                    "PRIVATE KEY",
                    keys.getKey("it", "changeit".toCharArray()).getEncoded());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("it", keys.getCertificate("it"));
            var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return new TestCertificate(certificate, key, context, keys.getCertificate("it"));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Puts this certificate where {@code other} was. */
    void replace(TestCertificate other) throws IOException {
        Files.copy(key, other.key(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(certificate, other.certificate(), StandardCopyOption.REPLACE_EXISTING);
    }

    private static Path pem(Path file, String type, byte[] der) throws IOException {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return Files.writeString(file, "-----BEGIN " + type + "-----\n" + body + "\n-----END " + type + "-----\n");
    }
}
