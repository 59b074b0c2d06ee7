package io.berth.oci;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a manifest says of other content. The stored bytes stay the pushed bytes; this is the registry's reading of them.
 *
 * <p>Made by {@link ManifestParser}.
 */
public sealed interface Manifest {

    /** The media type under which it was pushed and is served. */
    String mediaType();

    /** Configuration and layers, in the order of the document. */
    List<Descriptor> blobs();

    /** Child manifests, in the order of the document. */
    List<Descriptor> manifests();

    /** The manifest that this one is about. It need not exist. */
    Optional<Descriptor> subject();

    /**
     * The type that the referrers API shows and filters by: the document's {@code artifactType}, for an image manifest
     * without one its configuration's media type.
     */
    Optional<String> artifactType();

    /** Annotations of the document itself; empty when there are none. */
    Map<String, String> annotations();

    /** An image or artifact of one configuration and some layers, in OCI's or Docker's (schema 2) format. */
    record Image(
            String mediaType,
            Descriptor config,
            List<Descriptor> layers,
            Optional<Descriptor> subject,
            Optional<String> artifactType,
            Map<String, String> annotations)
            implements Manifest {
        public Image {
            requireNonNull(mediaType, "mediaType is null");
            requireNonNull(config, "config is null");
            layers = List.copyOf(layers);
            annotations = Map.copyOf(annotations);
        }

        @Override
        public List<Descriptor> blobs() {
            var all = new java.util.ArrayList<Descriptor>(layers.size() + 1);
            all.add(config);
            all.addAll(layers);
            return all;
        }

        @Override
        public List<Descriptor> manifests() {
            return List.of();
        }
    }

    /** A list of manifests: an OCI index or a Docker manifest list. */
    record Index(
            String mediaType,
            List<Descriptor> manifests,
            Optional<Descriptor> subject,
            Optional<String> artifactType,
            Map<String, String> annotations)
            implements Manifest {
        public Index {
            requireNonNull(mediaType, "mediaType is null");
            manifests = List.copyOf(manifests);
            annotations = Map.copyOf(annotations);
        }

        @Override
        public List<Descriptor> blobs() {
            return List.of();
        }
    }
}
