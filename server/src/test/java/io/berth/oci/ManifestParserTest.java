package io.berth.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestParserTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private static final String CONFIG =
            "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" + HEX + "\",\"size\":2}";
    private static final String LAYER = CONFIG.replace("config.v1+json", "layer.v1.tar");

    private static String image(String config, String layers, String more) {
        return "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":%s%s}"
                .formatted(MediaType.OCI_MANIFEST, config, layers, more);
    }

    private static String index(String manifests, String more) {
        return "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":%s%s}"
                .formatted(MediaType.OCI_INDEX, manifests, more);
    }

    private static Manifest parse(String json, String contentType) {
        return ManifestParser.parse(json.getBytes(StandardCharsets.UTF_8), contentType);
    }

    private static void refuses(String json, String contentType, String message) {
        assertThatThrownBy(() -> parse(json, contentType))
                .isInstanceOfSatisfying(OciException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.MANIFEST_INVALID);
                    assertThat(e.status()).isEqualTo(400);
                })
                .hasMessage(message);
    }

    private static void refusesStartingWith(String json, String message) {
        assertThatThrownBy(() -> parse(json, null))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MANIFEST_INVALID))
                .hasMessageStartingWith(message);
    }

    // Round trip

    @Provide
    Arbitrary<Descriptor> descriptors() {
        return Combinators.combine(
                        Arbitraries.of(
                                "application/vnd.oci.image.layer.v1.tar+gzip",
                                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                                "text/plain"),
                        Arbitraries.bytes().array(byte[].class).ofMaxSize(8),
                        Arbitraries.of(Digest.Algorithm.values()),
                        Arbitraries.longs().between(0, Long.MAX_VALUE),
                        Arbitraries.of("https://example.com/a", "b").list().ofMaxSize(2))
                .as((type, seed, algorithm, size, urls) ->
                        new Descriptor(type, Digest.of(algorithm, seed), size, urls));
    }

    @Provide
    Arbitrary<Map<String, String>> annotations() {
        return Arbitraries.maps(
                        Arbitraries.strings().ofMaxLength(6),
                        Arbitraries.strings().ofMaxLength(6))
                .ofMaxSize(3);
    }

    private static ObjectNode json(Descriptor descriptor) {
        ObjectNode node = JSON.createObjectNode()
                .put("mediaType", descriptor.mediaType())
                .put("digest", descriptor.digest().toString())
                .put("size", descriptor.size());
        if (!descriptor.urls().isEmpty()) {
            descriptor.urls().forEach(node.putArray("urls")::add);
        }
        return node;
    }

    private static byte[] document(
            String type,
            ObjectNode document,
            Optional<Descriptor> subject,
            Optional<String> artifactType,
            Map<String, String> annotations)
            throws Exception {
        document.put("schemaVersion", 2).put("mediaType", type).put("x-unknown", 1);
        subject.ifPresent(value -> document.set("subject", json(value)));
        artifactType.ifPresent(value -> document.put("artifactType", value));
        if (!annotations.isEmpty()) {
            annotations.forEach(document.putObject("annotations")::put);
        }
        return JSON.writeValueAsBytes(document);
    }

    @Property
    void aValidImageIsReadAsItWasWritten(
            @ForAll("descriptors") Descriptor config,
            @ForAll List<@net.jqwik.api.From("descriptors") Descriptor> layers,
            @ForAll Optional<@net.jqwik.api.From("descriptors") Descriptor> subject,
            @ForAll boolean docker,
            @ForAll boolean typed,
            @ForAll("annotations") Map<String, String> annotations)
            throws Exception {
        String type = docker ? MediaType.DOCKER_MANIFEST : MediaType.OCI_MANIFEST;
        ObjectNode node = JSON.createObjectNode();
        node.set("config", json(config));
        ArrayNode array = node.putArray("layers");
        layers.forEach(layer -> array.add(json(layer)));
        Optional<String> artifactType = typed ? Optional.of("application/x") : Optional.empty();
        Manifest manifest = ManifestParser.parse(
                document(type, node, subject, artifactType, annotations), type + "; charset=utf-8");
        assertThat(manifest)
                .isEqualTo(new Manifest.Image(
                        type,
                        config,
                        layers,
                        subject,
                        artifactType.or(() -> Optional.of(config.mediaType())),
                        annotations));
        assertThat(manifest.blobs()).hasSize(layers.size() + 1).startsWith(config);
        assertThat(manifest.manifests()).isEmpty();
    }

    @Property
    void aValidIndexIsReadAsItWasWritten(
            @ForAll List<@net.jqwik.api.From("descriptors") Descriptor> children,
            @ForAll Optional<@net.jqwik.api.From("descriptors") Descriptor> subject,
            @ForAll boolean docker,
            @ForAll("annotations") Map<String, String> annotations)
            throws Exception {
        String type = docker ? MediaType.DOCKER_MANIFEST_LIST : MediaType.OCI_INDEX;
        ObjectNode node = JSON.createObjectNode();
        ArrayNode array = node.putArray("manifests");
        children.forEach(child -> array.add(json(child)));
        Manifest manifest = ManifestParser.parse(document(type, node, subject, Optional.empty(), annotations), null);
        assertThat(manifest).isEqualTo(new Manifest.Index(type, children, subject, Optional.empty(), annotations));
        assertThat(manifest.blobs()).isEmpty();
    }

    @Property(tries = 1000)
    void bytesThatAreNoManifestAreRefusedAndNothingElseHappens(@ForAll byte[] content) {
        assertThatThrownBy(() -> ManifestParser.parse(content, MediaType.OCI_MANIFEST))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MANIFEST_INVALID));
    }

    // A manifest cut off or changed in one byte is refused or read, but never fails in another way.
    @Property(tries = 1000)
    void aDamagedManifestIsRefusedOrReadButFailsInNoOtherWay(
            @ForAll @net.jqwik.api.constraints.IntRange(max = 400) int at, @ForAll byte value, @ForAll boolean cut) {
        byte[] content = image(CONFIG, "[" + LAYER + "]", "").getBytes(StandardCharsets.UTF_8);
        int position = at % content.length;
        content[position] = value;
        byte[] damaged = cut ? java.util.Arrays.copyOf(content, position) : content;
        try {
            assertThat(ManifestParser.parse(damaged, MediaType.OCI_MANIFEST)).isInstanceOf(Manifest.Image.class);
        } catch (OciException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.MANIFEST_INVALID);
        }
    }

    // Bad input

    @ParameterizedTest
    @ValueSource(strings = {"[]", "null", "1", "\"text\"", "", "  "})
    void aManifestIsAnObject(String json) {
        refuses(json, null, "a manifest is a JSON object");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{]", "not json", "{\"a\":}", "{'a':1}", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1}}"})
    void aManifestIsValidJson(String json) {
        refusesStartingWith(json, "the manifest is not valid JSON: ");
    }

    @Test
    void whatFollowsTheManifestIsRefused() {
        refusesStartingWith(
                image(CONFIG, "[]", "") + " {}",
                "the manifest is not valid JSON: Trailing token (of type START_OBJECT)");
    }

    @Test
    void deepJsonIsRefused() {
        String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        refusesStartingWith(deep, "the manifest is not valid JSON: Document nesting depth (65) exceeds");
    }

    @Test
    void aNumberOfManyDigitsIsRefusedWithoutBeingComputed() {
        refusesStartingWith(
                image(CONFIG.replace(":2}", ":" + "9".repeat(100_000) + "}"), "[]", ""),
                "the manifest is not valid JSON: Number value length (100000) exceeds");
    }

    @Test
    void aMemberThatComesTwiceIsRefused() {
        refusesStartingWith(
                image(CONFIG, "[]", ",\"config\":" + CONFIG),
                "the manifest is not valid JSON: Duplicate field 'config'");
        refusesStartingWith(
                image(CONFIG.replace("}", ",\"size\":3}"), "[]", ""),
                "the manifest is not valid JSON: Duplicate field 'size'");
        // also when one of them is written with an escape
        refusesStartingWith(
                image(CONFIG, "[]", ",\"\\u006dediaType\":\"x\""),
                "the manifest is not valid JSON: Duplicate field 'mediaType'");
    }

    @Test
    void theContentTypeAndTheManifestHaveToAgree() {
        refuses(
                image(CONFIG, "[]", ""),
                MediaType.OCI_INDEX,
                "the manifest's mediaType application/vnd.oci.image.manifest.v1+json differs from the Content-Type"
                        + " application/vnd.oci.image.index.v1+json");
        assertThat(parse(image(CONFIG, "[]", ""), " Application/VND.oci.image.manifest.v1+JSON ; charset=x")
                        .mediaType())
                .isEqualTo(MediaType.OCI_MANIFEST);
    }

    @Test
    void somethingHasToSayWhatItIs() {
        refuses(
                "{\"schemaVersion\":2}",
                "",
                "neither the Content-Type header nor the manifest's mediaType says what this is");
        refuses("{\"schemaVersion\":2}", "text/plain", "unsupported manifest type text/plain");
        refuses("{\"mediaType\":7}", null, "'mediaType' is not a string");
    }

    @Test
    void aDockerManifestNamesItsTypeItself() {
        String json = "{\"schemaVersion\":2,\"config\":" + CONFIG + ",\"layers\":[]}";
        refuses(
                json,
                MediaType.DOCKER_MANIFEST,
                "'mediaType' is missing, a manifest of type " + MediaType.DOCKER_MANIFEST + " has one");
        refuses(
                "{\"schemaVersion\":2,\"manifests\":[]}",
                MediaType.DOCKER_MANIFEST_LIST,
                "'mediaType' is missing, a manifest of type " + MediaType.DOCKER_MANIFEST_LIST + " has one");
        assertThat(parse(json, MediaType.OCI_MANIFEST).mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5", "2.0", "2e0", "\"2\"", "null", "true", "9223372036854775808", "[]"})
    void aSizeIsANumberOfBytes(String size) {
        refuses(
                image(CONFIG.replace(":2}", ":" + size + "}"), "[]", ""),
                null,
                "'config.size' is not a length in bytes");
        refuses(
                image(CONFIG, "[" + LAYER + "," + LAYER.replace(":2}", ":" + size + "}") + "]", ""),
                null,
                "'layers[1].size' is not a length in bytes");
        refuses(
                index("[" + LAYER.replace(":2}", ":" + size + "}") + "]", ""),
                null,
                "'manifests[0].size' is not a length in bytes");
    }

    @Test
    void aSizeIsNotMissing() {
        refuses(image(CONFIG.replace(",\"size\":2", ""), "[]", ""), null, "'config.size' is not a length in bytes");
    }

    @Test
    void theLargestSizeIsTaken() {
        Manifest manifest = parse(image(CONFIG.replace(":2}", ":9223372036854775807}"), "[]", ""), null);
        assertThat(manifest.blobs().getFirst().size()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aDigestIsValid() {
        String form = "a digest is sha256: with 64 or sha512: with 128 lower-case hex digits";
        refuses(image(CONFIG.replace(HEX, "abc"), "[]", ""), null, "'config.digest': " + form);
        refuses(image(CONFIG.replace("sha256:", ""), "[]", ""), null, "'config.digest': " + form);
        refuses(
                image(CONFIG, "[" + LAYER.replace("sha256", "md5") + "]", ""),
                null,
                "'layers[0].digest': unsupported digest algorithm, use sha256 or sha512");
        refuses(
                image(CONFIG, "[]", ",\"subject\":" + LAYER.replace(HEX, HEX.toUpperCase(java.util.Locale.ROOT))),
                null,
                "'subject.digest': " + form);
    }

    @Test
    void aDescriptorHasAMediaType() {
        String without = CONFIG.replaceFirst("\"mediaType\":\"[^\"]*\",", "");
        refuses(image(without, "[]", ""), null, "'config.mediaType' is missing");
        refuses(image(CONFIG, "[1]", ""), null, "'layers[0]' is not an object");
        refuses(image(CONFIG, "{}", ""), null, "'layers' is not an array");
        refuses(image(CONFIG, "null", ""), null, "'layers' is missing");
        refuses(image("null", "[]", ""), null, "'config' is missing");
    }

    @Test
    void anImageIsNotAnIndexToo() {
        refuses(image(CONFIG, "[]", ",\"manifests\":[]"), null, "an image manifest has no member 'manifests'");
        refuses(index("[]", ",\"layers\":[]"), null, "an index has neither 'config' nor 'layers'");
        refuses(index("[]", ",\"config\":" + CONFIG), null, "an index has neither 'config' nor 'layers'");
        refuses(index("null", ""), null, "'manifests' is missing");
    }

    @Test
    void schemaOneIsRefusedWithWhatToDo() {
        String message = "Docker image manifests of schema 1 are not supported, push schema 2 or OCI";
        String one = "{\"schemaVersion\":1,\"name\":\"a\",\"tag\":\"1\",\"fsLayers\":[],\"history\":[]}";
        refuses(one, MediaType.DOCKER_MANIFEST_V1, message);
        refuses(one, MediaType.DOCKER_MANIFEST_V1_SIGNED, message);
        refuses(one, MediaType.OCI_MANIFEST, "'schemaVersion' must be 2");
        refuses(one.replace(":1,", ":2,"), MediaType.OCI_MANIFEST, message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "3", "\"2\"", "2.0", "null", "4294967298"})
    void theSchemaVersionIsTwo(String version) {
        refuses(
                image(CONFIG, "[]", "").replace("\"schemaVersion\":2", "\"schemaVersion\":" + version),
                null,
                "'schemaVersion' must be 2");
        refuses(
                index("[]", "").replace("\"schemaVersion\":2", "\"schemaVersion\":" + version),
                null,
                "'schemaVersion' must be 2");
    }

    @Test
    void tooManyReferencesAreRefused() {
        String many = "[" + (LAYER + ",").repeat(10_000) + LAYER + "]";
        refuses(image(CONFIG, many, ""), null, "'layers' has more than 10000 entries");
        refuses(index(many, ""), null, "'manifests' has more than 10000 entries");
        assertThat(parse(image(CONFIG, "[" + (LAYER + ",").repeat(9_999) + LAYER + "]", ""), null)
                        .blobs())
                .hasSize(10_001);
    }

    @Test
    void annotationsAreStrings() {
        refuses(image(CONFIG, "[]", ",\"annotations\":{\"a\":1}"), null, "annotation a is not a string");
        refuses(image(CONFIG, "[]", ",\"annotations\":[]"), null, "'annotations' is not an object");
        refuses(
                image(CONFIG.replace("}", ",\"urls\":[1]}"), "[]", ""),
                null,
                "'config.urls' has an entry that is not a string");
        refuses(image(CONFIG, "[]", ",\"artifactType\":{}"), null, "'artifactType' is not a string");
    }

    @Test
    void longTextOfTheClientIsNotSentBackWhole() {
        String long1 = "x".repeat(5_000);
        assertThatThrownBy(() -> parse("{}", long1)).hasMessage("unsupported manifest type " + "x".repeat(200) + "...");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16BE", "UTF-16LE", "UTF-32BE"})
    void aManifestIsUtf8SinceOtherReadersWouldSeeSomethingElse(String charset) {
        byte[] content = image(CONFIG, "[]", "").getBytes(java.nio.charset.Charset.forName(charset));
        assertThatThrownBy(() -> ManifestParser.parse(content, MediaType.OCI_MANIFEST))
                .isInstanceOf(OciException.class)
                .hasMessageStartingWith("the manifest is not valid JSON");
    }

    @Test
    void aManifestThatIsNotUtf8IsRefused() {
        byte[] content =
                image(CONFIG, "[]", ",\"annotations\":{\"a\":\"\u00e9\"}").getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> ManifestParser.parse(content, MediaType.OCI_MANIFEST))
                .isInstanceOf(OciException.class)
                .hasMessage("the manifest is not valid JSON: it is not UTF-8");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            })
    void nonDistributableLayersAreKnown(String type) {
        assertThat(MediaType.isNonDistributable(type)).isTrue();
        assertThat(MediaType.isNonDistributable("application/vnd.oci.image.layer.v1.tar+gzip"))
                .isFalse();
    }
}
