package io.berth.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.OciException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class QuotaWarningTest {
    /** SQL of this test. */
    public interface Feed {
        @SqlQuery("SELECT key || ' ' || payload FROM change WHERE kind = 'quota-warning' ORDER BY seq")
        List<String> warnings();
    }

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private final ListAppender<ILoggingEvent> said = new ListAppender<>();
    private Projects projects;
    private Database database;
    private Project project;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        projects = TestProjects.of(database);
        project = projects.create("team", false, 1000L, Map.of(), TestProjects.SYSTEM, Change.Origin.SYSTEM);
        said.list = new CopyOnWriteArrayList<>();
        said.start();
        log().setLevel(Level.WARN); // tests are quiet
        log().addAppender(said);
    }

    @AfterEach
    void close() {
        log().setLevel(null);
        log().detachAppender(said);
        database.close();
    }

    private static Logger log() {
        return (Logger) LoggerFactory.getLogger(QuotaWarning.class);
    }

    private void link(String digest, long size) {
        database.write(tx -> {
            Charges.link(tx, project.id(), digest, size);
            return null;
        });
    }

    private void unlink(String digest) {
        database.write(tx -> {
            Charges.unlink(tx, project.id(), digest);
            return null;
        });
    }

    private void quota(long bytes) {
        database.write(tx -> {
            projects.setQuota(tx, Projects.require(tx, project.id()), bytes, Change.Origin.SYSTEM);
            return null;
        });
    }

    private void warned(String... payloads) {
        List<String> warnings = database.read(tx -> tx.dao(Feed.class).warnings());
        assertThat(warnings).containsExactly(payloads);
        assertThat(said.list)
                .hasSize(payloads.length)
                .allSatisfy(event -> assertThat(event.getLevel()).isEqualTo(Level.WARN));
    }

    @Test
    void theWayUpIsSaidOnceAndAgainAfterTheWayDown() {
        link("sha256:a", 800);
        link("sha256:b", 49);
        warned();
        link("sha256:c", 1);
        String first = "team {\"used\":850,\"limit\":1000}";
        warned(first);
        assertThat(said.list.getFirst().getFormattedMessage())
                .isEqualTo("project 'team' holds 850 of the 1000 bytes of its quota, which is 85 % or more");
        link("sha256:d", 100);
        unlink("sha256:d");
        warned(first);
        unlink("sha256:c");
        warned(first);
        link("sha256:e", 2);
        warned(first, "team {\"used\":851,\"limit\":1000}");
    }

    @Test
    void aPushThatIsRefusedIsNoWarning() {
        link("sha256:a", 800);
        assertThatThrownBy(() -> link("sha256:b", 201)).isInstanceOf(OciException.class);
        warned();
    }

    @Test
    void aLowerQuotaIsAWayUpAndAHigherOneAWayDown() {
        link("sha256:a", 500);
        quota(500);
        String first = "team {\"used\":500,\"limit\":500}";
        warned(first);
        quota(400);
        warned(first);
        quota(-1);
        link("sha256:b", 1_000_000);
        warned(first);
        quota(1_000_000);
        warned(first, "team {\"used\":1000500,\"limit\":1000000}");
    }
}
