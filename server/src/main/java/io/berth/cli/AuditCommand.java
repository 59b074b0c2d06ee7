package io.berth.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.audit.AuditEntry;
import io.berth.audit.AuditFilter;
import io.berth.audit.AuditLog;
import io.berth.audit.AuditRequests;
import io.berth.audit.ExportFormat;
import io.berth.config.BerthConfig;
import io.berth.identity.AdminSocket;
import io.berth.site.SiteSettings;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code berth audit}: searches what was recorded, and exports it. */
@Command(
        name = "audit",
        description = {
            "Searches the audit, newest first, and exports it. The server may run or not.",
            "A text is compared as it is; a * in it stands for any characters."
        },
        mixinStandardHelpOptions = true)
final class AuditCommand implements Callable<Integer> {
    private static final long SCREEN = 100;
    private static final Pattern AGO = Pattern.compile("(\\d{1,6})([smhd])");

    /** The form of what is printed; the names are what is typed. */
    enum Form {
        text,
        csv,
        json
    }

    @Mixin
    private ConfigOptions options;

    @Option(
            names = "--from",
            paramLabel = "TIME",
            description = "Not before: 2026-01-31T00:00:00Z, or 30m, 24h, 7d ago.")
    private String from;

    @Option(names = "--to", paramLabel = "TIME", description = "Before that, in the same forms.")
    private String to;

    @Option(names = "--operation", paramLabel = "NAME", description = "push, pull, create, update, delete, login ...")
    private String operation;

    @Option(names = "--type", paramLabel = "NAME", description = "artifact, tag, project, user, robot, grant ...")
    private String type;

    @Option(names = "--resource", paramLabel = "NAME", description = "What it was done to: 'team/app*'.")
    private String resource;

    @Option(names = "--project", paramLabel = "NAME", description = "In which project.")
    private String project;

    @Option(names = "--actor", paramLabel = "NAME", description = "Who did it.")
    private String actor;

    @Option(names = "--client", paramLabel = "ADDRESS", description = "From which address.")
    private String client;

    @Option(names = "--success", paramLabel = "true|false", description = "Whether it was allowed and done.")
    private String success;

    @Option(names = "--request-id", paramLabel = "ID", description = "In which request.")
    private String requestId;

    @Option(names = "--credential", paramLabel = "ID", description = "By which credential: 'token:12', 'password:3'.")
    private String credential;

    @Option(names = "--rule", paramLabel = "TEXT", description = "What decided: 'grant 7:*'.")
    private String rule;

    @Option(names = "--detail", paramLabel = "TEXT", description = "What else is known, as JSON: '*sha256:9f86*'.")
    private String detail;

    @Option(names = "--limit", paramLabel = "N", description = "How many at most (default: 100 as text, else all).")
    private Long limit;

    @Option(names = "--count", description = "Prints how many there are.")
    private boolean count;

    @Option(
            names = "--output",
            paramLabel = "text|csv|json",
            defaultValue = "text",
            description = "The form: ${COMPLETION-CANDIDATES}; json is an object on each line.")
    private Form output;

    @Override
    public Integer call() throws IOException {
        BerthConfig config = options.load();
        try {
            Map<String, String> texts = filter(Instant.now());
            AuditFilter filter = AuditFilter.parse(texts); // before anything is opened
            if (AdminSocket.request(config.data(), Map.of("do", "status")) != null) {
                var server = server(config);
                if (count) {
                    System.out.println(AuditRequests.count(server, texts));
                } else {
                    print(taker -> AuditRequests.each(server, texts, most(), taker));
                }
                return 0;
            }
            try (var data = OfflineData.existing(config)) {
                var log = new AuditLog(data.database(), new SiteSettings(data.database()));
                if (count) {
                    System.out.println(log.count(filter));
                } else {
                    print(taker -> log.each(filter, most(), taker));
                }
            }
            return 0;
        } catch (IllegalArgumentException e) {
            System.err.println("berth audit: " + e.getMessage());
            return 1;
        }
    }

    private static AuditRequests.Server server(BerthConfig config) {
        return request -> {
            try {
                JsonNode answer = AdminSocket.request(config.data(), request);
                if (answer == null) {
                    throw new IOException("the server has stopped: run the command again");
                }
                return answer;
            } catch (IOException e) {
                throw new UncheckedIOException(e.getMessage(), e);
            }
        };
    }

    private long most() {
        return limit != null ? limit : output == Form.text ? SCREEN : Long.MAX_VALUE;
    }

    private Map<String, String> filter(Instant now) {
        var texts = new HashMap<String, String>();
        texts.put("from", time(from, now));
        texts.put("to", time(to, now));
        texts.put("operation", operation);
        texts.put("resource_type", type);
        texts.put("resource", resource);
        texts.put("project", project);
        texts.put("actor", actor);
        texts.put("client", client);
        texts.put("success", success);
        texts.put("request_id", requestId);
        texts.put("credential", credential);
        texts.put("rule", rule);
        texts.put("detail", detail);
        texts.values().removeIf(value -> value == null);
        return texts;
    }

    private static String time(String text, Instant now) {
        Matcher ago = AGO.matcher(text == null ? "" : text);
        if (!ago.matches()) {
            return text;
        }
        long amount = Long.parseLong(ago.group(1));
        return now.minus(
                        switch (ago.group(2)) {
                            case "s" -> Duration.ofSeconds(amount);
                            case "m" -> Duration.ofMinutes(amount);
                            case "h" -> Duration.ofHours(amount);
                            default -> Duration.ofDays(amount);
                        })
                .toString();
    }

    private void print(Consumer<Consumer<AuditEntry>> entries) throws IOException {
        try (var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8))) {
            switch (output) {
                case text -> entries.accept(entry -> write(out, line(entry)));
                case csv -> export(out, ExportFormat.CSV, entries);
                case json -> export(out, ExportFormat.JSON_LINES, entries);
            }
        }
    }

    private static void export(Writer out, ExportFormat format, Consumer<Consumer<AuditEntry>> entries) {
        write(out, format.head());
        entries.accept(entry -> write(out, format.line(entry)));
    }

    private static void write(Writer out, String text) {
        try {
            out.write(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String line(AuditEntry entry) {
        return "%s  %-8s  %-20s  %-15s  %s %s %s%s%n"
                .formatted(
                        Instant.ofEpochMilli(entry.at()),
                        entry.success() ? "ok" : "refused",
                        plain(entry.actor()),
                        plain(entry.client()),
                        entry.operation(),
                        entry.resourceType(),
                        plain(entry.resource()),
                        entry.rule() == null ? "" : "  (" + plain(entry.rule()) + ")");
    }

    // A terminal obeys control characters, and names may come from whoever failed to log in.
    private static String plain(String text) {
        if (text == null) {
            return "-";
        }
        var plain = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || c == 0x2028 || c == 0x2029) {
                plain.append("\\u%04x".formatted(c));
            } else {
                plain.appendCodePoint(c);
            }
        });
        return plain.toString();
    }
}
