/**
 * The values of the OCI specifications: digests, names, tags, media types, manifests, and the catalogue of errors.
 *
 * <p>Everything here is pure: immutable, without input or output, and valid by construction. A string from outside
 * becomes a value of this package once, at the edge, by a {@code parse} method that throws {@link
 * io.berth.oci.OciException} with the error the specification names. This package uses nothing else of Berth.
 */
package io.berth.oci;
