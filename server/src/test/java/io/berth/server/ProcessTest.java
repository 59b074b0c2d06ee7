package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is seen of Berth from outside its process: its environment, its messages, its end. */
class ProcessTest {
    @TempDir
    Path data;

    @Test
    void aGeneratedPasswordLiesInAFileOfItsOwnerAndIsPrintedNowhere() throws IOException {
        try (var berth = ServedProcess.start(data, Map.of())) {
            berth.port();
            Path file = data.resolve("admin-password");
            assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
            String password = Files.readString(file).strip();
            assertThat(berth.status("/v2/", BerthUnderTest.basic("admin", password)))
                    .isEqualTo(200);
            assertThat(berth.stop()).isZero();
            assertThat(berth.everything()).contains("admin-password").doesNotContain(password);
        }
    }

    @Test
    void onATerminalAGeneratedPasswordIsShownAtTheFirstStartAlone() throws IOException {
        try (var berth = ServedProcess.startOnTerminal(data, Map.of())) {
            String shown = berth.said("  user: admin  password: ");
            assertThat(shown)
                    .endsWith(Files.readString(data.resolve("admin-password")).strip());
            assertThat(berth.stop()).isZero();
        }
        try (var berth = ServedProcess.startOnTerminal(data, Map.of())) {
            berth.port();
            assertThat(berth.stop()).isZero();
            assertThat(berth.everything()).doesNotContain("password: ");
        }
    }

    @Test
    void theConfiguredPasswordCountsOnceAndIsNeverPrinted() throws IOException {
        try (var berth = ServedProcess.start(data, Map.of("BERTH_ADMIN_PASSWORD", "Kennwort-Nummer-1"))) {
            assertThat(berth.status("/v2/", BerthUnderTest.basic("admin", "Kennwort-Nummer-1")))
                    .isEqualTo(200);
            assertThat(data.resolve("admin-password")).doesNotExist();
            assertThat(berth.stop()).isZero();
        }
        try (var berth = ServedProcess.start(data, Map.of("BERTH_ADMIN_PASSWORD", "Kennwort-Nummer-2"))) {
            assertThat(berth.status("/v2/", BerthUnderTest.basic("admin", "Kennwort-Nummer-1")))
                    .isEqualTo(200);
            assertThat(berth.status("/v2/", BerthUnderTest.basic("admin", "Kennwort-Nummer-2")))
                    .isEqualTo(401);
            assertThat(berth.said("admin.password is ignored")).contains("reset-password");
            berth.stop();
            assertThat(berth.everything())
                    .doesNotContain("Kennwort-Nummer-2", "Kennwort-Nummer-1")
                    .containsOnlyOnce("admin.password is ignored");
        }
    }

    @Test
    void whereBoringSslDoesNotLoadTheJdksTlsServes() throws Exception {
        var certificate = TestCertificate.make(data, "served");
        var environment = Map.of(
                "JAVA_TOOL_OPTIONS",
                "-Dio.netty.handler.ssl.noOpenSsl=true",
                "BERTH_ADMIN_PASSWORD",
                BerthUnderTest.PASSWORD,
                "BERTH_SERVER_TLS_CERTIFICATE",
                certificate.certificate().toString(),
                "BERTH_SERVER_TLS_KEY",
                certificate.key().toString());
        try (var berth = ServedProcess.start(data.resolve("data"), environment);
                var client = HttpClient.newBuilder()
                        .sslContext(certificate.trusting())
                        .build()) {
            URI ready = URI.create("https://localhost:" + berth.port() + "/readyz");
            assertThat(berth.said("Berth serves https")).contains("with the JDK's TLS");
            var answer = client.send(HttpRequest.newBuilder(ready).build(), HttpResponse.BodyHandlers.discarding());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(berth.stop()).isZero();
        }
    }

    @Test
    void aSecretThatIsRefusedIsMasked() throws IOException {
        try (var berth = ServedProcess.start(data, Map.of("BERTH_ADMIN_PASSWORD", "hunter2"))) {
            assertThat(berth.exit()).isNotZero();
            assertThat(berth.everything()).contains("admin.password").doesNotContain("hunter2");
        }
    }

    @Test
    void aSecondProcessOnTheSameDataIsRefusedAndTheFirstGoesOn() throws IOException {
        var environment = Map.of("BERTH_ADMIN_PASSWORD", BerthUnderTest.PASSWORD);
        try (var first = ServedProcess.start(data, environment)) {
            first.port();
            try (var second = ServedProcess.start(data, environment)) {
                assertThat(second.exit()).isEqualTo(1);
                assertThat(second.everything())
                        .contains("in use by another Berth")
                        .doesNotContain("\tat ");
            }
            assertThat(first.status("/v2/", BerthUnderTest.ADMIN)).isEqualTo(200);
        }
    }

    @Test
    void aReaderThatGoesAwayIsNoErrorOfOurs() throws IOException {
        try (var berth = ServedProcess.start(data, Map.of("BERTH_ADMIN_PASSWORD", BerthUnderTest.PASSWORD))) {
            byte[] layer = Content.random(16 << 20);
            String blob = "/v2/a/b/blobs/" + Content.sha256(layer);
            try (RawHttp pusher = RawHttp.connect(berth.port())) {
                pusher.head(
                        "POST /v2/a/b/blobs/uploads/?digest=" + Content.sha256(layer),
                        "Content-Length: " + layer.length);
                pusher.send(layer).read().isStatus(201);
            }
            for (int i = 0; i < 5; i++) {
                RawHttp reader = RawHttp.connectNarrow(berth.port()).head("GET " + blob);
                reader.socket().getInputStream().read();
                reader.socket().setSoLinger(true, 0); // a reset
                reader.close();
            }
            assertThat(berth.stop()).isZero();
            assertThat(berth.everything()).doesNotContain("ERROR", "WARN");
        }
    }
}
