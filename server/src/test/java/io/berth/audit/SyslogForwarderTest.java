package io.berth.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.config.BerthConfig;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
@Timeout(120)
class SyslogForwarderTest {
    private static final Pattern RESOURCE = Pattern.compile(" resource=\"([^\"]*)\"");

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Database database;
    private SyslogReceiver receiver;
    private SyslogForwarder forwarder;

    @BeforeEach
    void open() throws IOException {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        receiver = new SyslogReceiver(ServerSocketFactory.getDefault());
        TestAudit.write(database, TestAudit.entry(1, "push", "before", "x"));
        forwarder = forwarder();
    }

    @AfterEach
    void close() throws IOException {
        forwarder.close();
        receiver.close();
        database.close();
    }

    private SyslogForwarder forwarder() {
        return new SyslogForwarder(
                database,
                new BerthConfig.Syslog("127.0.0.1", receiver.port(), false, Optional.empty()),
                new AuditMeters(meters));
    }

    private void happens(String... resources) {
        for (String resource : resources) {
            TestAudit.write(database, TestAudit.entry(1, "push", resource, "x"));
        }
    }

    private double behind() {
        return meters.get("berth.audit.syslog.behind").gauge().value();
    }

    private static String resource(String message) {
        var matcher = RESOURCE.matcher(message);
        assertThat(matcher.find()).as(message).isTrue();
        return matcher.group(1);
    }

    @Test
    void whatHappensAfterItWasConfiguredIsForwardedInOrder() throws Exception {
        receiver.up();
        assertThat(forwarder.step()).as("what was before").isZero();
        happens("a", "b");
        assertThat(forwarder.step()).isEqualTo(2);
        assertThat(resource(receiver.next())).isEqualTo("a");
        assertThat(resource(receiver.next())).isEqualTo("b");
        assertThat(forwarder.step()).isZero();
        happens("c");
        assertThat(forwarder.step()).isEqualTo(1);
        assertThat(resource(receiver.next())).isEqualTo("c");
        assertThat(receiver.connected()).isEqualTo(1);
        assertThat(receiver.rest()).isEmpty();
    }

    @Test
    void whileTheReceiverIsDownEntriesWaitAlsoAcrossARestart() throws Exception {
        happens("a", "b");
        assertThatThrownBy(() -> forwarder.step()).isInstanceOf(IOException.class);
        assertThat(behind()).isEqualTo(2);
        forwarder.close();
        database.close();
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        meters = new SimpleMeterRegistry();
        forwarder = forwarder();
        happens("c");
        receiver.up();
        assertThat(forwarder.step()).isEqualTo(3);
        assertThat(List.of(resource(receiver.next()), resource(receiver.next()), resource(receiver.next())))
                .containsExactly("a", "b", "c");
        assertThat(forwarder.step()).isZero();
        assertThat(behind()).isZero();
    }

    @Test
    void aReceiverThatComesBackGetsTheRest() throws Exception {
        receiver.up();
        happens("a");
        assertThat(forwarder.step()).isEqualTo(1);
        assertThat(resource(receiver.next())).isEqualTo("a");
        receiver.down();
        happens("b");
        assertThatThrownBy(() -> forwarder.step()).isInstanceOf(IOException.class);
        receiver.up();
        happens("c");
        assertThat(forwarder.step()).isEqualTo(2);
        assertThat(resource(receiver.next())).isEqualTo("b");
        assertThat(resource(receiver.next())).isEqualTo("c");
    }

    @Test
    void anIdleConnectionThatWasEndedIsMadeAgainAtOnce() throws Exception {
        receiver.up();
        happens("a");
        forwarder.step();
        assertThat(resource(receiver.next())).isEqualTo("a");
        receiver.cut();
        happens("b");
        assertThat(forwarder.step()).isEqualTo(1);
        assertThat(resource(receiver.next())).isEqualTo("b");
        assertThat(receiver.connected()).isEqualTo(2);
    }

    @Test
    void ofABatchThatWasCutOffNothingIsLost() throws Exception {
        receiver.cutAfter(3);
        receiver.up();
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add("r" + i);
        }
        happens(all.toArray(String[]::new));
        assertThatThrownBy(() -> forwarder.step()).isInstanceOf(IOException.class);
        receiver.cutAfter(Integer.MAX_VALUE);
        assertThat(forwarder.step()).isEqualTo(10);
        var seen = new LinkedHashSet<String>();
        while (seen.size() < 10) {
            seen.add(resource(receiver.next()));
        }
        assertThat(seen).containsExactlyElementsOf(all);
    }

    @Test
    void onItsOwnThreadItKeepsTrying() throws Exception {
        forwarder.close();
        forwarder = SyslogForwarder.start(
                database,
                new BerthConfig.Syslog("127.0.0.1", receiver.port(), false, Optional.empty()),
                new AuditMeters(meters));
        happens("a");
        receiver.up();
        assertThat(resource(receiver.next())).isEqualTo("a");
        happens("b");
        assertThat(resource(receiver.next())).isEqualTo("b");
    }

    @Test
    void aReceiverThatTakesNothingDoesNotKeepItFromEnding() throws Exception {
        forwarder.close();
        try (var mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            forwarder = SyslogForwarder.start(
                    database,
                    new BerthConfig.Syslog("127.0.0.1", mute.getLocalPort(), false, Optional.empty()),
                    new AuditMeters(meters));
            for (int i = 0; i < 20; i++) {
                database.write(tx -> {
                    for (int j = 0; j < 500; j++) {
                        tx.dao(AuditDao.class).insert(TestAudit.entry(1, "push", "r".repeat(1_000), "x"));
                    }
                    return null;
                });
            }
            var accepted = mute.accept();
            assertThat(accepted.getInputStream().read()).isNotNegative();
            long start = System.nanoTime();
            forwarder.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
        }
    }

    @Test
    void whatRetentionHasTakenIsPassedBy() throws Exception {
        happens("old");
        database.write(tx -> tx.dao(AuditDao.class).expire(Long.MAX_VALUE, 100));
        receiver.up();
        assertThat(forwarder.step()).isZero();
        happens("new");
        assertThat(forwarder.step()).isEqualTo(1);
        assertThat(resource(receiver.next())).isEqualTo("new");
    }
}
