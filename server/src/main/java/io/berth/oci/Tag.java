package io.berth.oci;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * A mutable name of a manifest within a repository: {@code [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}}.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests">
 *     distribution-spec, Pulling manifests</a>
 */
public record Tag(String name) implements Reference {
    private static final int MAX_LENGTH = 128;

    public Tag {
        requireNonNull(name, "name is null");
    }

    /** @throws OciException {@code TAG_INVALID} when {@code text} is not a tag */
    public static Tag parse(String text) {
        if (text.isEmpty() || text.length() > MAX_LENGTH || text.charAt(0) == '.' || text.charAt(0) == '-') {
            throw invalid();
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean word = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
            if (!word && c != '.' && c != '-') {
                throw invalid();
            }
        }
        return new Tag(text);
    }

    /**
     * The digest of what a tag of this name is about, where clients make names of digests: {@code sha256-<hex>} for
     * referrers, with an ending such as {@code .sig} or {@code .att} for cosign's signatures and attestations.
     */
    public Optional<Digest> subject() {
        if (!name.startsWith("sha256-") || name.length() < 71 || name.length() > 71 && name.charAt(71) != '.') {
            return Optional.empty();
        }
        String hex = name.substring(7, 71);
        return hex.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f')
                ? Optional.of(new Digest(Digest.Algorithm.SHA256, hex))
                : Optional.empty();
    }

    private static OciException invalid() {
        return new OciException(
                ErrorCode.TAG_INVALID,
                "a tag is at most 128 letters, digits, '_', '.' and '-', and begins with a letter, a digit or '_'");
    }

    @Override
    public String toString() {
        return name;
    }
}
