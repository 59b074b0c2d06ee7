package io.berth.store;

import io.berth.oci.Digest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;

/** What the names of files in {@code uploads/} say. */
record UploadFile(UploadState state, Optional<ObjectKey> becoming) {

    static String name(UploadState state) {
        return state.id() + "." + HexFormat.of().toHexDigits(state.generation());
    }

    static String name(UploadState state, ObjectKey key) {
        // The object's generation is the upload's, so its digest is enough.
        return name(state) + "." + key.digest().algorithm().label() + "-"
                + key.digest().hex();
    }

    /** What {@code name} says, or nothing when this class did not make it. */
    static Optional<UploadFile> parse(String name) {
        return read(name)
                .filter(file -> name.equals(
                        file.becoming.map(key -> name(file.state, key)).orElseGet(() -> name(file.state))));
    }

    // Its parsers are lenient: several texts give one id or one number.
    private static Optional<UploadFile> read(String name) {
        String[] parts = name.split("\\.", -1);
        if (parts.length < 2 || parts.length > 3 || parts[1].length() != 16) {
            return Optional.empty();
        }
        try {
            var state = new UploadState(UUID.fromString(parts[0]), HexFormat.fromHexDigitsToLong(parts[1]), 0);
            return Optional.of(new UploadFile(
                    state,
                    parts.length == 2
                            ? Optional.empty()
                            : Optional.of(
                                    new ObjectKey(Digest.parse(parts[2].replaceFirst("-", ":")), state.generation()))));
        } catch (RuntimeException e) {
            return Optional.empty();
        }
    }
}
