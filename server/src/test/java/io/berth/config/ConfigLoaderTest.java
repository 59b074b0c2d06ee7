package io.berth.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {
    @TempDir
    Path directory;

    private Path yaml(String text) throws IOException {
        return Files.writeString(directory.resolve("berth.yaml"), text);
    }

    private static List<String> problems(ConfigLoader loader) {
        ConfigException e = catchThrowableOfType(ConfigException.class, loader::load);
        assertThat(e).as("the configuration was taken").isNotNull();
        assertThat(e.getMessage()).isEqualTo(String.join(System.lineSeparator(), e.problems()));
        return e.problems();
    }

    private static List<String> problemsOf(String key, String value) {
        return problems(new ConfigLoader().set(key, value, "a test"));
    }

    @Test
    void everySettingHasADefault() {
        assertThat(new ConfigLoader().load())
                .isEqualTo(new BerthConfig(
                        Path.of("data"),
                        Optional.empty(),
                        new BerthConfig.Server(
                                "127.0.0.1",
                                5000,
                                Optional.empty(),
                                List.of(),
                                Optional.empty(),
                                Duration.ofSeconds(75),
                                Duration.ofSeconds(30)),
                        new BerthConfig.Registry(
                                true,
                                BerthConfig.Challenge.TOKEN,
                                false,
                                BerthConfig.MissingReferences.REFUSE,
                                8L << 20,
                                0,
                                Duration.ofHours(24),
                                0),
                        new BerthConfig.Projects(BerthConfig.CreatedByPush.ADMINISTRATORS, false),
                        new BerthConfig.Storage(Path.of("data/blobs"), 64L << 20, 16 << 10, BerthConfig.DirectIo.AUTO),
                        new BerthConfig.DatabaseConfig(Path.of("data"), 4),
                        new BerthConfig.Limits(0, 64L << 20),
                        new BerthConfig.Metrics(Optional.empty()),
                        new BerthConfig.Logging(BerthConfig.LogFormat.TEXT, true, "info"),
                        new BerthConfig.Tracing(Optional.empty(), 0.1),
                        new BerthConfig.MasterKeys(Optional.empty(), Path.of("data/master-key")),
                        new BerthConfig.Audit(Optional.empty())));
    }

    private static final String EVERYTHING = """
            data: /srv/berth
            admin:
              password: correct horse
            master-key: a key
            secrets:
              master-key-file: /run/secrets/berth
            server:
              host: 192.0.2.1
              port: 443
              external-url: https://registry.example.com/berth
              trusted-proxies: [10.0.0.0/8, "::1"]
              proxy-protocol: true
              idle-timeout: 10s
              shutdown-timeout: 5m
            registry:
              anonymous-pull: no
              challenge: basic
              read-only: true
              missing-references: accept
              max-manifest-size: 4MiB
              max-blob-size: 10GiB
              upload-expiry: 7d
              max-open-upload-bytes: 1TiB
            projects:
              created-by-push: creators
              pushed-are-public: true
            storage:
              blobs: /mnt/blobs
              min-free: 1GiB
              inline-limit: 1MiB
              direct-io: off
            database:
              directory: /var/lib/berth
              readers: 8
            limits:
              requests-per-second: 50
              body-memory: 16MiB
            metrics:
              listen: localhost:9090
            log:
              format: json
              access: no
              level: debug
            tracing:
              endpoint: http://collector:4318
              ratio: 1
            audit:
              syslog:
                endpoint: tls://[::1]:6514
                ca: ""
            """;

    @Test
    void theProxyProtocolNeedsSomebodyWhoIsTrusted() {
        var refused = catchThrowableOfType(
                ConfigException.class,
                () -> new ConfigLoader()
                        .set("server.proxy-protocol", "true", "test")
                        .load());
        assertThat(refused.problems())
                .singleElement()
                .asString()
                .contains("server.proxy-protocol", "server.trusted-proxies");
        assertThat(new ConfigLoader()
                        .set("server.proxy-protocol", "true", "test")
                        .set("server.trusted-proxies", "10.0.0.0/8", "test")
                        .load()
                        .server()
                        .proxyProtocol())
                .isTrue();
    }

    @Test
    void everySettingIsReadFromTheFile() throws IOException {
        BerthConfig config = new ConfigLoader().file(yaml(EVERYTHING)).load();
        assertThat(config)
                .isEqualTo(new BerthConfig(
                        Path.of("/srv/berth"),
                        Optional.of("correct horse"),
                        new BerthConfig.Server(
                                "192.0.2.1",
                                443,
                                Optional.of(URI.create("https://registry.example.com/berth")),
                                List.of(Cidr.parse("10.0.0.0/8"), Cidr.parse("::1")),
                                Optional.empty(),
                                Duration.ofSeconds(10),
                                Duration.ofMinutes(5),
                                ClientCertificates.NONE,
                                true),
                        new BerthConfig.Registry(
                                false,
                                BerthConfig.Challenge.BASIC,
                                true,
                                BerthConfig.MissingReferences.ACCEPT,
                                4L << 20,
                                10L << 30,
                                Duration.ofDays(7),
                                1L << 40),
                        new BerthConfig.Projects(BerthConfig.CreatedByPush.CREATORS, true),
                        new BerthConfig.Storage(Path.of("/mnt/blobs"), 1L << 30, 1 << 20, BerthConfig.DirectIo.OFF),
                        new BerthConfig.DatabaseConfig(Path.of("/var/lib/berth"), 8),
                        new BerthConfig.Limits(50, 16L << 20),
                        new BerthConfig.Metrics(config.metrics().listen()),
                        new BerthConfig.Logging(BerthConfig.LogFormat.JSON, false, "debug"),
                        new BerthConfig.Tracing(Optional.of(URI.create("http://collector:4318")), 1),
                        new BerthConfig.MasterKeys(Optional.of("a key"), Path.of("/run/secrets/berth")),
                        new BerthConfig.Audit(
                                Optional.of(new BerthConfig.Syslog("::1", 6514, true, Optional.empty())))));
        assertThat(config.metrics().listen().orElseThrow().getPort()).isEqualTo(9090);
    }

    @Test
    void theFileOfThisTestHasEverySettingButTls() {
        for (Key<?> key : Keys.all()) {
            String last = key.path().substring(key.path().lastIndexOf('.') + 1);
            if (!key.path().startsWith("server.tls.")) {
                assertThat(EVERYTHING).as(key.path()).contains(last + ":");
            }
        }
    }

    static Stream<Key<?>> keys() {
        return Keys.all().stream();
    }

    @ParameterizedTest
    @MethodSource("keys")
    void theDefaultOfEverySettingHasItsForm(Key<?> key) {
        assertThat(key.parser().apply(key.fallback())).isNotNull();
        assertThat(key.description()).endsWith(".");
        assertThat(key.variable()).matches("BERTH_[A-Z0-9_]+");
    }

    @Test
    void noTwoSettingsShareAPathOrAVariable() {
        assertThat(Keys.all()).extracting(Key::path).doesNotHaveDuplicates();
        assertThat(Keys.all()).extracting(Key::variable).doesNotHaveDuplicates();
    }

    @Test
    void theEnvironmentWinsOverTheFileAndTheCommandLineOverBoth() throws IOException {
        Path file = yaml("server: {port: 1, host: 192.0.2.1}\nlog.level: warn\n");
        Map<String, String> environment = Map.of("BERTH_SERVER_PORT", "2", "BERTH_LOG_LEVEL", "error", "PATH", "/bin");
        BerthConfig config = new ConfigLoader()
                .file(file)
                .environment(environment)
                .set("server.port", "3", "--port")
                .load();
        assertThat(config.server().host()).isEqualTo("192.0.2.1");
        assertThat(config.logging().level()).isEqualTo("error");
        assertThat(config.server().port()).isEqualTo(3);
        assertThat(new ConfigLoader()
                        .file(file)
                        .environment(environment)
                        .load()
                        .server()
                        .port())
                .isEqualTo(2);
        assertThat(new ConfigLoader().file(file).load().server().port()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing but a remark\n", "---\n", "server:\n", "server: {}\n", "server: {port: }\n"})
    void whatIsLeftOpenKeepsItsDefault(String text) throws IOException {
        assertThat(new ConfigLoader().file(yaml(text)).load()).isEqualTo(new ConfigLoader().load());
    }

    @Test
    void tlsOpensEveryAddressUnlessOneIsGiven() throws IOException {
        Path pem = Files.writeString(directory.resolve("a.pem"), "x");
        var config = new ConfigLoader()
                .set("server.tls.certificate", pem.toString(), "a test")
                .set("server.tls.key", pem.toString(), "a test")
                .set("server.tls.engine", "jdk", "a test")
                .load()
                .server();
        assertThat(config.host()).isEqualTo("0.0.0.0");
        assertThat(config.tls()).contains(new BerthConfig.Tls(pem, pem, BerthConfig.TlsEngine.JDK));
    }

    @Test
    void certificateAndKeyBelongTogether() {
        assertThat(problemsOf("server.tls.certificate", "a.pem"))
                .containsExactly("server.tls: certificate and key belong together. Set both server.tls.certificate and"
                        + " server.tls.key, or neither.");
    }

    @Test
    void certificateAndKeyHaveToBeReadable() {
        var loader = new ConfigLoader()
                .set("server.tls.certificate", "/nowhere/a.pem", "a test")
                .set("server.tls.key", "/nowhere/b.pem", "a test");
        assertThat(problems(loader))
                .containsExactly(
                        "server.tls.certificate: the file /nowhere/a.pem cannot be read. Give a PEM file that Berth's"
                                + " user may read.",
                        "server.tls.key: the file /nowhere/b.pem cannot be read. Give a PEM file that Berth's user may"
                                + " read.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "server.port | 65536 | a number from 0 to 65535",
                "server.port | x | a number from 0 to 65535",
                "server.external-url | registry.example.com | an http or https URL without query",
                "server.trusted-proxies | 10.0.0.0/8,proxy | IP addresses or networks, separated by commas",
                "server.tls.engine | openssl | auto, boringssl or jdk",
                "server.idle-timeout | 75 | a duration such as 30s, 5m or 7d",
                "server.shutdown-timeout | soon | a duration such as 30s, 5m or 7d",
                "registry.anonymous-pull | maybe | true or false",
                "registry.read-only | 1 | true or false",
                "registry.missing-references | ignore | refuse or accept",
                "registry.max-manifest-size | 8MB | a number of bytes such as 8MiB or 20GiB",
                "registry.max-blob-size | -1 | a number of bytes such as 8MiB or 20GiB",
                "registry.upload-expiry | 1w | a duration such as 30s, 5m or 7d",
                "registry.max-open-upload-bytes | lots | a number of bytes such as 8MiB or 20GiB",
                "storage.min-free | 10% | a number of bytes such as 8MiB or 20GiB",
                "storage.inline-limit | 2MiB | a number of bytes such as 8MiB or 20GiB",
                "storage.direct-io | always | auto, on or off",
                "database.readers | 0 | a number from 1 to 64",
                "limits.requests-per-second | -1 | a number from 0 to 1000000",
                "limits.body-memory | 1MiB | a number of bytes such as 8MiB or 20GiB",
                "metrics.listen | 9090 | host:port",
                "log.format | xml | text or json",
                "log.access | sometimes | true or false",
                "log.level | trace | error, warn, info or debug",
                "tracing.endpoint | collector:4317 | an http or https URL",
                "tracing.ratio | 2 | a number from 0 to 1",
                "tracing.ratio | NaN | a number from 0 to 1"
            })
    void aWrongValueIsNamedWithItsKeyAndWhatToWrite(String key, String value, String form) {
        String variable = "BERTH_" + key.toUpperCase(java.util.Locale.ROOT).replaceAll("[.-]", "_");
        assertThat(problemsOf(key, value))
                .containsExactly(
                        "%s: '%s' (from a test) is not %s. Write %s, in the file as `%s` or in the environment as %s."
                                .formatted(key, value, form, form, key, variable));
    }

    @Test
    void allProblemsAreReportedTogether() throws IOException {
        var loader = new ConfigLoader()
                .file(yaml("server: {port: x, prot: 1}\n"))
                .environment(Map.of("BERTH_LOG_LEVEL", "loud"));
        assertThat(problems(loader))
                .hasSize(3)
                .anyMatch(problem -> problem.startsWith("server.port: 'x' (from " + directory))
                .anyMatch(problem -> problem.startsWith("server.prot: there is no such setting"))
                .anyMatch(problem -> problem.startsWith("log.level: 'loud' (from BERTH_LOG_LEVEL)"));
    }

    @Test
    void anUnknownSettingIsToldWithItsNearestNeighbour() throws IOException {
        Path file = yaml("registry:\n  anonymous-pul: true\n");
        assertThat(problems(new ConfigLoader().file(file)))
                .containsExactly("registry.anonymous-pul: there is no such setting (in " + file
                        + "). Did you mean registry.anonymous-pull? `berth config reference` lists all.");
        assertThat(problems(new ConfigLoader().environment(Map.of("BERTH_SERVER_PROT", "1"))))
                .containsExactly("BERTH_SERVER_PROT: there is no such setting. Did you mean BERTH_SERVER_PORT?"
                        + " `berth config reference` lists all.");
        assertThat(problems(new ConfigLoader().environment(Map.of("BERTH_COMPLETELY_DIFFERENT", "1"))))
                .containsExactly("BERTH_COMPLETELY_DIFFERENT: there is no such setting. `berth config reference` lists"
                        + " all.");
    }

    @Test
    void variablesThatAreNoSettingsAreLeftAlone() {
        assertThat(new ConfigLoader()
                        .environment(Map.of("BERTH_JAVA_OPTS", "-Xmx1g", "BERTH_CONFIG", "x", "HOME", "/"))
                        .load())
                .isEqualTo(new ConfigLoader().load());
    }

    @Test
    void aKeyThatComesTwiceIsRefused() throws IOException {
        assertThat(problems(new ConfigLoader().file(yaml("server:\n  port: 1\n  port: 2\n"))))
                .singleElement()
                .asString()
                .startsWith(directory.resolve("berth.yaml") + ":3: is not valid YAML: found duplicate key port");
    }

    @Test
    void aSecondDocumentIsNotIgnored() throws IOException {
        assertThat(problems(new ConfigLoader().file(yaml("server: {port: 1}\n---\nserver: {port: 2}\n"))))
                .isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"- a\n", "text\n", "5\n"})
    void aFileIsAMapping(String text) throws IOException {
        Path file = yaml(text);
        assertThat(problems(new ConfigLoader().file(file)))
                .containsExactly(file + ": is not a YAML mapping of keys to values.");
    }

    @Test
    void aValueIsNotAMapping() throws IOException {
        Path file = yaml("server:\n  port:\n    number: 1\n");
        assertThat(problems(new ConfigLoader().file(file)))
                .containsExactly("server.port: has keys below it in " + file + ", but is a single value.");
    }

    @Test
    void aGroupIsNotAValue() throws IOException {
        assertThat(problems(new ConfigLoader().file(yaml("server: 5000\n"))))
                .singleElement()
                .asString()
                .startsWith("server: there is no such setting");
    }

    @Test
    void aFileThatCannotBeReadIsAProblem() {
        Path file = directory.resolve("absent.yaml");
        assertThat(problems(new ConfigLoader().file(file)))
                .containsExactly(file + ": cannot be read (NoSuchFileException). Give the path of a readable YAML file,"
                        + " or leave --config away.");
    }

    // Secrets

    @Test
    void aSecretIsMasked() {
        assertThat(problemsOf("admin.password", "hunter2"))
                .containsExactly(
                        "admin.password: (secret) (from a test) is not 8 characters or more. Write 8 characters"
                                + " or more, in the file as `admin.password` or in the environment as BERTH_ADMIN_PASSWORD.");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "admin:\n  password: \"hunter2-very-secret\n",
                "admin:\n  password: hunter2-very-secret: x\n",
                "admin: {password: hunter2-very-secret\n",
                "admin:\n  password: hunter2-very-secret\n  password: hunter2-very-secret\n",
                "admin:\n\tpassword: hunter2-very-secret\n",
                "admin:\n  password: !hunter2-very-secret [\n",
                "admin:\n  password: !hunter2-very-secret\n",
                "admin:\n  password: *hunter2-very-secret\n",
                "admin:\n  password: 'hunter2-very-secret'x\n",
                "hunter2: [\n",
                "%hunter2-very-secret\n---\na: b\n"
            })
    void aMistakeInTheFileDoesNotShowTheSecretBesideIt(String text) throws IOException {
        assertThat(problems(new ConfigLoader().file(yaml(text))))
                .isNotEmpty()
                .noneMatch(problem -> problem.contains("hunter2"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0123456789",
                "12345678.50",
                "1e10000000",
                "0x12345678",
                "1_000_000_000",
                "+123456789",
                "2026-01-01"
            })
    void aPasswordOfDigitsIsTakenAsItIsWritten(String password) throws IOException {
        assertThat(new ConfigLoader()
                        .file(yaml("admin:\n  password: " + password + "\n"))
                        .load()
                        .adminPassword())
                .contains(password);
    }
}
