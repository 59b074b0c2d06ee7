package io.berth.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientCertificatesTest {
    private static final String CLIENT_CAS = "server.tls.client-authorities";

    @Test
    void clientCasComeFromTheFileAndAsJsonFromTheEnvironment(@TempDir Path directory) throws Exception {
        Path pem = Files.writeString(directory.resolve("any.pem"), "x");
        Path file = Files.writeString(directory.resolve("berth.yaml"), """
                server:
                  tls:
                    certificate: %1$s
                    key: %1$s
                    client-certificates: require
                    client-authorities:
                      - name: mesh
                        ca: %1$s
                        crl: [a.crl, b.crl]
                        user: spiffe
                        trust-domain: example.org
                        accounts:
                          "spiffe://example.org/ci": robot$ci
                      - {name: people, ca: %1$s, user: email, pattern: "*@example.org"}
                """.formatted(pem));
        var server = new ConfigLoader().file(file).load().server();
        var mesh = new ClientCertificates.Authority(
                "mesh",
                pem,
                List.of(Path.of("a.crl"), Path.of("b.crl")),
                ClientCertificates.Names.SPIFFE,
                "*",
                "example.org",
                Map.of("spiffe://example.org/ci", "robot$ci"));
        var people = new ClientCertificates.Authority(
                "people", pem, List.of(), ClientCertificates.Names.EMAIL, "*@example.org", "", Map.of());
        assertThat(server.clientCertificates())
                .isEqualTo(new ClientCertificates(
                        ClientCertificates.Mode.REQUIRE, List.of(mesh, people), Optional.empty()));
        var json = new ConfigLoader()
                .file(file)
                .environment(Map.of(
                        "BERTH_SERVER_TLS_CLIENT_AUTHORITIES",
                        "[{\"name\":\"one\",\"ca\":\"" + pem + "\",\"user\":\"cn\"}]"))
                .load()
                .server();
        assertThat(json.clientCertificates().authorities())
                .extracting(ClientCertificates.Authority::name)
                .containsExactly("one");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[a]",
                "[{}]",
                "[{name: a, ca: x.pem}]",
                "[{name: a, ca: x.pem, user: dn}]",
                "[{name: a, ca: x.pem, user: cn, colour: red}]",
                "[{name: a, ca: x.pem, user: cn, pattern: alice}]",
                "[{name: a, ca: x.pem, user: cn, pattern: '*-*'}]",
                "[{name: a, ca: x.pem, user: cn, trust-domain: example.org}]",
                "[{name: a, ca: x.pem, user: spiffe}]",
                "[{name: a, ca: x.pem, user: spiffe, trust-domain: a.org, accounts: {'spiffe://b.org/x': y}}]",
                "[{name: a, ca: x.pem, user: spiffe, trust-domain: a.org},"
                        + "{name: b, ca: y.pem, user: spiffe, trust-domain: a.org}]",
                "[{name: a, ca: x.pem, user: cn}, {name: a, ca: y.pem, user: cn}]",
                "[{name: a, ca: /there/is/no.pem, user: cn}]",
            })
    void aClientCaThatCannotBeIsRefusedByItsName(String list) {
        assertThatThrownBy(
                        () -> new ConfigLoader().set(CLIENT_CAS, list, "test").load())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(CLIENT_CAS)
                .hasMessageMatching("(?s).*(Write|Use|Give|Set|Bind|Map|take it).*");
    }

    @Test
    void certificatesOfClientsNeedWhateverMakesThemCount() {
        for (String setting :
                List.of("server.tls.client-certificates=require", "server.tls.client-certificate-header=X-Cert")) {
            String[] pair = setting.split("=");
            assertThatThrownBy(() ->
                            new ConfigLoader().set(pair[0], pair[1], "test").load())
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(pair[0]);
        }
    }
}
