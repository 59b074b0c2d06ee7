package io.berth.config;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads the configuration. Later sources win: defaults, the YAML file, {@code BERTH_*} variables, the command line.
 *
 * <p>All problems are collected and reported together.
 */
public final class ConfigLoader {
    /** Variables that begin with {@code BERTH_} and are not settings. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of("BERTH_HEAP", "BERTH_JAVA_OPTS", "BERTH_CLIENTS_DIR", "BERTH_CONFIG", "BERTH_NO_BUILD");

    private record Raw(String text, String source) {}

    private final Map<String, Raw> values = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final Set<String> paths = Keys.all().stream().map(Key::path).collect(Collectors.toCollection(HashSet::new));

    /** A loader that knows the defaults alone. */
    public ConfigLoader() {}

    /** Takes a YAML file in. A file that cannot be read is a problem like any other. */
    public ConfigLoader file(Path file) {
        try {
            Object root = YamlText.read(Files.readString(file), file.toString());
            if (root instanceof Map<?, ?> mapping) {
                flatten("", mapping, file.toString());
            } else if (root != null) {
                problems.add(file + ": is not a YAML mapping of keys to values.");
            }
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
        } catch (IOException e) {
            problems.add(file + ": cannot be read (" + e.getClass().getSimpleName()
                    + "). Give the path of a readable YAML file, or leave --config away.");
        }
        return this;
    }

    /** Takes the {@code BERTH_*} variables of {@code environment} in. */
    public ConfigLoader environment(Map<String, String> environment) {
        var known = new HashMap<String, Key<?>>();
        Keys.all().forEach(key -> known.put(key.variable(), key));
        environment.forEach((name, value) -> {
            if (!name.startsWith("BERTH_") || OTHER_VARIABLES.contains(name)) {
                return;
            }
            Key<?> key = known.get(name);
            if (key == null) {
                problems.add(name + ": there is no such setting." + nearest(name, known.keySet())
                        + " `berth config reference` lists all.");
            } else {
                values.put(key.path(), new Raw(value, name));
            }
        });
        return this;
    }

    /** Takes one value in, as the command line gives it. */
    public ConfigLoader set(String path, String value, String source) {
        values.put(path, new Raw(value, source));
        return this;
    }

    /** @throws ConfigException when anything is wrong, with all that is */
    public BerthConfig load() {
        Path data = get(Keys.DATA);
        Optional<BerthConfig.Tls> tls = tls();
        String host = get(Keys.HOST);
        var config = new BerthConfig(
                data,
                Optional.ofNullable(get(Keys.ADMIN_PASSWORD)).filter(p -> !p.isEmpty()),
                new BerthConfig.Server(
                        host == null || host.isEmpty() ? (tls.isPresent() ? "0.0.0.0" : "127.0.0.1") : host,
                        or(get(Keys.PORT), 0),
                        or(get(Keys.EXTERNAL_URL), Optional.empty()),
                        or(get(Keys.TRUSTED_PROXIES), List.of()),
                        tls,
                        get(Keys.IDLE_TIMEOUT),
                        get(Keys.SHUTDOWN_TIMEOUT),
                        clientCertificates(tls.isPresent()),
                        proxyProtocol()),
                new BerthConfig.Registry(
                        or(get(Keys.ANONYMOUS_PULL), true),
                        get(Keys.CHALLENGE),
                        or(get(Keys.READ_ONLY), false),
                        get(Keys.MISSING_REFERENCES),
                        or(get(Keys.MAX_MANIFEST_SIZE), 0L),
                        or(get(Keys.MAX_BLOB_SIZE), 0L),
                        get(Keys.UPLOAD_EXPIRY),
                        or(get(Keys.MAX_OPEN_UPLOAD_BYTES), 0L)),
                new BerthConfig.Projects(get(Keys.CREATED_BY_PUSH), or(get(Keys.PUSHED_ARE_PUBLIC), false)),
                new BerthConfig.Storage(
                        or(get(Keys.BLOBS), Optional.<Path>empty()).orElse(under(data, "blobs")),
                        or(get(Keys.MIN_FREE), 0L),
                        or(get(Keys.INLINE_LIMIT), 0L).intValue(),
                        get(Keys.DIRECT_IO)),
                new BerthConfig.DatabaseConfig(
                        or(get(Keys.DATABASE), Optional.<Path>empty()).orElse(data), or(get(Keys.READERS), 1)),
                new BerthConfig.Limits(or(get(Keys.REQUESTS_PER_SECOND), 0), or(get(Keys.BODY_MEMORY), 0L)),
                new BerthConfig.Metrics(or(get(Keys.METRICS_LISTEN), Optional.empty())),
                new BerthConfig.Logging(get(Keys.LOG_FORMAT), or(get(Keys.LOG_ACCESS), true), get(Keys.LOG_LEVEL)),
                new BerthConfig.Tracing(
                        or(get(Keys.TRACING_ENDPOINT), Optional.empty()), or(get(Keys.TRACING_RATIO), 0.0)),
                new BerthConfig.MasterKeys(
                        Optional.ofNullable(get(Keys.MASTER_KEY)).filter(keys -> !keys.isEmpty()),
                        or(get(Keys.MASTER_KEY_FILE), Optional.<Path>empty()).orElse(under(data, "master-key"))),
                new BerthConfig.Audit(syslog()));
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return config;
    }

