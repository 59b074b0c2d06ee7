package io.berth.access;

import io.berth.db.Tx;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import java.util.Set;

/**
 * The port through which rights that are limited to tags reach what has no name of its own. Implemented where manifests
 * are; may block.
 */
public interface TagsOfDigest {

    /**
     * The tags through which a manifest or blob is part of something: those that name it, an index above it, or what it is
     * about (its subject), now or within the last hour.
     */
    Set<String> reaching(RepositoryName repository, Digest digest);

    /** The tags that name a manifest itself, now. */
    Set<String> naming(RepositoryName repository, Digest digest);

    /** The same as {@code tx} sees it, which alone is read. */
    default TagsOfDigest in(Tx tx) {
        return this;
    }
}
