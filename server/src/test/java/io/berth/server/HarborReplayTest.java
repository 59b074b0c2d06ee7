package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a Harbor was seen to answer, asked again: status, headers, messages, and the bodies' shapes. Where Berth answers
 * otherwise, the line names a deviation, and docs/harbor-compatibility.md tells why.
 */
class HarborReplayTest {
    private static final Pattern AUDIT = Pattern.compile(" GET \\S*/(auditlog-exts|audit-logs|logs)\\b");
    private static final String PASSWORD = "Abcd1234";
    private static final List<String> PARTS = List.of(
            "10-system",
            "20-users",
            "30-projects",
            "40-members",
            "50-labels",
            "60-repositories",
            "70-settings",
            "80-absent");
    private static final HarborShapes SHAPES = new HarborShapes();

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    private final Map<String, String> facts =
            new HashMap<>(Map.of("password", BerthUnderTest.PASSWORD.replace(" ", "+"), "long", "x".repeat(300)));
    private final Map<String, String> secrets = new HashMap<>();
    private final Map<String, Content> pushed = new HashMap<>();
    private Answer login;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    private static List<String> lines(String name) {
        try (var in = HarborReplayTest.class.getResourceAsStream("/harbor/" + name + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> exchanges() {
        return PARTS.stream().flatMap(part -> lines("exchanges/" + part).stream());
    }

    @Test
    void whatAHarborAnsweredIsAnsweredAlike() {
        List<String> wrong = new ArrayList<>();
        exchanges().forEach(line -> {
            String problem = prepared(line) ? null : settled(line);
            if (problem != null) {
                wrong.add(line + "\n    " + problem);
            }
        });
        assertThat(wrong).isEmpty();
    }

    private boolean prepared(String line) {
        String[] parts = line.split(" \\| ");
        String[] name = parts[parts.length - 1].split(":");
        switch (parts[0]) {
            case "push" -> push(name[0], name[1], Content.image(berth, name[0], Content.random(1000)));
            case "refer" -> {
                String subject = pushed.get(parts[1]).descriptor();
                Content about = Content.referrer(berth, name[0], subject, "application/vnd.example", "");
                push(name[0], about.digest(), about);
            }
            case "index" -> {
                Content child = Content.image(berth, name[0], Content.random(100));
                push(name[0], child.digest(), child);
                push(name[0], name[1], Content.index("", child));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void push(String repository, String reference, Content manifest) {
        pushed.put(repository + ":" + reference, manifest);
        berth.pushManifest(repository, reference, manifest);
    }

    // The audit is written behind the requests that it tells of.
    private String settled(String line) {
        String problem = misfit(line);
        if (problem == null || !AUDIT.matcher(line).find()) {
            return problem;
        }
        var last = new AtomicReference<>(problem);
        try {
            Gauges.eventually("the audit has caught up", () -> {
                last.set(misfit(line));
                return last.get() == null;
            });
        } catch (AssertionError e) {
            return last.get();
        }
        return null;
    }

    private String misfit(String line) {
        HarborExchange exchange = HarborExchange.parse(line, facts);
        Answer answer = ask(exchange);
        if (answer.status() < 300) {
            keep(exchange, answer);
        }
        // What was kept may be expected of the same answer.
        return HarborExchange.parse(line, facts).misfit(answer, SHAPES);
    }

    private void keep(HarborExchange exchange, Answer answer) {
        HarborExchange.Wanted wanted = exchange.wanted();
        String location = answer.header("Location");
        if (wanted.has("keep") && location != null) {
            facts.put(wanted.get("keep"), location.substring(location.lastIndexOf('/') + 1));
        }
        if (wanted.has("keep-at")) {
            String[] parts = wanted.get("keep-at").split(":");
            facts.put(parts[0], answer.json().at(parts[1]).asText());
        }
        if ("RobotCreated".equals(wanted.get("shape"))) {
            secrets.put(
                    answer.json().path("name").asText(),
                    answer.json().path("secret").asText());
        }
        if (exchange.path().equals("/c/login")) {
            login = answer;
        }
    }

    private Answer ask(HarborExchange exchange) {
        BerthUnderTest.Call call = berth.call(exchange.method(), exchange.path());
        switch (exchange.who()) {
            case "none" -> call.anonymous();
            case "admin" -> {}
            case "wrong" -> call.as(BerthUnderTest.basic("admin", "Wrong1234"));
            case "session", "session+token", "session+wrong" -> {
                call.anonymous().header("Cookie", login.header("Set-Cookie").split(";")[0]);
                if (exchange.who().contains("+")) {
                    String token = login.header("X-Harbor-CSRF-Token");
                    call.header("X-Harbor-CSRF-Token", exchange.who().endsWith("wrong") ? "x" + token : token);
                }
            }
            default -> call.as(BerthUnderTest.basic(exchange.who(), secrets.getOrDefault(exchange.who(), PASSWORD)));
        }
        String given = exchange.wanted().get("given");
        if (given != null) {
            String[] header = given.split(": ", 2);
            call.header(header[0], header[1]);
        }
        if (!exchange.body().isEmpty()) {
            if (given == null || !given.startsWith("Content-Type")) {
                call.header("Content-Type", "application/json");
            }
            call.body(exchange.body());
        }
        return call.send();
    }

    @Test
    void everyDeviationIsNamedInTheDocument() throws IOException {
        Map<String, String> named = new TreeMap<>();
        lines("exchanges").forEach(line -> {
            String[] parts = line.split(" \\| ");
            named.put(parts[0], parts[1]);
        });
        var used = new TreeSet<>(SHAPES.deviations());
        exchanges()
                .filter(line -> line.contains(" deviates="))
                .map(line -> line.replaceAll(".* deviates=([a-z-]+).*", "$1"))
                .forEach(used::add);
        assertThat(named.keySet()).isEqualTo(used);
        String document = Files.readString(Path.of("..", "docs", "harbor-compatibility.md"))
                .replaceAll("\\s+", " ");
        assertThat(named.values()).allSatisfy(words -> assertThat(document).contains(words));
    }
}
