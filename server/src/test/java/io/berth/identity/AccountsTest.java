package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Optional;
import java.util.Random;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class AccountsTest {
    /** SQL of this test. */
    public interface Stored {
        @SqlQuery("SELECT password_hash FROM account WHERE name = 'admin'")
        String hash();
    }

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void theFirstStartMakesAnAdministratorWhosePasswordOnlyItsOwnerReads() throws Exception {
        Path file = directory.resolve("admin-password");
        var accounts = new TestIdentity(database, Clock.systemUTC()).accounts;
        assertThat(accounts.ensureAdministrator(Optional.empty(), file)).isEqualTo(Accounts.FirstStart.GENERATED);
        String password = Files.readString(file).strip();
        assertThat(password).hasSize(20);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(accounts.administratorHas(password)).isTrue();
        assertThat(database.<String>read(tx -> tx.dao(Stored.class).hash()))
                .startsWith("$argon2id$v=19$m=19456,t=2,p=1$")
                .doesNotContain(password);
        assertThat(accounts.administratorHas(password + "x")).isFalse();
        assertThat(accounts.ensureAdministrator(Optional.of("another one"), file))
                .isEqualTo(Accounts.FirstStart.EXISTED);
        assertThat(accounts.administratorHas("another one")).isFalse();
        assertThat(accounts.setPassword("admin", "another one", Change.Origin.SYSTEM))
                .isTrue();
        assertThat(accounts.administratorHas("another one")).isTrue();
        assertThat(accounts.setPassword("nobody", "another one", Change.Origin.SYSTEM))
                .isFalse();
    }
}
