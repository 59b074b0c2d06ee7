package io.berth.oci;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.CharArrayReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads manifests strictly: one JSON object of bounded depth, no member twice, descriptors whose digests and sizes make
 * sense, and a {@code mediaType} that agrees with the Content-Type. Members it does not know are left alone.
 *
 * <p>Thread-safe.
 */
public final class ManifestParser {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_REFERENCES = 10_000;

    // Duplicate members are refused since two readers of one document could see two images (CVE-2021-41190's kind).
    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxStringLength(8 << 20)
                            .maxNameLength(64 << 10)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ManifestParser() {}

    /**
     * @param content the pushed bytes
     * @param contentType the request's Content-Type, possibly with parameters; null or empty when there was none, and
     *     then the document's own {@code mediaType} decides
     * @throws OciException {@code MANIFEST_INVALID} saying what is wrong and where
     */
    public static Manifest parse(byte[] content, String contentType) {
        ObjectNode document = object(content);
        String declared = text(document, "mediaType").orElse("");
        String type =
                contentType == null || contentType.isBlank() ? declared : MediaType.withoutParameters(contentType);
        if (type.isEmpty()) {
            throw invalid("neither the Content-Type header nor the manifest's mediaType says what this is");
        }
        if (!declared.isEmpty() && !declared.equals(type)) {
            throw invalid("the manifest's mediaType " + shorten(declared) + " differs from the Content-Type "
                    + shorten(type));
        }
        return switch (type) {
            case MediaType.OCI_MANIFEST -> image(document, type, declared);
            case MediaType.DOCKER_MANIFEST -> image(document, type, requireDeclared(declared, type));
            case MediaType.OCI_INDEX -> index(document, type);
            case MediaType.DOCKER_MANIFEST_LIST -> {
                requireDeclared(declared, type);
                yield index(document, type);
            }
            case MediaType.DOCKER_MANIFEST_V1, MediaType.DOCKER_MANIFEST_V1_SIGNED ->
                throw invalid("Docker image manifests of schema 1 are not supported, push schema 2 or OCI");
            default -> throw invalid("unsupported manifest type " + shorten(type));
        };
    }

