package io.berth.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.identity.SecretStore;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The keys that tokens are signed with: one signs, older ones verify until every token that they signed is over. Private
 * halves lie encrypted in the database, so that any node verifies what another has signed. Thread-safe.
 */
public final class SigningKeys {
    private static final Duration ROTATE_AFTER = Duration.ofDays(90);
    /** Longer than any token lives. */
    private static final Duration OVERLAP = Duration.ofDays(2);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final String SECRET = "signing-key/";

    private record Keys(ECKey signing, long since, Map<String, ECKey> verifying, long readAt) {}

    private final Database database;
    private final SecretStore secrets;
    private final Clock clock;
    private final ReentrantLock reading = new ReentrantLock();
    private volatile Keys keys;

    public SigningKeys(Database database, SecretStore secrets, Clock clock) {
        this.database = database;
        this.secrets = secrets;
        this.clock = clock;
    }

    /** The key that signs now; made when there is none. */
    ECKey signing() {
        Keys known = keys;
        return known != null ? known.signing() : read().signing();
    }

    /** The public key of this id. One that is not known yet is looked up, but not more often than now and then. */
    Optional<ECKey> verifying(String id) {
        Keys known = keys == null ? read() : keys;
        ECKey key = known.verifying().get(id);
        if (key == null && clock.millis() - known.readAt() > LOOK_AGAIN.toMillis()) {
            key = read().verifying().get(id);
        }
        return Optional.ofNullable(key);
    }

    private Keys read() {
        reading.lock();
        try {
            List<SigningKeyDao.Row> rows =
                    database.read(tx -> tx.dao(SigningKeyDao.class).all());
            if (rows.stream().noneMatch(row -> row.retiresAt() == null)) {
                rotate(Change.Origin.SYSTEM);
                rows = database.read(tx -> tx.dao(SigningKeyDao.class).all());
            }
            SigningKeyDao.Row newest = rows.stream()
                    .filter(row -> row.retiresAt() == null)
                    .reduce((a, b) -> b)
                    .orElseThrow();
            var verifying = new HashMap<String, ECKey>();
            for (SigningKeyDao.Row row : rows) {
                verifying.put(row.id(), parse(row.publicKey()));
            }
            byte[] secret =
                    database.read(tx -> secrets.get(tx, SECRET + newest.id()).orElseThrow());
            keys = new Keys(
                    parse(new String(secret, StandardCharsets.UTF_8)),
                    newest.signsFrom(),
                    Map.copyOf(verifying),
                    clock.millis());
            return keys;
        } finally {
            reading.unlock();
        }
    }

    private static ECKey parse(String jwk) {
        try {
            return ECKey.parse(jwk);
        } catch (ParseException e) {
            throw new IllegalStateException("a signing key cannot be read", e);
        }
    }

    /** Signs with a new key from now on; tokens of the old one stay good until their end. */
    public void rotate(Change.Origin origin) {
        ECKey key;
        try {
            key = new ECKeyGenerator(Curve.P_256).keyIDFromThumbprint(true).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        database.write(tx -> {
            SigningKeyDao dao = tx.dao(SigningKeyDao.class);
            dao.insert(key.getKeyID(), key.toPublicJWK().toJSONString(), tx.nowMillis());
            dao.retireOthers(key.getKeyID(), tx.nowMillis() + OVERLAP.toMillis());
            secrets.put(tx, SECRET + key.getKeyID(), key.toJSONString().getBytes(StandardCharsets.UTF_8));
            tx.change(new Change("signing-key-created", key.getKeyID(), "{}", origin));
            tx.afterCommit(() -> keys = null);
            return null;
        });
    }

    /** What has to be done now and then: a new key when the old one has signed for long, no key that nobody needs. */
    public void maintain() {
        Keys known = keys;
        if (known != null && clock.millis() - known.since() > ROTATE_AFTER.toMillis()) {
            rotate(Change.Origin.SYSTEM);
        }
        database.write(tx -> {
            SigningKeyDao dao = tx.dao(SigningKeyDao.class);
            for (SigningKeyDao.Row row : dao.all()) {
                if (row.retiresAt() != null && row.retiresAt() < tx.nowMillis()) {
                    secrets.delete(tx, SECRET + row.id());
                }
            }
            return dao.deleteRetired(tx.nowMillis());
        });
    }
}
