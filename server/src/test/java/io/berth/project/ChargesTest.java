package io.berth.project;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class ChargesTest {
    private static final Principal ADMIN = TestProjects.SYSTEM;

    /** SQL of this test. */
    public interface Sums {
        @SqlQuery("SELECT COALESCE(SUM(size), 0) FROM project_blob WHERE project_id = :project")
        long charged(@Bind("project") long project);

        @SqlUpdate("UPDATE project SET quota_bytes = :bytes WHERE id = :project")
        void quota(@Bind("project") long project, @Bind("bytes") long bytes);

        @SqlQuery("SELECT COUNT(*) FROM change WHERE kind = 'project-created'")
        int created();
    }

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Projects projects;
    private Database database;
    private long project;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        projects = TestProjects.of(database);
        project = project("library");
    }

    @AfterEach
    void close() {
        database.close();
    }

    private long project(String name) {
        return database.write(tx -> projects.forPush(tx, name, ADMIN, Change.Origin.SYSTEM));
    }

    private void link(long to, String digest, long size) {
        database.write(tx -> {
            Charges.link(tx, to, digest, size);
            return null;
        });
    }

    private void unlink(long from, String digest) {
        database.write(tx -> {
            Charges.unlink(tx, from, digest);
            return null;
        });
    }

    private long used(long of) {
        return database.read(tx -> tx.dao(ProjectDao.class).usage(of)).usedBytes();
    }

    private long charged(long of) {
        return database.read(tx -> tx.dao(Sums.class).charged(of));
    }

    private void quota(long bytes) {
        database.write(tx -> {
            tx.dao(Sums.class).quota(project, bytes);
            return null;
        });
    }

    @Test
    void aProjectIsMadeByAnAdministratorsPushAloneAndOnce() {
        assertThat(project("library")).isEqualTo(project);
        assertThat(project("other")).isNotEqualTo(project);
        var user = new Principal(Principal.Kind.USER, 7, "user", "password:7:x");
        assertThatThrownBy(() -> database.write(tx -> projects.forPush(tx, "third", user, Change.Origin.SYSTEM)))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DENIED));
        assertThat(database.<Long>write(tx -> projects.forPush(tx, "library", user, Change.Origin.SYSTEM)))
                .isEqualTo(project);
        database.write(tx -> {
            projects.ensureDefault(tx, "library");
            return null;
        });
        assertThat(database.<Integer>read(tx -> tx.dao(Sums.class).created())).isEqualTo(2);
    }

    @Test
    void whatTwoRepositoriesHoldIsChargedOnceUntilNoneDoes() {
        link(project, "sha256:a", 100);
        link(project, "sha256:a", 100);
        assertThat(used(project)).isEqualTo(100);
        unlink(project, "sha256:a");
        assertThat(used(project)).isEqualTo(100);
        unlink(project, "sha256:a");
        assertThat(used(project)).isZero();
        unlink(project, "sha256:a");
        assertThat(used(project)).isZero();
    }

    @Test
    void theQuotaIsFilledToTheLastByteAndNoFurther() {
        quota(100);
        link(project, "sha256:a", 60);
        assertThatThrownBy(() -> link(project, "sha256:b", 41))
                .isInstanceOfSatisfying(OciException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.DENIED);
                    assertThat(e.detail()).isEqualTo(Map.of("used", 60L, "limit", 100L, "needed", 41L));
                })
                .hasMessage("the project's storage quota is exceeded: 60 of 100 bytes are used, 41 more are needed");
        link(project, "sha256:b", 40);
        link(project, "sha256:a", 60); // held already
        assertThat(used(project)).isEqualTo(100).isEqualTo(charged(project));
        link(project("other"), "sha256:c", 1000);
    }

    @Test
    void aRefusedLinkLeavesNoTrace() {
        quota(10);
        assertThatThrownBy(() -> link(project, "sha256:a", 11)).isInstanceOf(OciException.class);
        assertThat(charged(project)).isZero();
        quota(20);
        link(project, "sha256:a", 11);
        assertThat(used(project)).isEqualTo(11);
    }

    @Test
    void chargesAreExactAfterAnySequenceOfLinksAndUnlinks() {
        for (long seed = 0; seed < 8; seed++) {
            var random = new Random(seed);
            long target = project("random" + seed);
            var model = new HashMap<String, Integer>();
            for (int i = 0; i < 60; i++) {
                int steps = 1 + random.nextInt(8);
                database.write(tx -> {
                    for (int step = 0; step < steps; step++) {
                        int number = random.nextInt(12);
                        String digest = "sha256:" + number;
                        if (random.nextInt(5) < 3) {
                            Charges.link(tx, target, digest, 1L << (3 * number));
                            model.merge(digest, 1, Integer::sum);
                        } else {
                            Charges.unlink(tx, target, digest);
                            model.computeIfPresent(digest, (key, refs) -> refs == 1 ? null : refs - 1);
                        }
                    }
                    return null;
                });
                long expected = model.keySet().stream()
                        .mapToLong(key -> 1L << (3 * Integer.parseInt(key.substring(7))))
                        .sum();
                assertThat(used(target)).isEqualTo(expected).isEqualTo(charged(target));
            }
        }
    }

    @Test
    void manyAtOnceNeitherExceedTheQuotaNorMiscount() throws InterruptedException {
        quota(1000);
        var denied = new AtomicInteger();
        inParallel(30, number -> {
            try {
                link(project, "sha256:" + number, 100);
            } catch (OciException e) {
                denied.incrementAndGet();
            }
        });
        assertThat(used(project)).isEqualTo(1000).isEqualTo(charged(project));
        assertThat(denied).hasValue(20);
    }

    @Test
    void linkingAndUnlinkingTheSameContentAtOnceMiscountsNothing() throws InterruptedException {
        inParallel(16, number -> {
            for (int i = 0; i < 10; i++) {
                link(project, "sha256:same", 100);
                unlink(project, "sha256:same");
            }
        });
        assertThat(used(project)).isZero();
        assertThat(charged(project)).isZero();
    }

    private interface Task {
        void run(int number);
    }

    private static void inParallel(int count, Task task) throws InterruptedException {
        var start = new CountDownLatch(1);
        var failures = new ArrayList<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < count; i++) {
            int number = i;
            threads.add(Thread.startVirtualThread(() -> {
                try {
                    start.await();
                    task.run(number);
                } catch (InterruptedException | RuntimeException e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }
}
