package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTagsTest {
    private static final String DIGEST = "sha256:ab";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"sha256:ab\"",
                "W/\"sha256:ab\"",
                "*",
                " * ",
                "sha256:ab",
                "\"x\", \"sha256:ab\"",
                "\"x\",sha256:ab , \"y\""
            })
    void aListWithTheTagMatches(String header) {
        assertThat(EntityTags.matches(header, DIGEST)).isTrue();
        assertThat(EntityTags.matches(header, null)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "\"\"", "\"sha256:a\"", "\"sha256:ab", "SHA256:AB", ",", "\"*b\"", "W/", "w/\"sha256:ab\""})
    void aListWithoutItDoesNot(String header) {
        assertThat(EntityTags.matches(header, DIGEST)).isFalse();
    }

    @Property
    void theTagOfADigestMatchesItAndNoOtherDoes(@ForAll byte[] one, @ForAll byte[] other) {
        String digest = io.berth.oci.Digest.of(io.berth.oci.Digest.Algorithm.SHA256, one)
                .toString();
        String another = io.berth.oci.Digest.of(io.berth.oci.Digest.Algorithm.SHA256, other)
                .toString();
        assertThat(EntityTags.matches(EntityTags.of(digest), digest)).isTrue();
        assertThat(EntityTags.matches(EntityTags.of(digest), another)).isEqualTo(digest.equals(another));
    }

    @Property
    void noHeaderMakesMatchingFail(@ForAll String header) {
        var unused = EntityTags.matches(header, DIGEST);
    }
}