    /** The reference of every key as Markdown. */
    public static String reference() {
        return Keys.all().stream()
                .map(key -> "| `%s` | `%s` | %s | %s | %s |\n"
                        .formatted(
                                key.path(),
                                key.variable(),
                                key.fallback().isEmpty() ? "" : "`" + key.fallback() + "`",
                                key.form(),
                                key.description()))
                .collect(Collectors.joining(
                        "",
                        "| key | variable | default | form | what it does |\n| --- | --- | --- | --- | --- |\n",
                        ""));
    }

    private Optional<BerthConfig.Tls> tls() {
        Optional<Path> certificate = or(get(Keys.TLS_CERTIFICATE), Optional.empty());
        Optional<Path> key = or(get(Keys.TLS_KEY), Optional.empty());
        BerthConfig.TlsEngine engine = get(Keys.TLS_ENGINE);
        if (certificate.isPresent() != key.isPresent()) {
            problems.add("server.tls: certificate and key belong together. Set both " + Keys.TLS_CERTIFICATE.path()
                    + " and " + Keys.TLS_KEY.path() + ", or neither.");
            return Optional.empty();
        }
        certificate.ifPresent(file -> requireReadable(Keys.TLS_CERTIFICATE, file));
        key.ifPresent(file -> requireReadable(Keys.TLS_KEY, file));
        return certificate.map(file -> new BerthConfig.Tls(file, key.orElseThrow(), engine));
    }

    private ClientCertificates clientCertificates(boolean tls) {
        var mode = or(get(Keys.CLIENT_CERTIFICATES), ClientCertificates.Mode.REQUEST);
        List<ClientCertificates.Authority> authorities = or(get(Keys.CLIENT_AUTHORITIES), List.of());
        Optional<String> header = or(get(Keys.CLIENT_CERTIFICATE_HEADER), Optional.empty());
        String list = Keys.CLIENT_AUTHORITIES.path();
        authorities.stream()
                .filter(authority -> !Files.isReadable(authority.ca()))
                .forEach(authority -> problems.add(list + ": the file " + authority.ca() + " of the CA '"
                        + authority.name() + "' cannot be read. Give a PEM file that Berth's user may read."));
        if (!authorities.isEmpty() && !tls && header.isEmpty()) {
            problems.add(list + ": nobody can present a certificate without TLS. Set " + Keys.TLS_CERTIFICATE.path()
                    + ", or " + Keys.CLIENT_CERTIFICATE_HEADER.path() + " behind a proxy.");
        }
        if (mode == ClientCertificates.Mode.REQUIRE && (authorities.isEmpty() || !tls)) {
            problems.add(Keys.CLIENT_CERTIFICATES.path() + ": 'require' needs TLS and CAs that sign certificates. Set "
                    + Keys.TLS_CERTIFICATE.path() + " and " + list + ", or 'request'.");
        }
        if (header.isPresent()
                && (authorities.isEmpty()
                        || or(get(Keys.TRUSTED_PROXIES), List.of()).isEmpty())) {
            problems.add(Keys.CLIENT_CERTIFICATE_HEADER.path() + ": '" + header.get()
                    + "' counts from nobody. Set " + Keys.TRUSTED_PROXIES.path() + " and " + list
                    + " as well, or leave it away.");
        }
        return new ClientCertificates(mode, authorities, header);
    }

