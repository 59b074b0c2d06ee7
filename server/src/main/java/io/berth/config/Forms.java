package io.berth.config;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parsers of the forms that values have. Each throws {@link IllegalArgumentException} for other text. */
public final class Forms {
    private static final Pattern BYTES = Pattern.compile("(\\d{1,15})\\s*(B|KiB|MiB|GiB|TiB|)");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|d)");
    private static final Pattern HOST_PORT = Pattern.compile("(\\[[0-9a-fA-F:]+]|[^:\\[\\]]+):(\\d{1,5})");

    // Timeouts are counted in nanoseconds.
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    private Forms() {}

    static boolean bool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "yes", "on" -> true;
            case "false", "no", "off" -> false;
            default -> throw new IllegalArgumentException("neither true nor false");
        };
    }

    static Function<String, Integer> number(int min, int max) {
        return text -> {
            int value = Integer.parseInt(text);
            if (value < min || value > max) {
                throw new IllegalArgumentException("out of range");
            }
            return value;
        };
    }

    /** A number of bytes, {@code 10GiB}. */
    public static long bytes(String text) {
        Matcher matcher = BYTES.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a size");
        }
        int shift = switch (matcher.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            case "TiB" -> 40;
            default -> 0;
        };
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    }

    static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a duration");
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration duration = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
        if (duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("longer than clocks count");
        }
        return duration;
    }

    static <E extends Enum<E>> Function<String, E> oneOf(Class<E> type) {
        return text -> Enum.valueOf(type, text.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    static Optional<Path> path(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
    }

    static Optional<String> headerName(String text) {
        if (!text.matches("[A-Za-z0-9-]{0,64}")) {
            throw new IllegalArgumentException("not a header's name");
        }
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    static Optional<InetSocketAddress> hostPort(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Matcher matcher = HOST_PORT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not host:port");
        }
        String host = matcher.group(1);
        int port = number(0, 65_535).apply(matcher.group(2));
        return Optional.of(InetSocketAddress.createUnresolved(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host, port));
    }

    static Optional<URI> httpUrl(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        URI uri = URI.create(text);
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        if (!http || uri.getHost() == null || uri.getQuery() != null || uri.getFragment() != null) {
            throw new IllegalArgumentException("not a URL");
        }
        return Optional.of(uri);
    }

    static Optional<URI> syslogUrl(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        URI uri = URI.create(text);
        boolean known = "tcp".equals(uri.getScheme()) || "tls".equals(uri.getScheme());
        boolean more = !uri.getRawPath().isEmpty() || uri.getQuery() != null || uri.getFragment() != null;
        if (!known || uri.getHost() == null || uri.getPort() < 1 || uri.getPort() > 65_535 || more) {
            throw new IllegalArgumentException("not an endpoint");
        }
        return Optional.of(uri);
    }

    static List<String> list(String text) {
        return text.isBlank()
                ? List.of()
                : Arrays.stream(text.split(",")).map(String::strip).toList();
    }

    static List<Cidr> networks(String text) {
        return list(text).stream().map(Cidr::parse).toList();
    }
}
