package io.berth.token;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
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
 * halves lie encrypted in the database, so that any node verifies what another has signed; each looks now and then whether
 * another has changed the key. Thread-safe.
 */
public final class SigningKeys {
    private static final Duration ROTATE_AFTER = Duration.ofDays(90);
    /** Longer than any token lives. */
    private static final Duration OVERLAP = Duration.ofDays(2);

    /** Much shorter than the overlap: nobody signs by a key that others have forgotten. */
    private static final Duration READ_AGAIN = Duration.ofMinutes(1);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final String SECRET = "signing-key/";

    // retiresAt: null for a key that signs
    private record Verifying(ECKey key, Long retiresAt) {}

    private record Keys(ECKey signing, Map<String, Verifying> verifying, long readAt) {}

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
        return current().signing();
    }

    /** The public key of this id. One that is not known yet is looked up, but not more often than now and then. */
    Optional<ECKey> verifying(String id) {
        Keys known = current();
        if (!known.verifying().containsKey(id) && clock.millis() - known.readAt() > LOOK_AGAIN.toMillis()) {
            known = read(known);
        }
        return Optional.ofNullable(known.verifying().get(id))
                .filter(found -> found.retiresAt() == null || clock.millis() < found.retiresAt())
                .map(Verifying::key);
    }

    private Keys current() {
        Keys known = keys;
        boolean fresh = known != null && clock.millis() - known.readAt() <= READ_AGAIN.toMillis();
        return fresh ? known : read(known);
    }

    /** @param stale what is not good enough, or null; what others have read since is */
    private Keys read(Keys stale) {
        reading.lock();
        try {
            Keys others = keys;
            if (others != null && others != stale) {
                return others;
            }
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
            var verifying = new HashMap<String, Verifying>();
            for (SigningKeyDao.Row row : rows) {
                verifying.put(row.id(), new Verifying(parse(row.publicKey()), row.retiresAt()));
            }
            byte[] secret =
                    database.read(tx -> secrets.get(tx, SECRET + newest.id()).orElseThrow());
            var read =
                    new Keys(parse(new String(secret, StandardCharsets.UTF_8)), Map.copyOf(verifying), clock.millis());
            keys = read;
            return read;
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
        ECKey key = generate();
        database.write(tx -> {
            replace(tx, key, origin);
            return null;
        });
    }

    private static ECKey generate() {
        try {
            return new ECKeyGenerator(Curve.P_256).keyIDFromThumbprint(true).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    private void replace(Tx tx, ECKey key, Change.Origin origin) {
        SigningKeyDao dao = tx.dao(SigningKeyDao.class);
        dao.insert(key.getKeyID(), key.toPublicJWK().toJSONString(), tx.nowMillis());
        dao.retireOthers(key.getKeyID(), tx.nowMillis() + OVERLAP.toMillis());
        secrets.put(tx, SECRET + key.getKeyID(), key.toJSONString().getBytes(StandardCharsets.UTF_8));
        tx.change(new Change("signing-key-created", key.getKeyID(), "{}", origin));
        tx.afterCommit(() -> keys = null);
    }

    /** What has to be done now and then: a new key when the old one has signed for long, no key that nobody needs. */
    public void maintain() {
        if (database.read(this::isDue)) {
            ECKey next = generate();
            database.write(tx -> {
                // Asked again, since another node may have done it.
                if (isDue(tx)) {
                    replace(tx, next, Change.Origin.SYSTEM);
                }
                return null;
            });
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

    private boolean isDue(Tx tx) {
        long old = tx.nowMillis() - ROTATE_AFTER.toMillis();
        List<SigningKeyDao.Row> signing = tx.dao(SigningKeyDao.class).all().stream()
                .filter(row -> row.retiresAt() == null)
                .toList();
        return !signing.isEmpty() && signing.stream().allMatch(row -> row.signsFrom() < old);
    }
}
