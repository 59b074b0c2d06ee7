package io.berth.identity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that secrets in the database are encrypted under. The first encrypts, all decrypt, so that a key is replaced
 * by putting a new one before it. A key's id is a hash of it, and stands beside each secret.
 */
public final class MasterKeys {
    private static final Logger LOG = LoggerFactory.getLogger(MasterKeys.class);
    private static final int BYTES = 32;

    private final Map<String, SecretKey> byId;
    private final String first;

    private MasterKeys(Map<String, SecretKey> byId) {
        this.byId = byId;
        this.first = byId.keySet().iterator().next();
    }

    /**
     * The keys as configured.
     *
     * @param given the keys themselves, or empty to read {@code file}
     * @param file one key a line; made with a random key when absent
     * @param fresh whether nothing is encrypted yet. Otherwise an absent file is a lost one, and none is made
     * @throws IllegalStateException when there is no key, or one has the wrong form, with what to do
     */
    public static MasterKeys load(Optional<String> given, Path file, boolean fresh, RandomGenerator random)
            throws IOException {
        if (given.isPresent()) {
            return parse(given.get(), "master-key (BERTH_MASTER_KEY)");
        }
        if (!Files.exists(file)) {
            if (!fresh) {
                throw new IllegalStateException("the master key is missing: there is no " + file
                        + ", and secrets in the database are encrypted under it. Bring the file back from its backup, or"
                        + " give the key by BERTH_MASTER_KEY. docs/secrets.md tells what to do when it is lost");
            }
            write(file, random);
        }
        warnWhenOthersRead(file);
        return parse(Files.readString(file), file.toString());
    }

    /** Keys in base64, separated by commas or line ends; lines that begin with # are no keys. */
    static MasterKeys parse(String text, String place) {
        var keys = new LinkedHashMap<String, SecretKey>();
        for (String line : text.split("[,\\r\\n]")) {
            String key = line.strip();
            if (!key.isEmpty() && !key.startsWith("#")) {
                byte[] bytes = decode(key, place);
                keys.put(id(bytes), new SecretKeySpec(bytes, "AES"));
            }
        }
        if (keys.isEmpty()) {
            throw new IllegalStateException("there is no key in " + place
                    + ". Put 32 random bytes in base64 there, as `openssl rand -base64 32` makes them");
        }
        return new MasterKeys(keys);
    }

    private static byte[] decode(String key, String place) {
        try {
            byte[] bytes = Base64.getDecoder().decode(key);
            if (bytes.length == BYTES) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // said below, without the key
        }
        throw new IllegalStateException(
                "a key in " + place + " is not " + BYTES + " bytes in base64. `openssl rand -base64 32` makes one");
    }

    private static String id(byte[] key) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update("berth master key".getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha256.digest(key), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    // On the disk before anything is encrypted under it.
    private static void write(Path file, RandomGenerator random) throws IOException {
        byte[] key = new byte[BYTES];
        random.nextBytes(key);
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(temporary);
        try (var channel = FileChannel.open(
                temporary,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            var line = ByteBuffer.wrap(
                    (Base64.getEncoder().encodeToString(key) + "\n").getBytes(StandardCharsets.US_ASCII));
            while (line.hasRemaining()) {
                channel.write(line);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        try (var directory = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    private static void warnWhenOthersRead(Path file) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.OTHERS_READ)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            LOG.warn("everybody on this machine can read the master key: chmod 0600 {}", file);
        }
    }

    /** The id of the key that encrypts. */
    String first() {
        return first;
    }

    Optional<SecretKey> find(String id) {
        return Optional.ofNullable(byId.get(id));
    }
}
