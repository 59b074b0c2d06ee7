package io.berth.store;

import static java.util.Objects.requireNonNull;

import io.berth.oci.Digest;
import io.berth.oci.OciException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The name of a stored object. The generation is a random number chosen for each upload, so that a key is never used
 * twice and a late delete of one object cannot destroy another.
 */
public record ObjectKey(Digest digest, long generation) {
    public ObjectKey {
        requireNonNull(digest, "digest is null");
    }

    /** The key as a relative path: {@code sha256/ab/<hex>.<generation as 16 hex digits>}. */
    public String path() {
        return digest.algorithm().label() + "/" + digest.hex().substring(0, 2) + "/" + name();
    }

    /** The last part of {@link #path}. */
    public String name() {
        return digest.hex() + "." + HexFormat.of().toHexDigits(generation);
    }

    /** The key that {@code algorithm} and {@code name} make, or nothing when they make none. */
    public static Optional<ObjectKey> parse(String algorithm, String name) {
        int dot = name.indexOf('.');
        if (dot < 0 || name.length() != dot + 17) {
            return Optional.empty();
        }
        try {
            var key = new ObjectKey(
                    Digest.parse(algorithm + ":" + name.substring(0, dot)),
                    HexFormat.fromHexDigitsToLong(name.substring(dot + 1)));
            return Optional.of(key).filter(found -> found.name().equals(name));
        } catch (OciException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