    private boolean proxyProtocol() {
        boolean on = or(get(Keys.PROXY_PROTOCOL), false);
        if (on && or(get(Keys.TRUSTED_PROXIES), List.of()).isEmpty()) {
            problems.add(Keys.PROXY_PROTOCOL.path() + ": 'true' counts from nobody. Set " + Keys.TRUSTED_PROXIES.path()
                    + " as well, or leave it away.");
        }
        return on;
    }

    private Optional<BerthConfig.Syslog> syslog() {
        Optional<Path> ca = or(get(Keys.AUDIT_SYSLOG_CA), Optional.empty());
        ca.ifPresent(file -> requireReadable(Keys.AUDIT_SYSLOG_CA, file));
        return or(get(Keys.AUDIT_SYSLOG), Optional.<URI>empty())
                .map(uri -> new BerthConfig.Syslog(
                        uri.getHost().replaceAll("[\\[\\]]", ""),
                        uri.getPort(),
                        uri.getScheme().equals("tls"),
                        ca));
    }

    private void requireReadable(Key<?> key, Path file) {
        if (!Files.isReadable(file)) {
            problems.add(key.path() + ": the file " + file + " cannot be read. Give " + key.form()
                    + " that Berth's user" + " may read.");
        }
    }

    private <T> T get(Key<T> key) {
        Raw raw = values.getOrDefault(key.path(), new Raw(key.fallback(), "the default"));
        try {
            return key.parser().apply(raw.text());
        } catch (AuthorityForm.Wrong e) {
            problems.add(key.path() + " (from " + raw.source() + "): " + e.getMessage());
            return null;
        } catch (IllegalArgumentException | ArithmeticException e) {
            String shown = key.secret() ? "(secret)" : "'" + raw.text() + "'";
            problems.add(key.path() + ": " + shown + " (from " + raw.source() + ") is not " + key.form() + ". Write "
                    + key.form() + ", in the file as `" + key.path() + "` or in the environment as " + key.variable()
                    + ".");
            return null;
        }
    }

    private void flatten(String prefix, Map<?, ?> mapping, String source) {
        mapping.forEach((key, value) -> {
            String path = prefix.isEmpty() ? String.valueOf(key) : prefix + "." + key;
            boolean group = paths.stream().anyMatch(known -> known.startsWith(path + "."));
            if (paths.contains(path)) {
                if (value instanceof Map) {
                    problems.add(path + ": has keys below it in " + source + ", but is a single value.");
                } else if (value != null) {
                    values.put(path, new Raw(text(value), source));
                }
            } else if (group && value instanceof Map<?, ?> below) {
                flatten(path, below, source);
            } else if (!group || value != null) {
                problems.add(path + ": there is no such setting (in " + source + ")." + nearest(path, paths)
                        + " `berth config reference` lists all.");
            }
        });
    }

    private static String text(Object value) {
        if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
            return YamlText.write(list);
        }
        return value instanceof List<?> list
                ? list.stream().map(String::valueOf).collect(Collectors.joining(","))
                : String.valueOf(value);
    }

    private static Path under(Path directory, String name) {
        return directory == null ? null : directory.resolve(name);
    }

    private static <T> T or(T value, T other) {
        return value == null ? other : value;
    }

    private static String nearest(String wrong, Set<String> known) {
        return known.stream()
                .min(java.util.Comparator.comparingInt(candidate -> distance(wrong, candidate)))
                .filter(candidate -> distance(wrong, candidate) <= Math.max(2, wrong.length() / 4))
                .map(candidate -> " Did you mean " + candidate + "?")
                .orElse("");
    }

    // Levenshtein's distance, with one row
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }
}
