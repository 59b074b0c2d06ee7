package io.berth.oci;

import static java.util.Objects.requireNonNull;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The name of some content by its hash, {@code sha256:<64 hex>} or {@code sha512:<128 hex>}, lower case only.
 *
 * <p>Digests are never aliased: the same bytes under two algorithms are two digests and two blobs.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests">image-spec, Digests</a>
 */
public record Digest(Algorithm algorithm, String hex) implements Reference {

    /** The registered algorithms that a registry has to know. */
    public enum Algorithm {
        SHA256("sha256", "SHA-256", 64),
        SHA512("sha512", "SHA-512", 128);

        // Of its own, so that the library is looked for only when there is much to hash.
        private static final class Streaming {
            private static final Map<Algorithm, Optional<LibCryptoHash.Functions>> FUNCTIONS = Arrays.stream(values())
                    .collect(Collectors.toUnmodifiableMap(
                            algorithm -> algorithm,
                            algorithm -> LibCryptoHash.Functions.find(algorithm.jcaName, algorithm.hexLength / 2)));
        }

        private final String label;
        private final String jcaName;
        private final int hexLength;

        Algorithm(String label, String jcaName, int hexLength) {
            this.label = label;
            this.jcaName = jcaName;
            this.hexLength = hexLength;
        }

        /** The name used in digests, for example {@code sha256}. */
        public String label() {
            return label;
        }

        /** A new hash computation for a stream of any length. */
        public MessageDigest newHash() {
            return Streaming.FUNCTIONS
                    .get(this)
                    .<MessageDigest>map(LibCryptoHash::new)
                    .orElseGet(this::jdkHash);
        }

        // Every Java platform has both.
        private MessageDigest jdkHash() {
            try {
                return MessageDigest.getInstance(jcaName);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        /** @throws OciException {@code DIGEST_INVALID} for an unknown name */
        public static Algorithm parse(String label) {
            for (Algorithm algorithm : values()) {
                if (algorithm.label.equals(label)) {
                    return algorithm;
                }
            }
            throw new OciException(ErrorCode.DIGEST_INVALID, "unsupported digest algorithm, use sha256 or sha512");
        }
    }

    public Digest {
        requireNonNull(algorithm, "algorithm is null");
        requireNonNull(hex, "hex is null");
    }

    /** @throws OciException {@code DIGEST_INVALID} when {@code text} is not a supported digest */
    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw invalid();
        }
        Algorithm algorithm = Algorithm.parse(text.substring(0, colon));
        if (text.length() != colon + 1 + algorithm.hexLength) {
            throw invalid();
        }
        for (int i = colon + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
                throw invalid();
            }
        }
        return new Digest(algorithm, text.substring(colon + 1));
    }

    /** The digest of {@code content}. */
    public static Digest of(Algorithm algorithm, byte[] content) {
        return finish(algorithm, algorithm.jdkHash().digest(content));
    }

    /** The digest whose raw hash value is {@code hash}. */
    public static Digest finish(Algorithm algorithm, byte[] hash) {
        return new Digest(algorithm, HexFormat.of().formatHex(hash));
    }

    /**
     * The tag under which clients of registries without a referrers API list the referrers of this digest.
     *
     * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema">
     *     distribution-spec, Referrers Tag Schema</a>
     */
    public Tag referrersTag() {
        return new Tag(algorithm.label + "-" + hex.substring(0, 64));
    }

    private static OciException invalid() {
        return new OciException(
                ErrorCode.DIGEST_INVALID, "a digest is sha256: with 64 or sha512: with 128 lower-case hex digits");
    }

    @Override
    public String toString() {
        return algorithm.label + ":" + hex;
    }
}
