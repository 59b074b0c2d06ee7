package io.berth.oci;

/** What names a manifest within a repository: a tag or a digest. */
public sealed interface Reference permits Tag, Digest {

    /**
     * @throws OciException {@code DIGEST_INVALID} when {@code text} has a colon and is no digest; {@code MANIFEST_INVALID}
     *     when it is neither tag nor digest
     */
    static Reference parse(String text) {
        return text.indexOf(':') >= 0 ? Digest.parse(text) : Tag.parse(text);
    }
}
