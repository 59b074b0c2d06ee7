package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.Database;
import io.berth.db.DatabaseMetrics;
import io.berth.db.SqliteDatabase;
import io.berth.http.Principal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BasicAuthenticatorTest {
    private static final int CONNECTIONS = 32;

    @TempDir
    Path data;

    private final Random random = new Random(3);
    private SqliteDatabase database;
    private HeldDatabase held;
    private BasicAuthenticator authenticator;

    @BeforeEach
    void open() throws IOException {
        database = SqliteDatabase.open(data, 1, Clock.systemUTC(), random, DatabaseMetrics.NONE);
        new Accounts(database, random).ensureAdministrator(Optional.of("right"), data.resolve("admin-password"));
        held = new HeldDatabase(database);
        authenticator = new BasicAuthenticator(held, random);
    }

    @AfterEach
    void close() {
        database.close();
    }

    /** Counts the accounts that are looked up, which is once for each verification, and lets them wait. */
    private static final class HeldDatabase implements Database {
        private final Database database;
        private final AtomicInteger reads = new AtomicInteger();
        private final CountDownLatch reading = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        HeldDatabase(Database database) {
            this.database = database;
        }

        @Override
        public <T> T read(Work<T> work) {
            reads.incrementAndGet();
            T found = database.read(work);
            reading.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return found;
        }

        @Override
        public <T> T write(Work<T> work) {
            return database.write(work);
        }

        @Override
        public <T> CompletableFuture<T> writeLater(Work<T> work) {
            return database.writeLater(work);
        }

        @Override
        public int queued() {
            return database.queued();
        }

        @Override
        public void close() {}
    }

    private static String basic(String password) {
        return "Basic " + Base64.getEncoder().encodeToString(("admin:" + password).getBytes(StandardCharsets.UTF_8));
    }

    private CompletableFuture<Optional<Principal>> inBackground(String header) {
        var answer = new CompletableFuture<Optional<Principal>>();
        Thread.startVirtualThread(() -> {
            try {
                answer.complete(authenticator.authenticate(header, "here"));
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    private List<CompletableFuture<Optional<Principal>>> together(String header) throws InterruptedException {
        var answers = new ArrayList<CompletableFuture<Optional<Principal>>>();
        for (int i = 0; i < CONNECTIONS; i++) {
            answers.add(inBackground(header));
        }
        held.reading.await();
        held.open.countDown();
        return answers;
    }

    @Test
    void connectionsThatComeWithOneCredentialShareOneVerification() throws Exception {
        for (var answer : together(basic("right"))) {
            assertThat(answer.get()).map(Principal::name).contains("admin");
        }
        assertThat(held.reads).hasValue(1);
    }

    @Test
    void aWrongCredentialIsWrongForAllWhoShareItsVerification() throws Exception {
        for (var answer : together(basic("wrong"))) {
            try {
                assertThat(answer.get()).isEmpty();
            } catch (java.util.concurrent.ExecutionException e) {
                assertThat(e).hasMessageContaining("too many failed logins");
            }
        }
        assertThat(authenticator.cached(basic("wrong"))).isEmpty();
    }

    @Test
    void whatWasBeingVerifiedWhenTheAccountChangedIsNotRemembered() throws Exception {
        var answer = inBackground(basic("right"));
        held.reading.await();
        authenticator.forgetAll();
        held.open.countDown();
        answer.get();
        assertThat(authenticator.cached(basic("right"))).isEmpty();
    }
}
