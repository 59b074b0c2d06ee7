package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class SecretStoreTest {
    private static final String ONE = key(1);
    private static final String TWO = key(2);

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;
    private Path file;

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
        file = directory.resolve("master-key");
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static String key(int fill) {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) fill);
        return Base64.getEncoder().encodeToString(bytes);
    }

    private SecretStore store(String... keys) throws IOException {
        Optional<String> given = keys.length == 0 ? Optional.empty() : Optional.of(String.join(",", keys));
        return SecretStore.open(database, given, file, new Random(7));
    }

    private void put(SecretStore store, String name, String secret) {
        database.write(tx -> {
            store.put(tx, name, secret.getBytes(StandardCharsets.UTF_8));
            return null;
        });
    }

    private Optional<String> get(SecretStore store, String name) {
        return database.read(tx -> store.text(tx, name));
    }

    @Test
    void theFirstStartMakesAKeyThatItsOwnerAloneReadsAndTheNextOneUsesIt() throws IOException {
        put(store(), "source/corp/password", "s3cret");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Base64.getDecoder().decode(Files.readString(file).strip())).hasSize(32);
        assertThat(get(store(), "source/corp/password")).contains("s3cret");
        assertThat(get(store(), "source/other/password")).isEmpty();
    }

    @Test
    void whatIsStoredShowsNothingOfTheSecretAndIsNeverTheSameTwice() throws IOException {
        SecretStore store = store();
        put(store, "a", "the same secret");
        byte[] first = database.read(tx -> tx.dao(SecretDao.class).find("a"))
                .orElseThrow()
                .ciphertext();
        put(store, "a", "the same secret");
        byte[] second = database.read(tx -> tx.dao(SecretDao.class).find("a"))
                .orElseThrow()
                .ciphertext();
        assertThat(first).isNotEqualTo(second);
        assertThat(new String(first, StandardCharsets.ISO_8859_1)).doesNotContain("same");
    }

    @Test
    void aSecretMovedToAnotherNameIsRefused() throws IOException {
        SecretStore store = store();
        put(store, "a", "secret");
        database.write(tx -> {
            SecretDao dao = tx.dao(SecretDao.class);
            SecretDao.Row row = dao.find("a").orElseThrow();
            dao.put("b", row.keyId(), row.ciphertext(), 0);
            return null;
        });
        assertThatThrownBy(() -> get(store, "b"))
                .isInstanceOf(OciException.class)
                .hasMessageContaining("'b' is damaged");
    }

    @Test
    void aNewFirstKeyEncryptsEverythingAnewAndTheOldOneCanGo() throws IOException {
        put(store(ONE), "a", "secret");
        assertThat(get(store(TWO, ONE), "a")).contains("secret");
        assertThat(get(store(TWO), "a")).contains("secret");
        assertThatThrownBy(() -> get(store(ONE), "a"))
                .hasMessageContaining("'a' is encrypted under the master key")
                .hasMessageContaining("which is missing");
    }

    @Test
    void aLostKeyFileStopsTheStartAndIsNotReplacedByANewOne() throws IOException {
        put(store(), "a", "secret");
        Files.delete(file);
        assertThatThrownBy(this::store)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the master key is missing");
        assertThat(file).doesNotExist();
        // Whoever has lost it for good makes a new one by hand, and sets the secrets anew.
        Files.writeString(file, "# made by hand\n" + TWO + "\n");
        SecretStore store = store();
        put(store, "a", "another");
        assertThat(get(store, "a")).contains("another");
    }

    @Test
    void whatIsNoKeyIsRefusedWithoutShowingIt() {
        for (String wrong : new String[] {"c2hvcnQ=", "!!!", "#"}) {
            assertThatThrownBy(() -> store(wrong))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("openssl rand -base64 32")
                    .hasMessageNotContaining("c2hvcnQ");
        }
    }
}
