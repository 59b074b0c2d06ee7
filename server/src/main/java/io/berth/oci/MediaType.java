package io.berth.oci;

import java.util.Locale;

/** The media types that the registry itself has to tell apart. */
public final class MediaType {
    public static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    public static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    public static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    public static final String DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    public static final String DOCKER_MANIFEST_V1 = "application/vnd.docker.distribution.manifest.v1+json";
    public static final String DOCKER_MANIFEST_V1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    private MediaType() {}

    /** The type without its parameters, in lower case: {@code Application/JSON; charset=utf-8} gives {@code application/json}. */
    public static String withoutParameters(String contentType) {
        int semicolon = contentType.indexOf(';');
        String type = semicolon < 0 ? contentType : contentType.substring(0, semicolon);
        return type.strip().toLowerCase(Locale.ROOT);
    }

    /**
     * Whether a layer of this type may be absent: it is not to be pushed to a registry other than its origin.
     *
     * @see <a href="https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers">
     *     image-spec, Non-Distributable Layers</a>
     */
    public static boolean isNonDistributable(String layerType) {
        return layerType.startsWith("application/vnd.docker.image.rootfs.foreign.diff.")
                || layerType.startsWith("application/vnd.oci.image.layer.nondistributable.");
    }
}
