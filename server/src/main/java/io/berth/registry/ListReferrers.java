package io.berth.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.MediaType;
import io.berth.oci.RepositoryName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Lists the manifests that are about another: those whose {@code subject} it is, and those that a client without this API
 * has listed under the referrers tag. Thread-safe.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers">
 *     distribution-spec, Listing Referrers</a>
 */
final class ListReferrers {
    private static final int MAX_COUNT = 1000;
    private static final int MAX_BYTES = 1 << 20;

    private final Database database;

    ListReferrers(Database database) {
        this.database = database;
    }

    /**
     * A page.
     *
     * @param index an image index
     * @param last where the next page begins, or nothing when this is the last
     */
    record Page(byte[] index, Optional<String> last) {}

    /**
     * @param artifactType only those of this type; empty for all
     * @param after the digest after which the page begins; empty for the start
     * @param limit at most so many; 0 for as many as fit
     */
    Page list(RepositoryName repository, Digest subject, String artifactType, String after, int limit) {
        int count = limit > 0 ? Math.min(limit, MAX_COUNT) : MAX_COUNT;
        ObjectNode index = Json.MAPPER.createObjectNode();
        index.put("schemaVersion", 2);
        index.put("mediaType", MediaType.OCI_INDEX);
        ArrayNode manifests = index.putArray("manifests");
        List<ManifestDao.Referrer> found = database.read(tx -> tx.dao(ManifestDao.class)
                .referrers(repository.value(), subject.toString(), artifactType, after, count + 1));
        var seen = new HashSet<String>();
        int bytes = 0;
        for (ManifestDao.Referrer referrer : found) {
            // Annotations may be megabytes, so bytes bound a page as well as its count.
            bytes += 300
                    + (referrer.annotations() == null
                            ? 0
                            : referrer.annotations().length());
            if (seen.size() == count || bytes > MAX_BYTES && !seen.isEmpty()) {
                return new Page(
                        bytes(index),
                        Optional.of(manifests
                                .get(manifests.size() - 1)
                                .get("digest")
                                .textValue()));
            }
            manifests.add(descriptor(referrer));
            seen.add(referrer.digest());
        }
        if (after.isEmpty() && limit == 0) {
            addTagged(repository, subject, artifactType, manifests, seen);
        }
        return new Page(bytes(index), Optional.empty());
    }

    private static ObjectNode descriptor(ManifestDao.Referrer referrer) {
        ObjectNode descriptor = Json.MAPPER.createObjectNode();
        descriptor.put("mediaType", referrer.mediaType());
        descriptor.put("digest", referrer.digest());
        descriptor.put("size", referrer.size());
        if (referrer.artifactType() != null) {
            descriptor.put("artifactType", referrer.artifactType());
        }
        if (referrer.annotations() != null) {
            try {
                descriptor.set("annotations", Json.MAPPER.readTree(referrer.annotations()));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        return descriptor;
    }

    // Only what exists is shown, and only what the database does not know to be a referrer anyway.
    private void addTagged(
            RepositoryName repository, Digest subject, String artifactType, ArrayNode manifests, Set<String> seen) {
        Optional<ManifestDao.StoredManifest> tagged = database.read(tx -> tx.dao(ManifestDao.class)
                .findByTag(repository.value(), subject.referrersTag().name()));
        if (tagged.isEmpty() || !tagged.get().mediaType().equals(MediaType.OCI_INDEX)) {
            return;
        }
        try {
            for (JsonNode node : Json.MAPPER.readTree(tagged.get().content()).path("manifests")) {
                String digest = node.path("digest").asText();
                boolean wanted = artifactType.isEmpty()
                        || artifactType.equals(node.path("artifactType").asText());
                if (wanted && node.isObject() && exists(repository, digest) && seen.add(digest)) {
                    manifests.add(node);
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private boolean exists(RepositoryName repository, String digest) {
        return database.read(tx -> tx.dao(RepositoryDao.class)
                .find(repository.value())
                .flatMap(found -> tx.dao(ManifestDao.class).find(found.id(), digest))
                .isPresent());
    }

    private static byte[] bytes(ObjectNode index) {
        return Json.write(index).getBytes(StandardCharsets.UTF_8);
    }
}
