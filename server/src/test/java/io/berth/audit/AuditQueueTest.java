package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.berth.SteppedClock;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.AuditSink;
import io.berth.oci.Json;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

@ParameterizedClass
@EnumSource(TestDatabase.class)
@Timeout(60)
class AuditQueueTest {
    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final SteppedClock clock = new SteppedClock(Instant.ofEpochSecond(1_000_000));
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ListAppender<ILoggingEvent> said = new ListAppender<>();
    private Database database;
    private PullSampling sampling;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        sampling = new PullSampling(database);
        said.start();
        ((Logger) LoggerFactory.getLogger(AuditQueue.class)).addAppender(said);
    }

    @AfterEach
    void close() {
        ((Logger) LoggerFactory.getLogger(AuditQueue.class)).detachAppender(said);
        database.close();
    }

    private AuditQueue queue(int pulls, int others) {
        return new AuditQueue(database, sampling, new AuditMeters(meters), clock, pulls, others);
    }

    private double counted(String name, String... tags) {
        return meters.get(name).tags(tags).counter().count();
    }

    @Test
    void anEventIsWrittenWithAllThatIsKnownOfIt() {
        AuditQueue queue = queue(10, 10);
        queue.record(new AuditSink.Event(
                "pull",
                "artifact",
                "team/app:1",
                "",
                "alice",
                "token:4",
                "192.0.2.1",
                "r-1",
                true,
                "grant 3",
                Map.of("digest", "sha256:a")));
        assertThat(meters.get("berth.audit.queue").gauge().value()).isEqualTo(1);
        assertThat(queue.write()).isEqualTo(1);
        AuditEntry written = TestAudit.all(database).getFirst();
        assertThat(written)
                .isEqualTo(new AuditEntry(
                        written.id(),
                        clock.millis(),
                        "pull",
                        "artifact",
                        "team/app:1",
                        "team",
                        "alice",
                        "token:4",
                        "192.0.2.1",
                        true,
                        "grant 3",
                        "r-1",
                        "{\"digest\":\"sha256:a\"}",
                        null));
        assertThat(queue.write()).isZero();
        assertThat(meters.get("berth.audit.queue").gauge().value()).isZero();
    }

    @Test
    void whateverNameIsClaimedIsWritten() {
        AuditQueue queue = queue(1, 100);
        for (String hostile : TestAudit.HOSTILE) {
            queue.record(TestAudit.login(hostile, false));
        }
        queue.record(TestAudit.login("x".repeat(100_000), false));
        queue.record(TestAudit.login("", false));
        queue.write();
        var all = TestAudit.all(database);
        assertThat(all).hasSize(TestAudit.HOSTILE.size() + 2);
        for (int i = 0; i < TestAudit.HOSTILE.size(); i++) {
            assertThat(all.get(i).actor()).isEqualTo(TestAudit.HOSTILE.get(i).replace('\0', '\u2400'));
        }
        assertThat(all.get(all.size() - 2).actor()).hasSize(1_025);
        assertThat(all.getLast().actor()).isEqualTo("unknown");
        assertThat(all.getLast().success()).isFalse();
    }

    @Test
    void aFullQueueCountsWhatItLosesAndSaysSoOfRefusalsOnceAMinute() {
        AuditQueue queue = queue(2, 1);
        for (int i = 0; i < 5; i++) {
            queue.record(TestAudit.pull("team/app:" + i));
        }
        assertThat(counted("berth.audit.dropped", "kind", "pull")).isEqualTo(3);
        assertThat(said.list).as("pulls are only counted").isEmpty();
        var refusal = new AuditSink.Event(
                "pull", "repository", "team/app", "eve", "token:5", "192.0.2.1", "r-2", false, "no rule allows it");
        queue.record(TestAudit.login("alice", true)); // has room, whatever pulls do
        queue.record(TestAudit.login("eve", false));
        queue.record(refusal);
        assertThat(counted("berth.audit.dropped", "kind", "login")).isEqualTo(1);
        assertThat(counted("berth.audit.dropped", "kind", "refusal")).isEqualTo(1);
        assertThat(said.list).hasSize(1);
        assertThat(said.list.getFirst().getFormattedMessage()).contains("1 logins and refusals were not recorded");
        clock.advance(Duration.ofSeconds(59));
        queue.record(refusal);
        assertThat(said.list).hasSize(1);
        clock.advance(Duration.ofSeconds(1));
        queue.record(refusal);
        assertThat(said.list).hasSize(2);
        assertThat(said.list.getLast().getFormattedMessage()).contains("3 logins and refusals were not recorded");
        assertThat(queue.write()).isEqualTo(3);
        assertThat(TestAudit.all(database)).extracting(AuditEntry::actor).containsExactly("alice", "alice", "alice");
    }

    @Test
    void nobodyWaitsForADatabaseThatDoesNotAnswer() {
        var end = new CountDownLatch(1);
        Thread blocker = Thread.ofPlatform()
                .start(() -> database.write(tx -> {
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return null;
                }));
        try (AuditQueue queue = queue(1_000, 10)) {
            queue.start();
            long start = System.nanoTime();
            for (int i = 0; i < 100_000; i++) {
                queue.record(TestAudit.pull("team/app:1"));
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            end.countDown();
        }
        assertThat(blocker).satisfies(thread -> thread.join());
        long lost = (long) counted("berth.audit.dropped", "kind", "pull");
        assertThat(TestAudit.all(database)).hasSize((int) (100_000 - lost)).isNotEmpty();
    }

    @Test
    void whatIsThereWhenItIsClosedIsWritten() {
        try (AuditQueue queue = AuditQueue.start(database, sampling, new AuditMeters(meters), clock)) {
            for (int i = 0; i < 1_200; i++) {
                queue.record(TestAudit.pull("team/app:" + i));
            }
        }
        assertThat(TestAudit.all(database)).hasSize(1_200);
    }

    @Test
    void projectsChooseWhichOfTheirPullsAreRecorded() throws Exception {
        TestAudit.project(database, "none", "none");
        TestAudit.project(database, "some", "10");
        TestAudit.project(database, "all", "all");
        TestAudit.project(database, "odd", "-1");
        sampling.refresh();
        AuditQueue queue = queue(10, 10);
        for (Map.Entry<String, Integer> expected : Map.of("none", 0, "some", 10, "all", 100, "odd", 100, "unset", 100)
                .entrySet()) {
            long taken = IntStream.range(0, 100)
                    .filter(i -> queue.wantsPull(expected.getKey()))
                    .count();
            assertThat(taken).as(expected.getKey()).isEqualTo((long) expected.getValue());
        }
        queue.record(TestAudit.pull("some/app:1"));
        queue.record(TestAudit.pull("all/app:1"));
        queue.write();
        assertThat(Json.MAPPER
                        .readTree(TestAudit.all(database).getFirst().detail())
                        .path("oneIn")
                        .asInt())
                .as("what one stands for")
                .isEqualTo(10);
        assertThat(TestAudit.all(database).getLast().detail()).isEqualTo("{}");
        TestAudit.project(database, "none", "all");
        assertThat(sampling.takes("none")).as("from memory").isFalse();
        sampling.refresh();
        assertThat(sampling.takes("none")).isTrue();
    }

    @Test
    void loginsAndRefusalsAreCounted() {
        AuditQueue queue = queue(10, 10);
        queue.record(TestAudit.login("alice", true));
        queue.record(TestAudit.login("eve", false));
        queue.record(new AuditSink.Event("push", "repository", "a/b", "eve", "robot:5:x", "c", "r", false, "rule"));
        queue.record(new AuditSink.Event("authenticate", "request", "/v2/", "unknown", "", "c", "r", false, "rule"));
        queue.record(TestAudit.login("corp", "eve", false, "192.0.2.1"));
        assertThat(counted("berth.logins", "source", "corp", "result", "failure"))
                .isEqualTo(1);
        assertThat(counted("berth.logins", "source", "local", "result", "success"))
                .isEqualTo(1);
        assertThat(counted("berth.logins", "source", "none", "result", "failure"))
                .isEqualTo(1);
        assertThat(counted("berth.refusals", "reason", "denied")).isEqualTo(1);
        assertThat(counted("berth.refusals", "reason", "credential")).isEqualTo(1);
    }

    private static AuditSink.Event wrongToken(String client) {
        return new AuditSink.Event(
                "authenticate", "request", "/v2/", "unknown", "", client, "r", false, "the credential is wrong");
    }

    private List<String> written() {
        return TestAudit.all(database).stream()
                .map(entry -> entry.operation() + " " + entry.actor() + " " + entry.client() + " " + entry.success()
                        + " " + entry.detail())
                .toList();
    }

    @Test
    void aFloodOfWrongProofsIsCountedAndPushesNothingOut() {
        AuditQueue queue = queue(10, 200);
        for (int i = 0; i < 10_000; i++) {
            queue.record(TestAudit.login("guess" + i, false, "192.0.2.66"));
            queue.record(wrongToken("192.0.2.66"));
        }
        var refusal = new AuditSink.Event(
                "push", "repository", "team/app", "bob", "token:5", "192.0.2.66", "r-2", false, "no rule allows it");
        queue.record(refusal);
        queue.record(TestAudit.login("alice", true, "192.0.2.66"));
        queue.record(TestAudit.login("carol", false, "192.0.2.7"));
        assertThat(counted("berth.audit.dropped", "kind", "login")).isZero();
        assertThat(counted("berth.audit.dropped", "kind", "refusal")).isZero();
        assertThat(counted("berth.logins", "source", "none", "result", "failure"))
                .as("all are counted")
                .isEqualTo(10_001);
        assertThat(queue.write()).isEqualTo(2 * WrongProofs.OF_ADDRESS + 3);
        assertThat(written())
                .anyMatch(entry -> entry.startsWith("push bob"))
                .anyMatch(entry -> entry.startsWith("login carol"));
        clock.advance(Duration.ofSeconds(59));
        assertThat(queue.write()).as("the minute is not over").isZero();
        clock.advance(Duration.ofSeconds(1));
        assertThat(queue.write()).isEqualTo(2);
        String more = Integer.toString(10_000 - WrongProofs.OF_ADDRESS);
        assertThat(written().subList(written().size() - 2, written().size()))
                .containsExactlyInAnyOrder(
                        "login unknown 192.0.2.66 false {\"more\":\"" + more + "\"}",
                        "authenticate unknown 192.0.2.66 false {\"more\":\"" + more + "\"}");
        queue.record(TestAudit.login("guess", false, "192.0.2.66"));
        assertThat(queue.write()).as("a new minute begins").isEqualTo(1);
        clock.advance(Duration.ofMinutes(2));
        assertThat(queue.write()).as("what was recorded is not counted again").isZero();
    }

    @Test
    void manyAddressesAreCountedTogether() {
        AuditQueue queue = queue(10, 4_096);
        for (int i = 0; i < 50_000; i++) {
            queue.record(wrongToken("2001:db8::" + Integer.toHexString(i)));
        }
        while (queue.write() > 0) {
            // what was let through
        }
        assertThat(TestAudit.all(database)).hasSize(WrongProofs.ADDRESSES + WrongProofs.OF_ADDRESS);
        clock.advance(Duration.ofMinutes(1));
        assertThat(queue.write()).isEqualTo(1);
        assertThat(written().getLast())
                .isEqualTo("authenticate unknown null false {\"more\":\""
                        + (50_000 - WrongProofs.ADDRESSES - WrongProofs.OF_ADDRESS) + "\"}");
    }

    @Test
    void whatWasCountedIsSaidBeforeTheEnd() {
        try (AuditQueue queue = AuditQueue.start(database, sampling, new AuditMeters(meters), clock)) {
            for (int i = 0; i < 100; i++) {
                queue.record(wrongToken("192.0.2.66"));
            }
        }
        assertThat(written().getLast()).isEqualTo("authenticate unknown 192.0.2.66 false {\"more\":\"40\"}");
    }
}
