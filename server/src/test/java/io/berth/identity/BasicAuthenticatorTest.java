package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BasicAuthenticatorTest {
    private static final String HEADER =
            "Basic " + Base64.getEncoder().encodeToString("admin:right".getBytes(StandardCharsets.UTF_8));
    private static final BiPredicate<String, String> EQUAL = String::equals;

    @TempDir
    Path directory;

    private Database database;

    @BeforeEach
    void open() {
        database = TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new Random(1));
        database.write(tx -> tx.dao(AccountDao.class).insert("admin", "right", true, tx.nowMillis()));
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void oneVerificationIsEnoughForAllClientsThatComeAtOnce() throws Exception {
        int atOnce = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        var verifications = new AtomicInteger();
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var authenticator = new BasicAuthenticator(database, new Random(2), (password, hash) -> {
            verifications.incrementAndGet();
            begun.countDown();
            await(go);
            return EQUAL.test(password, hash);
        });
        List<Future<Optional<Principal>>> answers = new ArrayList<>();
        try (var clients = Executors.newCachedThreadPool()) {
            for (int i = 0; i < 4 * atOnce; i++) {
                answers.add(clients.submit(() -> authenticator.authenticate(HEADER, "client")));
            }
            begun.await();
            go.countDown();
        }
        for (var answer : answers) {
            assertThat(answer.get()).isPresent();
        }
        assertThat(verifications).hasValueLessThanOrEqualTo(atOnce);
    }

    @Test
    void whatIsVerifiedWhileAnAccountChangesIsNotRemembered() {
        var authenticator = new BasicAuthenticator[1];
        authenticator[0] = new BasicAuthenticator(database, new Random(2), (password, hash) -> {
            authenticator[0].forgetAll();
            return EQUAL.test(password, hash);
        });
        assertThat(authenticator[0].authenticate(HEADER, "client")).isPresent();
        assertThat(authenticator[0].cached(HEADER)).isEmpty();
    }

    @Test
    void aVerifiedCredentialIsRememberedUntilAnAccountChanges() {
        var authenticator = new BasicAuthenticator(database, new Random(2), EQUAL);
        assertThat(authenticator.cached(HEADER)).isEmpty();
        assertThat(authenticator.authenticate(HEADER, "client")).isPresent();
        assertThat(authenticator.cached(HEADER)).isPresent();
        authenticator.forgetAll();
        assertThat(authenticator.cached(HEADER)).isEmpty();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