    private static ObjectNode object(byte[] content) {
        try {
            // Given bytes Jackson would guess among UTF-8, UTF-16 and UTF-32; other readers of the manifest would not.
            var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content));
            JsonNode node = JSON.readTree(new CharArrayReader(text.array(), text.arrayOffset(), text.remaining()));
            if (node instanceof ObjectNode object) {
                return object;
            }
            throw invalid("a manifest is a JSON object");
        } catch (CharacterCodingException e) {
            throw invalid("the manifest is not valid JSON: it is not UTF-8");
        } catch (JacksonException e) {
            throw invalid("the manifest is not valid JSON: " + shorten(e.getOriginalMessage()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Manifest image(ObjectNode document, String type, String declared) {
        requireSchemaVersion(document);
        if (document.has("manifests")) {
            // An image that is also an index is read differently by different clients.
            throw invalid("an image manifest has no member 'manifests'");
        }
        if (declared.isEmpty() && document.has("fsLayers")) {
            throw invalid("Docker image manifests of schema 1 are not supported, push schema 2 or OCI");
        }
        JsonNode configNode = document.get("config");
        if (configNode == null || configNode.isNull()) {
            throw invalid("'config' is missing");
        }
        Descriptor config = descriptor(configNode, "config");
        List<Descriptor> layers = descriptors(document, "layers", document.has("layers"));
        Optional<String> artifactType = text(document, "artifactType");
        return new Manifest.Image(
                type,
                config,
                layers,
                subject(document),
                artifactType.isPresent() ? artifactType : Optional.of(config.mediaType()),
                annotations(document));
    }

    private static Manifest index(ObjectNode document, String type) {
        requireSchemaVersion(document);
        if (document.has("layers") || document.has("config") || document.has("fsLayers")) {
            throw invalid("an index has neither 'config' nor 'layers'");
        }
        return new Manifest.Index(
                type,
                descriptors(document, "manifests", true),
                subject(document),
                text(document, "artifactType"),
                annotations(document));
    }

    private static void requireSchemaVersion(ObjectNode document) {
        JsonNode version = document.get("schemaVersion");
        if (version == null || !version.isIntegralNumber() || version.intValue() != 2 || !version.canConvertToInt()) {
            throw invalid("'schemaVersion' must be 2");
        }
    }

    private static String requireDeclared(String declared, String type) {
        if (declared.isEmpty()) {
            throw invalid("'mediaType' is missing, a manifest of type " + type + " has one");
        }
        return declared;
    }

    private static Optional<Descriptor> subject(ObjectNode document) {
        JsonNode node = document.get("subject");
        return node == null || node.isNull() ? Optional.empty() : Optional.of(descriptor(node, "subject"));
    }

    private static List<Descriptor> descriptors(ObjectNode document, String name, boolean required) {
        JsonNode array = document.get(name);
        if (array == null || array.isNull()) {
            if (required) {
                throw invalid("'" + name + "' is missing");
            }
            return List.of();
        }
        if (!array.isArray()) {
            throw invalid("'" + name + "' is not an array");
        }
        if (array.size() > MAX_REFERENCES) {
            throw invalid("'" + name + "' has more than " + MAX_REFERENCES + " entries");
        }
        var all = new ArrayList<Descriptor>(array.size());
        for (int i = 0; i < array.size(); i++) {
            all.add(descriptor(array.get(i), name + "[" + i + "]"));
        }
        return all;
    }

    private static Descriptor descriptor(JsonNode node, String where) {
        if (!(node instanceof ObjectNode object)) {
            throw invalid("'" + where + "' is not an object");
        }
        String mediaType = text(object, "mediaType").orElse("");
        if (mediaType.isEmpty()) {
            throw invalid("'" + where + ".mediaType' is missing");
        }
        Digest digest;
        try {
            digest = Digest.parse(text(object, "digest").orElse(""));
        } catch (OciException e) {
            throw invalid("'" + where + ".digest': " + e.getMessage());
        }
        JsonNode size = object.get("size");
        if (size == null || !size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0) {
            throw invalid("'" + where + ".size' is not a length in bytes");
        }
        return new Descriptor(mediaType, digest, size.longValue(), strings(object.get("urls"), where + ".urls"));
    }

    private static List<String> strings(JsonNode array, String where) {
        if (array == null || array.isNull()) {
            return List.of();
        }
        if (!array.isArray()) {
            throw invalid("'" + where + "' is not an array");
        }
        var all = new ArrayList<String>(array.size());
        for (JsonNode item : array) {
            if (!item.isTextual()) {
                throw invalid("'" + where + "' has an entry that is not a string");
            }
            all.add(item.textValue());
        }
        return all;
    }

    private static Map<String, String> annotations(ObjectNode document) {
        JsonNode node = document.get("annotations");
        if (node == null || node.isNull()) {
            return Map.of();
        }
        if (!(node instanceof ObjectNode object)) {
            throw invalid("'annotations' is not an object");
        }
        var all = new LinkedHashMap<String, String>();
        object.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw invalid("annotation " + shorten(entry.getKey()) + " is not a string");
            }
            all.put(entry.getKey(), entry.getValue().textValue());
        });
        return all;
    }

    private static Optional<String> text(ObjectNode object, String name) {
        JsonNode node = object.get(name);
        if (node == null || node.isNull()) {
            return Optional.empty();
        }
        if (!node.isTextual()) {
            throw invalid("'" + name + "' is not a string");
        }
        return node.textValue().isEmpty() ? Optional.empty() : Optional.of(node.textValue());
    }

    private static String shorten(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    private static OciException invalid(String message) {
        return new OciException(ErrorCode.MANIFEST_INVALID, message);
    }
}
