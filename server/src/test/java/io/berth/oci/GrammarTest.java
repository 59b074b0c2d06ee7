package io.berth.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The grammars that are written by hand agree with the specification's regular expressions. */
class GrammarTest {
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
    private static final Pattern DIGEST = Pattern.compile("sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}");

    private static boolean accepts(Runnable parse, ErrorCode code) {
        try {
            parse.run();
            return true;
        } catch (OciException e) {
            assertThat(e.code()).isEqualTo(code);
            return false;
        }
    }

    /** Strings of the characters that matter, so that a good part is valid and the rest nearly so. */
    @Provide
    Arbitrary<String> nearlyNames() {
        Arbitrary<String> word =
                Arbitraries.strings().withChars("ab0").ofMinLength(1).ofMaxLength(3);
        Arbitrary<String> separator =
                Arbitraries.of("/", ".", "_", "__", "-", "--", "---", "/", "..", "___", "._", "//", "A", "é", " ", "");
        Arbitrary<String> part =
                Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(4, word), net.jqwik.api.Tuple.of(3, separator));
        return part.list().ofMaxSize(10).map(parts -> String.join("", parts));
    }

    @Property(tries = 5000)
    void aRepositoryNameIsWhatTheSpecificationSays(@ForAll("nearlyNames") String text) {
        assertThat(accepts(() -> RepositoryName.parse(text), ErrorCode.NAME_INVALID))
                .isEqualTo(NAME.matcher(text).matches());
    }

    @Property(tries = 2000)
    void anyTextIsARepositoryNameOnlyIfTheSpecificationSaysSo(@ForAll String text) {
        boolean bare = text.indexOf('/') < 0;
        boolean expected = NAME.matcher(text).matches() && text.length() <= (bare ? 247 : 255);
        assertThat(accepts(() -> RepositoryName.parse(text), ErrorCode.NAME_INVALID))
                .isEqualTo(expected);
    }

    @Property(tries = 2000)
    void parsingACanonicalNameAgainChangesNothing(@ForAll("nearlyNames") String text) {
        if (NAME.matcher(text).matches()) {
            RepositoryName name = RepositoryName.parse(text);
            assertThat(RepositoryName.parse(name.value())).isEqualTo(name);
            assertThat(name.value()).isEqualTo(text.contains("/") ? text : "library/" + text);
            assertThat(name.value()).startsWith(name.project() + "/");
        }
    }

    @Test
    void aRepositoryNameHasAtMost255CharactersInItsCanonicalForm() {
        assertThat(RepositoryName.parse("a/" + "b".repeat(253)).value()).hasSize(255);
        assertThat(RepositoryName.parse("a".repeat(247)).value()).hasSize(255);
        assertThatThrownBy(() -> RepositoryName.parse("a/" + "b".repeat(254)))
                .isInstanceOf(OciException.class)
                .hasMessageContaining("255");
        assertThatThrownBy(() -> RepositoryName.parse("a".repeat(248))).isInstanceOf(OciException.class);
    }

    @Provide
    Arbitrary<String> nearlyTags() {
        Arbitrary<String> tag =
                Arbitraries.strings().withChars("aZ0_.-").ofMinLength(0).ofMaxLength(130);
        Arbitrary<String> odd = Arbitraries.strings().withChars("a.:/@ é\u0000").ofMaxLength(5);
        return Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(3, tag), net.jqwik.api.Tuple.of(1, odd));
    }

    @Property(tries = 3000)
    void aTagIsWhatTheSpecificationSays(@ForAll("nearlyTags") String text) {
        boolean valid = TAG.matcher(text).matches();
        assertThat(accepts(() -> Tag.parse(text), ErrorCode.TAG_INVALID)).isEqualTo(valid);
        if (valid) {
            assertThat(Tag.parse(text)).hasToString(text);
            assertThat(Reference.parse(text)).isEqualTo(new Tag(text));
        }
    }

    @Provide
    Arbitrary<String> nearlyDigests() {
        Arbitrary<String> algorithm = Arbitraries.of("sha256", "sha512", "sha384", "SHA256", "");
        Arbitrary<String> separator = Arbitraries.of(":", ":", ":", "", "::", "+");
        Arbitrary<Integer> length = Arbitraries.of(64, 64, 128, 128, 63, 65, 127, 129, 0);
        Arbitrary<Character> stranger = Arbitraries.of('0', 'a', 'f', 'F', 'g', ':', '/', '\u0660');
        return net.jqwik.api.Combinators.combine(
                        algorithm,
                        separator,
                        length,
                        stranger,
                        Arbitraries.integers().between(0, 127))
                .as((name, colon, size, odd, at) -> {
                    var hex = new StringBuilder("0123456789abcdef".repeat(9).substring(0, size));
                    if (size > 0) {
                        hex.setCharAt(at % size, odd);
                    }
                    return name + colon + hex;
                });
    }

    @Property(tries = 5000)
    void aDigestIsWhatTheSpecificationSays(@ForAll("nearlyDigests") String text) {
        boolean valid = DIGEST.matcher(text).matches();
        assertThat(accepts(() -> Digest.parse(text), ErrorCode.DIGEST_INVALID)).isEqualTo(valid);
        if (valid) {
            assertThat(Digest.parse(text)).hasToString(text);
            assertThat(Reference.parse(text)).isEqualTo(Digest.parse(text));
        }
    }

    @Property
    void theDigestOfBytesIsTheirHashAndFollowsTheGrammar(@ForAll byte[] content, @ForAll Digest.Algorithm algorithm)
            throws Exception {
        Digest digest = Digest.of(algorithm, content);
        assertThat(digest.toString()).matches(DIGEST);
        String jca = algorithm == Digest.Algorithm.SHA256 ? "SHA-256" : "SHA-512";
        assertThat(digest.hex())
                .isEqualTo(java.util.HexFormat.of()
                        .formatHex(java.security.MessageDigest.getInstance(jca).digest(content)));
    }

    @Property
    void theReferrersTagOfEveryDigestIsATag(@ForAll byte[] content, @ForAll Digest.Algorithm algorithm) {
        Digest digest = Digest.of(algorithm, content);
        Tag tag = digest.referrersTag();
        assertThat(Tag.parse(tag.name())).isEqualTo(tag);
        assertThat(tag.name()).isEqualTo(algorithm.label() + "-" + digest.hex().substring(0, 64));
    }

    @Test
    void theSameBytesUnderTwoAlgorithmsAreTwoDigests() {
        assertThat(Digest.of(Digest.Algorithm.SHA256, new byte[0]))
                .isNotEqualTo(Digest.of(Digest.Algorithm.SHA512, new byte[0]))
                .hasToString("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    @ParameterizedTest
    @ValueSource(strings = {"md5:d41d8cd98f00b204e9800998ecf8427e", "sha1:x", ":", "a:b"})
    void aReferenceWithAColonIsADigestOrNothing(String text) {
        assertThatThrownBy(() -> Reference.parse(text))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DIGEST_INVALID));
    }

    @Test
    void aReferenceThatIsNeitherIsToldToBeNoTag() {
        assertThatThrownBy(() -> Reference.parse("-x"))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TAG_INVALID));
    }
}
