package io.berth.identity.ldap;

import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.Modification;
import com.unboundid.ldap.sdk.ModificationType;
import com.unboundid.ldif.LDIFException;
import io.berth.server.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** An OpenLDAP server of a test's own, on a free port of loopback. */
public final class Slapd implements AutoCloseable {
    public static final String BASE = "dc=example,dc=org";
    public static final String ADMIN = "cn=admin," + BASE;
    public static final String PASSWORD = "directory secret";
    private static final Path PROGRAM = Path.of("/usr/sbin/slapd");

    private final Path directory;
    private final TestCertificate certificate;
    private final int port;
    private final int tlsPort;
    private Process process;

    private Slapd(Path directory, int port, int tlsPort) throws IOException {
        this.directory = Files.createDirectories(directory);
        this.certificate = TestCertificate.makeRsa(directory, "slapd");
        this.port = port;
        this.tlsPort = tlsPort;
    }

    /** One with some people and groups; installs the program when it is absent and this is root. */
    public static Slapd start(Path directory) throws Exception {
        install();
        var slapd = new Slapd(directory, freePort(), freePort());
        slapd.configure();
        slapd.run();
        slapd.populate();
        return slapd;
    }

    private static int freePort() throws IOException {
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    private static void install() throws Exception {
        if (Files.exists(PROGRAM)) {
            return;
        }
        var apt = new ProcessBuilder(
                "apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "-y", "--no-install-recommends", "slapd");
        apt.environment().put("DEBIAN_FRONTEND", "noninteractive");
        apt.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        boolean root = "root".equals(System.getProperty("user.name"));
        if (!root || apt.start().waitFor() != 0 || !Files.exists(PROGRAM)) {
            throw new AssertionError("this test asks a real OpenLDAP: install the package slapd");
        }
    }

    private void configure() throws IOException {
        Files.createDirectories(directory.resolve("db"));
        Files.writeString(directory.resolve("slapd.conf"), """
                include /etc/ldap/schema/core.schema
                include /etc/ldap/schema/cosine.schema
                include /etc/ldap/schema/nis.schema
                include /etc/ldap/schema/inetorgperson.schema
                modulepath /usr/lib/ldap
                moduleload back_mdb
                moduleload memberof
                pidfile %1$s/slapd.pid
                argsfile %1$s/slapd.args
                TLSCertificateFile %2$s
                TLSCertificateKeyFile %3$s
                disallow bind_anon
                database mdb
                maxsize 10485760
                suffix %4$s
                rootdn %5$s
                rootpw "%6$s"
                directory %1$s/db
                overlay memberof
                memberof-group-oc groupOfNames
                memberof-refint TRUE
                """.formatted(
                        directory, certificate.certificate(), certificate.key(), BASE, ADMIN, PASSWORD));
    }

    /** Starts it, again after a {@link #stop}. */
    void run() throws Exception {
        process = new ProcessBuilder(
                        PROGRAM.toString(),
                        "-d", // stays in the foreground
                        "none",
                        "-f",
                        directory.resolve("slapd.conf").toString(),
                        "-h",
                        "ldap://127.0.0.1:" + port + "/ ldaps://127.0.0.1:" + tlsPort + "/")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("slapd.log").toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try (var connection = new LDAPConnection("127.0.0.1", port)) {
                return;
            } catch (LDAPException e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new AssertionError(
                            "slapd did not start: " + Files.readString(directory.resolve("slapd.log")), e);
                }
                Thread.onSpinWait();
                process.waitFor(20, TimeUnit.MILLISECONDS);
            }
        }
    }

    private void populate() throws LDAPException {
        add(BASE, "objectClass: organization", "objectClass: dcObject", "o: Example", "dc: example");
        add("ou=people," + BASE, "objectClass: organizationalUnit", "ou: people");
        add("ou=groups," + BASE, "objectClass: organizationalUnit", "ou: groups");
        person("alice", "Alice Ahlgren");
        person("bob", "Bob Bryant");
        person("carol", "Carol (Ops) *");
        group("developers", "uid=alice,ou=people," + BASE);
        group("everybody", "cn=developers,ou=groups," + BASE);
        group("admins", "uid=carol,ou=people," + BASE);
    }

    void person(String uid, String name) throws LDAPException {
        add(
                "uid=" + uid + ",ou=people," + BASE,
                "objectClass: inetOrgPerson",
                "uid: " + uid,
                "cn: " + name,
                "sn: " + name,
                "mail: " + uid + "@example.org",
                "userPassword: " + uid + " password");
    }

    void group(String name, String member) throws LDAPException {
        add("cn=" + name + ",ou=groups," + BASE, "objectClass: groupOfNames", "cn: " + name, "member: " + member);
    }

    void add(String dn, String... lines) throws LDAPException {
        var entry = new String[lines.length + 1];
        entry[0] = "dn: " + dn;
        System.arraycopy(lines, 0, entry, 1, lines.length);
        try (var connection = admin()) {
            connection.add(entry);
        } catch (LDIFException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public void delete(String dn) throws LDAPException {
        try (var connection = admin()) {
            connection.delete(dn);
        }
    }

    void replace(String dn, String attribute, String... values) throws LDAPException {
        try (var connection = admin()) {
            connection.modify(dn, new Modification(ModificationType.REPLACE, attribute, values));
        }
    }

    private LDAPConnection admin() throws LDAPException {
        return new LDAPConnection("127.0.0.1", port, ADMIN, PASSWORD);
    }

    public String url() {
        return "ldap://127.0.0.1:" + port;
    }

    String tlsUrl() {
        return "ldaps://127.0.0.1:" + tlsPort;
    }

    /** The PEM of the certificate that it shows. */
    String ca() throws IOException {
        return Files.readString(certificate.certificate());
    }

    public void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
