package io.berth.oci;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * A reference from a manifest to other content.
 *
 * @param mediaType the type of the content
 * @param digest its digest
 * @param size its length in bytes, not negative
 * @param urls where else it may be had; empty when the member is absent
 * @see <a href="https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md">image-spec, Descriptors</a>
 */
public record Descriptor(String mediaType, Digest digest, long size, List<String> urls) {
    public Descriptor {
        requireNonNull(mediaType, "mediaType is null");
        requireNonNull(digest, "digest is null");
        urls = List.copyOf(urls);
    }
}
