package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class V2PathTest {
    @ParameterizedTest
    @CsvSource({
        "/v2, PING, '', ''",
        "/v2/, PING, '', ''",
        "/v2/_catalog, CATALOG, '', ''",
        "/v2/a/tags/list, TAGS, a, ''",
        "/v2/a/b/c/tags/list, TAGS, a/b/c, ''",
        "/v2/a/manifests/latest, MANIFEST, a, latest",
        "/v2/a/b/manifests/sha256:ab, MANIFEST, a/b, sha256:ab",
        "/v2/a/blobs/sha256:ab, BLOB, a, sha256:ab",
        "/v2/a/blobs/uploads/, UPLOADS, a, ''",
        "/v2/a/blobs/uploads, UPLOADS, a, ''",
        "/v2/a/blobs/uploads/0190-id, UPLOAD, a, 0190-id",
        "/v2/a/referrers/sha256:ab, REFERRERS, a, sha256:ab",
        // names that look like parts of the API
        "/v2/manifests/manifests/manifests, MANIFEST, manifests, manifests",
        "/v2/a/tags/manifests/list, MANIFEST, a/tags, list",
        "/v2/blobs/uploads/manifests/1, MANIFEST, blobs/uploads, 1",
        "/v2/a/blobs/blobs/sha256:ab, BLOB, a/blobs, sha256:ab",
        "/v2/a/blobs/uploads/blobs/uploads/, UPLOADS, a/blobs/uploads, ''",
        "/v2/a/manifests/, MANIFEST, a, ''",
        // nothing
        "/v2/a, UNKNOWN, '', ''",
        "/v2/a/b, UNKNOWN, '', ''",
        "/v2/a/tags, UNKNOWN, '', ''",
        "/v2/manifests/latest, UNKNOWN, '', ''",
        "/v2//manifests/latest, UNKNOWN, '', ''",
        "/v2/blobs/sha256:ab, UNKNOWN, '', ''",
        "/v2/_catalog/, UNKNOWN, '', ''"
    })
    void aPathIsTakenApartFromItsEnd(String path, V2Path.Kind kind, String name, String last) {
        assertThat(V2Path.parse(path)).isEqualTo(new V2Path(kind, name, last));
    }

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.of("a", "blobs", "uploads", "manifests", "tags", "list", "referrers", "v2", "_catalog")
                .list()
                .ofMinSize(1)
                .ofMaxSize(5)
                .map(parts -> String.join("/", parts));
    }

    @Provide
    Arbitrary<String> references() {
        return Arbitraries.of("latest", "uploads.", "sha256:ab", "tags", "x");
    }

    @Property
    void everyNameAndReferenceComeOutOfThePathTheyWentInto(
            @ForAll("names") String name, @ForAll("references") String last) {
        assertThat(V2Path.parse("/v2/" + name + "/manifests/" + last))
                .isEqualTo(new V2Path(V2Path.Kind.MANIFEST, name, last));
        assertThat(V2Path.parse("/v2/" + name + "/blobs/" + last)).isEqualTo(new V2Path(V2Path.Kind.BLOB, name, last));
        assertThat(V2Path.parse("/v2/" + name + "/blobs/uploads/" + last))
                .isEqualTo(new V2Path(V2Path.Kind.UPLOAD, name, last));
        assertThat(V2Path.parse("/v2/" + name + "/referrers/" + last))
                .isEqualTo(new V2Path(V2Path.Kind.REFERRERS, name, last));
        assertThat(V2Path.parse("/v2/" + name + "/tags/list")).isEqualTo(new V2Path(V2Path.Kind.TAGS, name, ""));
        assertThat(V2Path.parse("/v2/" + name + "/blobs/uploads/"))
                .isEqualTo(new V2Path(V2Path.Kind.UPLOADS, name, ""));
    }

    @Property(tries = 1000)
    void noPathMakesParsingFail(@ForAll String tail) {
        assertThat(V2Path.parse("/v2" + tail)).isNotNull();
        assertThat(V2Path.parse("/v2/" + tail)).isNotNull();
    }
}
