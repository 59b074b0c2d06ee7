package io.berth.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/** Something that is pushed under a media type. */
record Content(String type, byte[] bytes) {
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
    static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";

    static Content of(String type, String text) {
        return new Content(type, text.getBytes(StandardCharsets.UTF_8));
    }

    String digest() {
        return sha256(bytes);
    }

    /** The JSON of a descriptor of this. */
    String descriptor() {
        return descriptor(type, digest(), bytes.length);
    }

    static String descriptor(String type, String digest, long size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(type, digest, size);
    }

    static byte[] random(int size) {
        byte[] bytes = new byte[size];
        ThreadLocalRandom.current().nextBytes(bytes);
        return bytes;
    }

    static byte[] part(byte[] whole, int from, int to) {
        return Arrays.copyOfRange(whole, from, to);
    }

    static String sha256(byte[] bytes) {
        return "sha256:" + hex("SHA-256", bytes);
    }

    static String sha512(byte[] bytes) {
        return "sha512:" + hex("SHA-512", bytes);
    }

    private static String hex(String algorithm, byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** An image manifest whose configuration and layers have been pushed to {@code repository}. */
    static Content image(BerthUnderTest berth, String repository, byte[]... layers) {
        byte[] config = ("{\"architecture\":\"amd64\",\"os\":\"linux\",\"n\":"
                        + ThreadLocalRandom.current().nextLong() + "}")
                .getBytes(StandardCharsets.UTF_8);
        berth.pushBlob(repository, config);
        var descriptors = new ArrayList<String>();
        for (byte[] layer : layers) {
            berth.pushBlob(repository, layer);
            descriptors.add(descriptor(OCI_LAYER, sha256(layer), layer.length));
        }
        return image(descriptor(OCI_CONFIG, sha256(config), config.length), descriptors, "");
    }

    /** @param more further members of the document, each with a comma before it */
    static Content image(String config, List<String> layers, String more) {
        return of(
                OCI_MANIFEST,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]%s}"
                        .formatted(OCI_MANIFEST, config, String.join(",", layers), more));
    }

    static Content index(String more, Content... children) {
        return of(
                OCI_INDEX,
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]%s}"
                        .formatted(
                                OCI_INDEX,
                                Arrays.stream(children).map(Content::descriptor).collect(Collectors.joining(",")),
                                more));
    }

    /** An artifact with the empty configuration and layer, both pushed, about {@code subject}. */
    static Content referrer(BerthUnderTest berth, String repository, String subject, String artifactType, String more) {
        byte[] empty = "{}".getBytes(StandardCharsets.UTF_8);
        berth.pushBlob(repository, empty);
        String descriptor = descriptor("application/vnd.oci.empty.v1+json", sha256(empty), empty.length);
        String type = artifactType == null ? "" : ",\"artifactType\":\"" + artifactType + "\"";
        return image(descriptor, List.of(descriptor), type + ",\"subject\":" + subject + more);
    }
}
