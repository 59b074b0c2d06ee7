package io.berth.identity;

import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Secrets that the server must be able to read again: what it logs in to others with, and what it signs with. Each is
 * encrypted by AES-256-GCM under a {@link MasterKeys master key} with its name as associated data, so that one cannot be
 * put in another's place. Thread-safe.
 */
public final class SecretStore {
    private static final Logger LOG = LoggerFactory.getLogger(SecretStore.class);
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;

    private final MasterKeys keys;
    private final RandomGenerator random;

    public SecretStore(MasterKeys keys, RandomGenerator random) {
        this.keys = keys;
        this.random = random;
    }

    /**
     * The store of {@code database} under the keys as configured. What is encrypted under an older key is encrypted anew
     * under the first.
     *
     * @throws IllegalStateException when there is no key for what is encrypted, with what to do
     */
    public static SecretStore open(Database database, Optional<String> given, Path file, RandomGenerator random)
            throws IOException {
        boolean fresh = database.read(tx -> tx.dao(SecretDao.class).count()) == 0;
        var store = new SecretStore(MasterKeys.load(given, file, fresh, random), random);
        List<String> unreadable = store.rotate(database);
        if (!unreadable.isEmpty()) {
            LOG.error(
                    "no master key is there for the secrets {}: bring the key back, or set them anew"
                            + " (docs/secrets.md)",
                    unreadable);
        }
        return store;
    }

    /**
     * A secret.
     *
     * @return empty when there is none of the name
     * @throws OciException {@code UNAVAILABLE} when its master key is missing, or it has been tampered with
     */
    public Optional<byte[]> get(Tx tx, String name) {
        return tx.dao(SecretDao.class).find(name).map(row -> {
            SecretKey key = keys.find(row.keyId())
                    .orElseThrow(() -> new OciException(
                            ErrorCode.UNAVAILABLE,
                            "the secret '" + name + "' is encrypted under the master key " + row.keyId()
                                    + ", which is missing: add it to the master keys, or set the secret anew"));
            return decrypt(key, row);
        });
    }

    /** The same as text. */
    public Optional<String> text(Tx tx, String name) {
        return get(tx, name).map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }

    /** Stores a secret in place of the one of its name. */
    public void put(Tx tx, String name, byte[] secret) {
        tx.dao(SecretDao.class).put(name, keys.first(), encrypt(name, secret), tx.nowMillis());
    }

    /** @return whether there was one */
    public boolean delete(Tx tx, String name) {
        return tx.dao(SecretDao.class).delete(name) > 0;
    }

    /** Encrypts everything under the first key; returns the names of what no key is there for. */
    List<String> rotate(Database database) {
        if (database.read(tx -> tx.dao(SecretDao.class).underOtherKeys(keys.first()))
                .isEmpty()) {
            return List.of();
        }
        return database.write(tx -> {
            var unreadable = new ArrayList<String>();
            for (SecretDao.Row row : tx.dao(SecretDao.class).underOtherKeys(keys.first())) {
                keys.find(row.keyId())
                        .ifPresentOrElse(
                                key -> put(tx, row.name(), decrypt(key, row)), () -> unreadable.add(row.name()));
            }
            return unreadable;
        });
    }

    private byte[] encrypt(String name, byte[] secret) {
        byte[] nonce = new byte[NONCE];
        random.nextBytes(nonce);
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, keys.find(keys.first()).orElseThrow(), nonce, name);
            byte[] sealed = cipher.doFinal(secret);
            return ByteBuffer.allocate(NONCE + sealed.length)
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] decrypt(SecretKey key, SecretDao.Row row) {
        ByteBuffer stored = ByteBuffer.wrap(row.ciphertext());
        byte[] nonce = new byte[NONCE];
        try {
            stored.get(nonce);
            byte[] sealed = new byte[stored.remaining()];
            stored.get(sealed);
            return cipher(Cipher.DECRYPT_MODE, key, nonce, row.name()).doFinal(sealed);
        } catch (GeneralSecurityException | java.nio.BufferUnderflowException e) {
            throw new OciException(ErrorCode.UNAVAILABLE, "the secret '" + row.name() + "' is damaged: set it anew");
        }
    }

    private static Cipher cipher(int mode, SecretKey key, byte[] nonce, String name) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
